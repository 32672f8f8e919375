"""LDA: topics found in documents that were made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.lda.serving import open_model
from studiolo.ml.algorithms.lda.training import train
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(17)
TOPICS = np.kron(np.eye(3), np.full(4, 0.25))
MIXTURES = RANDOM.dirichlet(np.full(3, 0.3), 200)
DOCUMENTS = np.array([RANDOM.multinomial(80, mixture @ TOPICS) for mixture in MIXTURES]).astype("float32")


def test_topics_and_their_shares_of_documents_are_found(tmp_path: Path) -> None:
    job = TrainingContainer(tmp_path)
    settings = {"num_topics": "3", "feature_dim": "12", "mini_batch_size": "300", "max_restarts": "2"}
    job.configure(settings, {"train": {}, "test": {}})
    job.put("train", as_recordio(sparse.csr_matrix(DOCUMENTS), None))
    job.put("test", as_recordio(DOCUMENTS, None))
    assert job.run(train=train) == 0, job.failure
    arrays, _ = artifact.load(tmp_path / "model", "lda")
    order = [int(arrays["beta"][:, 4 * topic].argmax()) for topic in range(3)]
    assert arrays["beta"][order] == pytest.approx(TOPICS, abs=0.05)
    body = "\n".join(",".join(map(str, row)) for row in DOCUMENTS[:30].tolist()).encode()
    _, _, answer = open_model(tmp_path / "model")(b"text/csv", b"", body)
    found = np.array([one["topic_mixture"] for one in json.loads(answer)["predictions"]])[:, order]
    assert np.abs(found - MIXTURES[:30]).mean() < 0.05
    pwll = float(next(line for line in job.log.lines if "test pwll" in line).rpartition("=")[2])
    assert np.log(1 / 12) < pwll < np.log(1 / 4)


def test_documents_are_counts(tmp_path: Path) -> None:
    job = TrainingContainer(tmp_path)
    job.configure({"num_topics": "2", "feature_dim": "12"}, {"train": {}})
    job.put("train", as_recordio(-DOCUMENTS, None))
    assert job.run(train=train) == 1
    assert "negative values; documents are counts of words" in job.failure
