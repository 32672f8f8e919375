"""k-NN: its indexes, reductions of dimensions, and answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsRegressor

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

KNN = BUILT_IN["knn"]
CLASSIFIER = {"k": "3", "sample_size": "10000", "predictor_type": "classifier"}
DIGITS, OF_DIGIT = load_digits(return_X_y=True)


def test_a_verbose_answer_has_the_neighbors_from_the_nearest_on(tmp_path: Path) -> None:
    job = TrainingContainer(tmp_path)
    job.configure({**CLASSIFIER, "feature_dim": "1"}, {"train": {}})
    job.put("train", as_recordio(np.array([[1.0], [2], [4], [8]]), np.array([7.0, 5, 5, 9])))
    job.run_apart(KNN)
    short, verbose, lines = job.ask_apart(
        KNN,
        ("text/csv", "", b"1\n"),
        ("text/csv", "application/json; verbose=true", b"1\n"),
        ("application/json", "application/jsonlines;verbose=true", b'{"instances": [{"features": [8]}]}'),
    )
    assert json.loads(short[2]) == {"predictions": [{"predicted_label": 5}]}
    assert json.loads(verbose[2])["predictions"] == [
        {"predicted_label": 5, "distances": [0, 1, 9], "labels": [7, 5, 5]}
    ]
    assert json.loads(lines[2])["labels"] == [9, 5, 5]


@pytest.mark.parametrize(
    ("given", "least"),
    [
        ({"index_type": "faiss.IVFFlat"}, 0.95),
        ({"index_type": "faiss.IVFPQ", "faiss_index_pq_m": "16", "index_metric": "COSINE"}, 0.9),
        ({"dimension_reduction_type": "fjlt", "dimension_reduction_target": "32"}, 0.93),
        ({"dimension_reduction_type": "sign", "dimension_reduction_target": "32"}, 0.93),
    ],
)
def test_faster_indexes_and_fewer_dimensions_cost_little(tmp_path: Path, given: dict[str, str], least: float) -> None:
    job = TrainingContainer(tmp_path)
    job.configure({**CLASSIFIER, "feature_dim": "64", **given}, {"train": {}, "test": {}})
    job.put("train", as_recordio(DIGITS[:1200], OF_DIGIT[:1200].astype(float)))
    job.put("test", as_recordio(DIGITS[1200:], OF_DIGIT[1200:].astype(float)))
    printed = job.run_apart(KNN)
    assert float(printed.partition("test accuracy <score>=")[2].split()[0]) > least


def test_a_regressor_answers_the_mean_of_its_neighbors(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(200, 4)).astype("float32")
    values = rows.sum(axis=1)
    job = TrainingContainer(tmp_path)
    job.configure({**CLASSIFIER, "k": "5", "predictor_type": "regressor", "feature_dim": "4"}, {"train": {}})
    job.put("train", as_recordio(rows, values))
    job.run_apart(KNN)
    [(_, _, body)] = job.ask_apart(KNN, ("text/csv", "text/csv", b"0,0,0,0\n1,1,1,1"))
    expected = KNeighborsRegressor(5).fit(rows, values).predict([[0, 0, 0, 0], [1, 1, 1, 1]])
    assert [float(line) for line in body.splitlines()] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"dimension_reduction_type": "sign"}, "'dimension_reduction_target' has the value ''"),
        ({"dimension_reduction_type": "sign", "dimension_reduction_target": "64"}, "less than 'feature_dim', 64"),
        ({"index_type": "faiss.IVFPQ"}, "'faiss_index_pq_m' has the value ''"),
        ({"index_type": "faiss.IVFPQ", "faiss_index_pq_m": "7"}, "that divides the 64 dimensions"),
        ({"index_metric": "L1"}, "one of 'COSINE', 'INNER_PRODUCT', 'L2'"),
    ],
)
def test_hyperparameters_that_do_not_go_together_are_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        KNN.validate_hyperparameters({**CLASSIFIER, "feature_dim": "64", **given})
