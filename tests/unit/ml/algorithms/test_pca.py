"""PCA: its components against scikit-learn's, and what it answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA, TruncatedSVD

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN
from studiolo.ml.algorithms.pca.serving import open_model
from studiolo.ml.algorithms.pca.training import train
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

    from studiolo.ml.algorithms.tabular import Tabular

ROWS = (np.random.default_rng(5).normal(size=(400, 6)) * [9, 1, 5, 3, 0.1, 7] + 20).astype("float32")


def model(base: Path, rows: Any = ROWS, **hyperparameters: str) -> Tabular:
    container = TrainingContainer(base)
    container.configure({"feature_dim": "6", "num_components": "3", **hyperparameters}, {"train": {}})
    container.put("train", as_recordio(rows, None))
    assert container.run(train=train) == 0, container.failure
    return open_model(base / "model")


def projections(model: Tabular) -> np.ndarray[Any, Any]:
    body = "\n".join(",".join(map(str, row)) for row in ROWS[:20].tolist()).encode()
    _, _, answer = model(b"text/csv", b"application/json", body)
    return np.array([one["projection"] for one in json.loads(answer)["projections"]])


@pytest.mark.parametrize("mode", ["regular", "randomized"])
def test_projections_are_scikit_learn_s_with_the_largest_component_last(tmp_path: Path, mode: str) -> None:
    expected = PCA(3).fit(ROWS.astype(float)).transform(ROWS[:20])[:, ::-1]
    assert np.abs(projections(model(tmp_path, algorithm_mode=mode))) == pytest.approx(np.abs(expected), abs=1e-3)


def test_sparse_rows_have_the_same_components(tmp_path: Path) -> None:
    dense = projections(model(tmp_path / "dense"))
    assert projections(model(tmp_path / "sparse", sparse.csr_matrix(ROWS))) == pytest.approx(dense, abs=1e-6)


def test_without_the_mean_subtracted_it_is_a_plain_decomposition(tmp_path: Path) -> None:
    expected = TruncatedSVD(3, algorithm="arpack").fit(ROWS.astype(float)).transform(ROWS[:20])[:, ::-1]
    assert np.abs(projections(model(tmp_path, subtract_mean="false"))) == pytest.approx(np.abs(expected), abs=1e-4)


def test_more_components_than_features_are_refused() -> None:
    with pytest.raises(Invalid, match="'num_components' has the value '7'; allowed is at most 'feature_dim', 6"):
        BUILT_IN["pca"].validate_hyperparameters({"feature_dim": "6", "num_components": "7", "mini_batch_size": "1"})
