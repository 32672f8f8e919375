"""LightGBM and CatBoost: what they learn, and the layouts of their data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from studiolo.domain import Invalid
from studiolo.ml.algorithms import algorithm_for_image
from studiolo.ml.algorithms.boosted.data import features, read
from studiolo.ml.algorithms.container import Container
from tests.unit.ml.algorithms.training_container import TrainingContainer

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(13)
NUMBERS = RANDOM.normal(size=600).round(4)
COLORS = RANDOM.choice(["red", "green", "blue"], 600)
OF_COLOR = {"red": 0, "green": 1, "blue": 2}


def table(labels: list[float]) -> bytes:
    rows = zip(labels, NUMBERS, COLORS, strict=True)
    return "\n".join(f"{label},{number},{color}" for label, number, color in rows).encode()


def job(base: Path, labels: list[float], **hyperparameters: str) -> TrainingContainer:
    container = TrainingContainer(base)
    container.configure(hyperparameters, {"training": {"ContentType": "text/csv"}})
    container.put("training", table(labels), "train/data.csv")
    container.put("training", table(labels), "validation/data.csv")
    container.put("training", b'{"cat_index_list": [1]}', "categorical_index.json")
    return container


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("image", "metric"),
    [("studiolo/lightgbm-{}-model:4", "multi_logloss"), ("studiolo/catboost-{}-model", "MultiClass")],
)
def test_classes_of_numbers_and_words_are_learned(tmp_path: Path, image: str, metric: str) -> None:
    algorithm = algorithm_for_image(image.format("classification"))
    assert algorithm is not None
    container = job(tmp_path, [OF_COLOR[color] for color in COLORS], learning_rate="0.3")
    printed = container.run_apart(algorithm)
    assert f"{metric}: " in printed
    plain, verbose, wrong = container.ask_apart(
        algorithm,
        ("text/csv", "", b"0.1,red\n0.1,blue\n"),
        ("text/csv", "application/json;verbose", b"0.1,green"),
        ("text/csv", "", b"0.1,red,7"),
    )
    likeliest = [np.argmax(row) for row in json.loads(plain[2])["probabilities"]]
    assert likeliest == [0, 2]
    assert json.loads(verbose[2])["predicted_label"] == [1]
    assert (wrong[0], b"3 features; the model has 2" in wrong[2]) == (400, True)


@pytest.mark.heavy
@pytest.mark.parametrize("image", ["studiolo/lightgbm-regression-model", "studiolo/catboost-regression-model"])
def test_values_are_learned(tmp_path: Path, image: str) -> None:
    algorithm = algorithm_for_image(image)
    assert algorithm is not None
    container = job(tmp_path, [10.0 * OF_COLOR[color] for color in COLORS], learning_rate="0.3")
    container.run_apart(algorithm)
    [(_, _, body)] = container.ask_apart(algorithm, ("text/csv", "", b"0.1,red\n0.1,blue\n"))
    assert json.loads(body)["prediction"] == pytest.approx([0, 20], abs=0.5)


def test_without_validation_data_a_fifth_of_the_rows_validates(tmp_path: Path) -> None:
    container = TrainingContainer(tmp_path)
    container.configure({}, {"train": {"ContentType": "text/csv"}})
    container.put("train", b"\n".join(b"%d,%d" % (row, row) for row in range(100)), "data.csv")
    data = read(Container(tmp_path).channels("text/csv"))
    assert (len(data.train), len(data.validation)) == (80, 20)
    assert sorted([*data.train_labels, *data.validation_labels]) == list(range(100))


def test_words_in_a_feature_that_is_not_named_as_categorical_are_refused() -> None:
    with pytest.raises(Invalid, match="Feature 1 is not all numbers, and is not named as categorical"):
        features(b"1,red\n2,blue\n", ())
    assert features(b"1,red\n2,blue\n", (1,)).shape == (2, 2)
