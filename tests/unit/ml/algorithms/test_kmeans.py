"""k-means: the clusters it finds, and what it answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import KMeans

from studiolo.ml.algorithms.kmeans.serving import open_model
from studiolo.ml.algorithms.kmeans.training import ENOUGH_CENTERS, train
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_csv, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(3)
ROWS = np.concatenate([RANDOM.normal(corner, 1, (100, 2)) for corner in ((0, 0), (8, 0), (0, 8))]).astype("float32")
TYPE = {"train": {"ContentType": "application/x-recordio-protobuf", "TrainingInputMode": "File"}}


def trained(base: Path, rows: Any, **hyperparameters: Any) -> TrainingContainer:
    container = TrainingContainer(base)
    given = {"k": 3, "feature_dim": rows.shape[1], "eval_metrics": '["msd", "ssd"]', **hyperparameters}
    container.configure({name: str(value) for name, value in given.items()}, TYPE)
    container.put("train", as_recordio(rows, None))
    assert container.run(train=train) == 0, container.failure
    return container


def ssd(container: TrainingContainer) -> float:
    return float(next(line for line in container.log.lines if ", train ssd" in line).rpartition("=")[2])


@pytest.mark.parametrize("rows", [ROWS, sparse.csr_matrix(ROWS)])
def test_on_few_rows_the_clusters_are_those_of_scikit_learn(tmp_path: Path, rows: Any) -> None:
    best = KMeans(3, n_init=10, random_state=0).fit(ROWS)
    assert ssd(trained(tmp_path, rows)) == pytest.approx(best.inertia_, rel=1e-4)


@pytest.mark.parametrize("method", ["random", "kmeans++"])
def test_many_rows_are_first_reduced_to_more_centers_than_are_asked_for(tmp_path: Path, method: str) -> None:
    rows = np.tile(ROWS, (ENOUGH_CENTERS // 100, 1))
    best = KMeans(3, n_init=10, random_state=0).fit(ROWS).inertia_ * (ENOUGH_CENTERS // 100)
    found = ssd(trained(tmp_path, rows, extra_center_factor=20, init_method=method, epochs=3, mini_batch_size=500))
    assert best * (1 - 1e-6) <= found < best * 1.05


def test_answers_have_the_forms_that_aws_documents(tmp_path: Path) -> None:
    model = open_model(trained(tmp_path, ROWS).base / "model")
    _, _, body = model(b"text/csv", b"", b"0,0\n8,0\n")
    answers = json.loads(body)["predictions"]
    assert [sorted(answer) for answer in answers] == [["closest_cluster", "distance_to_cluster"]] * 2
    assert answers[0]["closest_cluster"] != answers[1]["closest_cluster"]
    _, kind, body = model(b"text/csv", b"text/csv", b"0,0")
    cluster, distance = body.decode().split(",")
    assert kind == b"text/csv"
    assert cluster in ("0.0", "1.0", "2.0")
    assert float(distance) < 1


def test_more_clusters_than_rows_fail_with_a_reason(tmp_path: Path) -> None:
    container = TrainingContainer(tmp_path)
    container.configure({"k": "5", "feature_dim": "2"}, {"train": {"ContentType": "text/csv;label_size=0"}})
    container.put("train", b"1,2\n3,4\n")
    assert container.run(train=train) == 1
    assert "The train channel has 2 rows, fewer than the 5 clusters" in container.failure


def test_csv_has_a_label_unless_the_content_type_says_that_it_has_none(tmp_path: Path) -> None:
    container = TrainingContainer(tmp_path)
    container.configure({"k": "3", "feature_dim": "2"}, {"train": {"ContentType": "text/csv"}})
    container.put("train", as_csv(ROWS, np.arange(300)))
    assert container.run(train=train) == 0
