"""The images of compiled models, and the environments that they are compiled and served in."""

import pytest

from studiolo.domain import Invalid
from studiolo.ml.compilation.images import compiled_image, environment_of, inference_image

PYTHONS = ("3.10", "3.11", "3.12")


def test_aws_s_images_for_compiled_models_are_served_by_onnx_runtime_alone() -> None:
    # As image_uris.retrieve of the SDK has them for xgboost-neo and neo-pytorch.
    registry = "802834080501.dkr.ecr.eu-west-1.amazonaws.com"
    asked = {
        "xgboost": f"{registry}/xgboost-neo:latest",
        "pytorch": f"{registry}/sagemaker-inference-pytorch:2.0-cpu-py3",
    }
    images = {name: compiled_image(uri, False) for name, uri in asked.items()}
    assert {image.environment for image in images.values() if image} == {
        image.environment for image in [compiled_image("studiolo/onnxruntime:latest", False)] if image
    }
    assert inference_image("XGBOOST", "", "eu-west-1") == asked["xgboost"]
    assert inference_image("PYTORCH", "2.0", "eu-west-1") == asked["pytorch"]


def test_functions_about_a_model_of_pytorch_have_pytorch() -> None:
    image = compiled_image("785573368785.dkr.ecr.us-east-1.amazonaws.com/sagemaker-inference-pytorch:2.0-cpu-py3", True)
    assert image is not None
    assert image.environment == environment_of("PYTORCH", "2.0")
    assert "torch==2.0.*" in image.environment.requirements


def test_other_images_are_not_of_compiled_models() -> None:
    registry = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
    assert compiled_image(f"{registry}/sagemaker-xgboost:1.7-1", False) is None
    assert (
        compiled_image("785573368785.dkr.ecr.us-east-1.amazonaws.com/sagemaker-neo-pytorch:1.9-inf-py3", False) is None
    )


def test_a_model_is_compiled_by_the_version_that_it_was_made_with() -> None:
    assert "scikit-learn==1.4.*" in environment_of("SKLEARN", "1.4", lambda: PYTHONS).requirements
    assert "xgboost-cpu==3.0.*" in environment_of("XGBOOST", "", lambda: PYTHONS).requirements


@pytest.mark.parametrize(
    ("framework", "version", "words"),
    [("SKLEARN", "1.x", "is not a version of scikit-learn"), ("SKLEARN", "0.23", "the nearest one is 1.0")],
)
def test_a_version_that_cannot_be_had_is_refused(framework: str, version: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        environment_of(framework, version, lambda: PYTHONS)
