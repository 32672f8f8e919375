"""A training job of Random Cut Forest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import CSV, RECORDIO, LabeledData, read_channel, read_features
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.random_cut_forest.hyperparameters import TABLE
from studiolo.ml.algorithms.random_cut_forest.model import Model, build, save
from studiolo.ml.algorithms.scores import accuracy, precision_recall_f1

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest

DEVIATIONS = 3
"""A row of the test channel counts as anomalous where its score is this many standard deviations above the mean."""


def train(container: Container, log: logging.Logger, _stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    channels = channels_of(container, RECORDIO, "train", "test")
    if channels["train"].content_type == CSV and channels["train"].parameters.get("label_size") != "0":
        raise Invalid("The content type of the train channel must be 'text/csv;label_size=0': it has no labels.")
    rows = _dense(read_features(channels["train"]))
    check_width(rows.shape[1], "train", chosen["feature_dim"])
    test = read_channel(channels["test"]) if "test" in channels else None
    if test is not None:
        check_width(test.features.shape[1], "test", chosen["feature_dim"])
    model = build(rows, chosen["num_trees"], chosen["num_samples_per_tree"])
    report.progress(100)
    save(model, container.model)
    if test is not None:
        _measure(model, test, chosen["eval_metrics"], report)
    report.throughput(len(rows), time.monotonic() - started)


def _measure(model: Model, test: LabeledData, wanted: tuple[str, ...], report: Report) -> None:
    scores = model.predict(_dense(test.features))["score"]
    said = scores > scores.mean() + DEVIATIONS * scores.std()
    values: dict[str, float] = {}
    if "accuracy" in wanted:
        values["accuracy"] = accuracy(said, test.labels > 0)
    if "precision_recall_fscore" in wanted:
        precision, recall, f1 = precision_recall_f1(said, test.labels)
        values |= {"precision": precision, "recall": recall, "f1": f1}
    report.score("test", values, loss=False)


def _dense(features: Any) -> Any:
    return features if isinstance(features, np.ndarray) else features.toarray()
