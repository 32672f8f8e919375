"""What image URIs mean here."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from studiolo.containers.image import Function
from studiolo.containers.images import Images
from studiolo.containers.images.named import named
from studiolo.domain import Invalid

PYTHONS = ("3.10", "3.11", "3.12")


def images(folder: Path, pythons: tuple[str, ...] = PYTHONS, engine: str | None = None) -> Images:
    return Images(
        lambda uri: None,
        ["linear-learner"],
        lambda uri: None,
        lambda uri, scripted: None,
        folder / "images.json",
        {},
        lambda: pythons,
        engine,
    )


def of(text: str, folder: Path, pythons: tuple[str, ...] = PYTHONS) -> tuple[str, str, str]:
    """The first requirement, the Python and the notes of an image."""
    image = images(folder, pythons).resolve(text, "train")
    assert image.environment is not None
    return image.environment.requirements[0], image.environment.python, " ".join(image.notes)


def test_every_image_that_the_sdk_knows_of_a_framework_is_an_environment(tmp_path: Path) -> None:
    known = images(tmp_path)
    table = json.loads(files("studiolo.containers.images").joinpath("aws.json").read_text())
    tags = [f"{name}:{tag}-cpu-py3" for name in known.frameworks() for tag in table[name]["tags"]]
    found = [known.resolve(tag, "train") for tag in tags]
    assert len(found) > 150
    assert all(image.environment is not None and image.environment.python in PYTHONS for image in found)


def test_an_engine_that_is_allowed_and_does_not_answer_is_told_of_and_has_none_of_aws_s_images(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect to the daemon' >&2\nexit 1\n")
    program.chmod(0o755)
    known = images(tmp_path, engine=str(program))
    with pytest.raises(Invalid, match="'team/churn:2' would be run by .*docker, which says: Cannot connect"):
        known.resolve("team/churn:2", "train")
    with pytest.raises(Invalid, match="is not one that Studiolo can run"):
        known.resolve("mxnet-training:1.9.0-cpu-py38", "train")


def test_the_table_of_images_is_the_sdk_s() -> None:
    root = Path(__file__).parents[3]
    printed = subprocess.run([sys.executable, root / "docs" / "aws_images.py"], capture_output=True, check=True).stdout
    assert printed == (root / "src/studiolo/containers/images/aws.json").read_bytes()


@pytest.mark.parametrize(
    ("uri", "requirement", "python"),
    [
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn==1.2.*", "3.10"),
        ("sagemaker-xgboost:3.0-5", "xgboost-cpu==3.0.*", "3.10"),
        ("pytorch-training:2.6-cpu-py312", "torch==2.6.*", "3.12"),
        ("pytorch-training:2.9.1-cpu-py312-ubuntu22.04-sagemaker", "torch==2.9.*", "3.12"),
        ("huggingface-pytorch-training:2.5.1-transformers4.49.0-gpu-py311-cu124-ubuntu22.04", "torch==2.5.*", "3.11"),
    ],
)
def test_a_tag_says_version_and_python(uri: str, requirement: str, python: str, tmp_path: Path) -> None:
    registry = "763104351884.dkr.ecr.eu-central-1.amazonaws.com"
    assert of(f"{registry}/{uri}", tmp_path)[:2] == (requirement, python)


def test_a_hugging_face_image_says_the_version_of_its_transformers(tmp_path: Path) -> None:
    uri = "huggingface-pytorch-training:2.5.1-transformers4.49.0-gpu-py311-cu124-ubuntu22.04"
    environment = images(tmp_path).resolve(uri, "train").environment
    assert environment is not None
    assert "transformers==4.49.*" in environment.requirements


def test_the_nearest_version_that_installs_stands_in_and_the_log_says_so(tmp_path: Path) -> None:
    requirement, python, notes = of("sagemaker-scikit-learn:0.23-1-cpu-py3", tmp_path)
    assert (requirement, python) == ("scikit-learn==1.0.*", "3.10")
    assert "scikit-learn 0.23 cannot be installed on the Pythons of this machine: 1.0 stands in for it." in notes
    requirement, python, notes = of("sagemaker-scikit-learn:1.2-1-cpu-py3", tmp_path, ("3.12",))
    assert (requirement, python) == ("scikit-learn==1.3.*", "3.12")
    assert "1.3 stands in" in notes


def test_the_nearest_python_stands_in_and_the_log_says_so(tmp_path: Path) -> None:
    requirement, python, notes = of("pytorch-training:2.3.0-cpu-py311", tmp_path, ("3.10", "3.12"))
    assert (requirement, python) == ("torch==2.3.*", "3.12")
    assert "The image's Python is 3.11: 3.12 stands in for it." in notes


@pytest.mark.parametrize(
    ("uri", "python", "found"),
    [
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", "3.11", "3.11"),
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", "3.12", "3.11"),
        ("pytorch-training:2.6-cpu-py312", "3.11", "3.12"),
        ("sagemaker-base-python-310:1.0", "3.10", "3.10"),
        ("sagemaker-distribution-prod:3.2.0-cpu", "3.12", "3.12"),
    ],
)
def test_a_function_runs_on_the_python_that_pickled_it_where_the_image_leaves_that_open(
    uri: str, python: str, found: str, tmp_path: Path
) -> None:
    image = images(tmp_path).resolve(uri, "train", scripted=True, function=Function(python, "3.27.0"))
    assert image.environment is not None
    assert image.environment.python == found


def test_an_image_that_cannot_be_run_is_refused_with_what_can(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"built-in algorithm \(linear-learner\).*sagemaker-scikit-learn.*images\.json"):
        images(tmp_path).resolve("012345678901.dkr.ecr.eu-central-1.amazonaws.com/mine:1", "train")
    with pytest.raises(Invalid, match="other machines"):
        images(tmp_path).resolve("pytorch-inference-graviton:2.3.0-cpu-py311", "serve")
    with pytest.raises(Invalid, match="no tag that begins with a version"):
        images(tmp_path).resolve("pytorch-training:nightly", "train")


def test_the_account_says_nothing() -> None:
    mine = named("999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:1.0-1-cpu-py3")
    assert mine is not None
    assert (mine.family, mine.version) == ("sklearn", "1.0-1")
    assert named("docker.io/library/python:3.11") is None


def tell(folder: Path, content: object) -> None:
    (folder / "images.json").write_text(json.dumps(content))


def test_an_image_of_one_s_own_is_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "churn.txt").write_text("# what it needs\nhumanize==4.9.0\n\n")
    tell(tmp_path, {"churn": {"requirements": "churn.txt", "python": "3.11"}})
    uri = "012345678901.dkr.ecr.eu-central-1.amazonaws.com/churn:7"
    assert of(uri, tmp_path)[:2] == ("humanize==4.9.0", "3.11")


def test_a_folder_s_own_programs_are_run(tmp_path: Path) -> None:
    (tmp_path / "forecast").mkdir()
    (tmp_path / "forecast" / "train").write_text("#!/usr/bin/env python\n")
    tell(tmp_path, {"team/forecast:2": {"folder": "forecast"}})
    image = images(tmp_path).resolve("team/forecast:2", "train")
    assert image.train == ("train",)
    assert image.environment is not None
    assert image.environment.folder == str(tmp_path / "forecast")


def test_a_folder_s_program_serve_is_called_at_the_port_of_containers(tmp_path: Path) -> None:
    (tmp_path / "forecast").mkdir()
    tell(tmp_path, {"forecast": {"folder": "forecast"}})
    assert images(tmp_path).resolve("forecast", "serve").port is None
    (tmp_path / "forecast" / "serve").write_text("#!/usr/bin/env python\n")
    assert images(tmp_path).resolve("forecast", "serve").port == 8080


def test_the_image_that_mlflow_deploys_its_models_with_is_mlflow_of_that_version(tmp_path: Path) -> None:
    uri = "000000000000.dkr.ecr.eu-central-1.amazonaws.com/mlflow-pyfunc:3.17.2"
    image = images(tmp_path).resolve(uri, "serve")
    assert image.environment is not None
    assert image.environment.requirements[0] == "mlflow==3.17.2"
    assert image.serve is not None
    with pytest.raises(Invalid, match="has no command to train"):
        image.command("train")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"churn": {}}, "churn: .*either requirements or folder"),
        ({"churn": {"requirement": "x"}}, "churn"),
        ({"churn": {"requirements": "gone.txt"}}, "gone.txt, which is not there"),
        ({"churn": {"folder": "forecast", "python": "2.7"}}, "Python 2.7"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_place(content: object, words: str, tmp_path: Path) -> None:
    (tmp_path / "forecast").mkdir()
    tell(tmp_path, content)
    with pytest.raises(Invalid, match=rf"images\.json.*{words}"):
        images(tmp_path).resolve("churn", "train")
