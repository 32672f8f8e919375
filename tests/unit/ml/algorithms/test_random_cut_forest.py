"""Random cut forest: anomalies found, and what it answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from studiolo.ml.algorithms import BUILT_IN
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_csv, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

FOREST = BUILT_IN["randomcutforest"]
RANDOM = np.random.default_rng(9)
ROWS = RANDOM.normal(size=(2000, 2))
TEST = np.concatenate([RANDOM.normal(size=(190, 2)), RANDOM.normal(loc=12, size=(10, 2))])
ANOMALOUS = np.repeat([0.0, 1.0], [190, 10])
GIVEN = {"feature_dim": "2", "num_trees": "50", "num_samples_per_tree": "256"}


def test_what_lies_far_from_all_rows_is_found(tmp_path: Path) -> None:
    job = TrainingContainer(tmp_path)
    test = {"ContentType": "text/csv;label_size=1"}
    job.configure(GIVEN, {"train": {}, "test": test})
    job.put("train", as_recordio(ROWS, None))
    job.put("test", as_csv(TEST, ANOMALOUS))
    printed = job.run_apart(FOREST)
    assert float(printed.partition("test f1 <score>=")[2].split()[0]) == 1
    [(_, _, body), (_, kind, lines)] = job.ask_apart(
        FOREST, ("text/csv", "", b"0,0\n12,12"), ("text/csv", "text/csv", b"0,0")
    )
    inside, outside = (one["score"] for one in json.loads(body)["scores"])
    assert outside > 3 * inside
    assert (kind, float(lines)) == ("text/csv", inside)


def test_rows_of_csv_have_no_label_and_the_content_type_must_say_so(tmp_path: Path) -> None:
    job = TrainingContainer(tmp_path)
    job.configure(GIVEN, {"train": {"ContentType": "text/csv"}})
    job.put("train", as_csv(ROWS, np.zeros(2000)))
    printed = job.run_apart(FOREST, succeeds=False)
    assert "ClientError: The content type of the train channel must be 'text/csv;label_size=0'" in printed
    assert job.failure.startswith("ClientError: The content type")
