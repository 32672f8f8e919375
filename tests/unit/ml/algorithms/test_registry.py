"""Which image means which built-in algorithm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN, algorithm_for_image
from studiolo.ml.images import known_images

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", sorted(name for name in BUILT_IN if name != "xgboost" and not name.endswith("-model")))
def test_the_images_of_every_region_of_the_sdk_are_recognized(name: str) -> None:
    from sagemaker import image_uris

    registries = image_uris.config_for_framework(name)["versions"]["1"]["registries"]
    assert len(registries) > 15
    for region, account in registries.items():
        assert algorithm_for_image(f"{account}.dkr.ecr.{region}.amazonaws.com/{name}:1") is BUILT_IN[name]


@pytest.mark.parametrize("tag", ["", ":1", ":latest", "@sha256:" + "0" * 64])
def test_tags_and_digests_do_not_matter(tag: str) -> None:
    image = f"382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner{tag}"
    assert algorithm_for_image(image) is BUILT_IN["linear-learner"]


@pytest.mark.parametrize(
    "image",
    [
        "382416733822.dkr.ecr.us-east-1.amazonaws.com/unheard-of:1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
        "382416733822.dkr.ecr.us-east-1.amazonaws.com/team/linear-learner:1",
        "linear-learner",
        "",
    ],
)
def test_other_images_are_nobodys(image: str) -> None:
    assert algorithm_for_image(image) is None


@pytest.mark.parametrize("name", ["image-classification", "seq2seq", "object-detection"])
def test_an_algorithm_that_cannot_be_run_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    from sagemaker import image_uris

    with pytest.raises(Invalid, match=f"{name} cannot be run: "):
        known_images(tmp_path).resolve(image_uris.retrieve(name, "eu-west-1"), "train")


def test_an_image_of_xgboost_is_the_algorithm_unless_a_script_is_run_in_it(tmp_path: Path) -> None:
    uri = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    built_in, scripted = (known_images(tmp_path).resolve(uri, "train", scripted=how) for how in (False, True))
    assert (built_in.algorithm, scripted.algorithm) == (algorithm_for_image(uri), None)
    assert built_in.environment is not None
    assert "xgboost==1.7.6" in built_in.environment.requirements


def test_an_algorithm_refuses_hyperparameters_before_it_is_run() -> None:
    with pytest.raises(Invalid, match="epochs"):
        BUILT_IN["linear-learner"].validate_hyperparameters({"predictor_type": "regressor", "epochs": "-1"})


def test_metrics_have_the_names_that_aws_documents() -> None:
    names = [metric.name for metric in BUILT_IN["linear-learner"].metrics]
    assert len(names) == len(set(names))
    for channel in ("test", "validation"):
        for metric in (
            "objective_loss",
            "mse",
            "absolute_loss",
            "binary_f_beta",
            "roc_auc_score",
            "dcg",
            "macro_f_beta",
        ):
            assert f"{channel}:{metric}" in names


def test_an_expression_finds_its_own_line_only() -> None:
    metrics = {metric.name: metric.regex for metric in BUILT_IN["linear-learner"].metrics}
    line = "[11/20/2026 10:13:02 INFO 1] #quality_metric: host=algo-1, validation binary_f_1.000 <score>=0.75"
    found = {name: match[1] for name, regex in metrics.items() if (match := re.search(regex, line))}
    assert found == {"validation:binary_f_beta": "0.75"}


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("sagemaker-clarify-processing:1.0", "explainability"),
    ],
)
def test_images_that_cannot_be_run_say_what_can_be_done_instead(image: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=words):
        known_images(tmp_path).resolve(f"131013547314.dkr.ecr.eu-west-1.amazonaws.com/{image}", "process")
