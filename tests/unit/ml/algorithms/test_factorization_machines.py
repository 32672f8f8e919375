"""Factorization machines: what they predict and learn."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse

from studiolo.ml.algorithms.factorization_machines.model import Model, load
from studiolo.ml.algorithms.factorization_machines.serving import open_model
from studiolo.ml.algorithms.factorization_machines.training import train
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(7)
PAIRS = (
    np.eye(8, dtype="float32")[RANDOM.integers(0, 4, 1500)] + np.eye(8, dtype="float32")[RANDOM.integers(4, 8, 1500)]
)
TABLE = RANDOM.normal(size=(4, 4))
VALUES = TABLE[PAIRS[:, :4].argmax(axis=1), PAIRS[:, 4:].argmax(axis=1)].astype("float32")
SETTINGS = {
    "feature_dim": "8", "num_factors": "4", "epochs": "40", "mini_batch_size": "50", "factors_lr": "0.02",
    "linear_lr": "0.02", "factors_init_sigma": "0.1", "factors_wd": "0", "linear_wd": "0",
}  # fmt: skip


def trained(base: Path, rows: Any, labels: Any, **hyperparameters: str) -> TrainingContainer:
    container = TrainingContainer(base)
    container.configure({**SETTINGS, **hyperparameters}, {"train": {}, "test": {}})
    for channel in ("train", "test"):
        container.put(channel, as_recordio(rows, labels))
    assert container.run(train=train) == 0, container.failure
    return container


def measured(container: TrainingContainer, name: str) -> float:
    return float(
        next(line for line in container.log.lines if f"#test_score (algo-1) : ('{name}'" in line).split()[-1][:-1]
    )


def test_a_prediction_is_the_sum_over_all_pairs() -> None:
    model = Model("regressor", np.array([0.5]), RANDOM.normal(size=5), RANDOM.normal(size=(5, 3)))
    row = RANDOM.normal(size=5)
    pairs = sum(model.factors[i] @ model.factors[j] * row[i] * row[j] for i, j in combinations(range(5), 2))
    expected = 0.5 + model.weights @ row + pairs
    assert model.predict(row[None])["score"] == pytest.approx([expected])
    assert model.predict(sparse.csr_matrix(row[None]))["score"] == pytest.approx([expected])


@pytest.mark.parametrize("rows", [PAIRS, sparse.csr_matrix(PAIRS)])
def test_a_regressor_learns_what_each_pair_of_features_is_worth(tmp_path: Path, rows: Any) -> None:
    assert measured(trained(tmp_path, rows, VALUES, predictor_type="regressor"), "rmse") < 0.05


def test_a_classifier_learns_which_pairs_go_together(tmp_path: Path) -> None:
    labels = (VALUES > 0).astype("float32")
    container = trained(tmp_path, PAIRS, labels, predictor_type="binary_classifier")
    assert measured(container, "binary_classification_accuracy") == 1
    assert measured(container, "binary_classification_cross_entropy") < 0.1
    _, _, body = open_model(tmp_path / "model")(
        b"application/json", b"", json.dumps({"instances": [{"features": PAIRS[0].tolist()}]}).encode()
    )
    [answer] = json.loads(body)["predictions"]
    assert answer["predicted_label"] == labels[0]
    assert 0 <= answer["score"] <= 1


def test_features_that_no_row_has_stay_as_they_began(tmp_path: Path) -> None:
    rows = sparse.csr_matrix(np.hstack([PAIRS, np.zeros((1500, 1), "float32")]))
    settings = {"feature_dim": "9", "linear_init_method": "constant", "linear_init_value": "0.25", "epochs": "1"}
    trained(tmp_path, rows, VALUES, predictor_type="regressor", **settings)
    weights = load(tmp_path / "model").weights
    assert weights[8] == 0.25
    assert (weights[:8] != 0.25).all()


def test_labels_of_a_classifier_are_0_and_1(tmp_path: Path) -> None:
    container = TrainingContainer(tmp_path)
    container.configure({**SETTINGS, "predictor_type": "binary_classifier"}, {"train": {}})
    container.put("train", as_recordio(PAIRS, VALUES))
    assert container.run(train=train) == 1
    assert "neither 0 nor 1" in container.failure
