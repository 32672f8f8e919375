"""A training job of k-NN: sampling, reducing dimensions, indexing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import RECORDIO, LabeledData, read_channel
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.knn.hyperparameters import TABLE, settings
from studiolo.ml.algorithms.knn.model import Model, build, save
from studiolo.ml.algorithms.scores import accuracy, macro_f1

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest

_ROWS_AT_ONCE = 10_000


def train(container: Container, log: logging.Logger, _stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    configuration(container, TABLE, log)
    chosen = settings(container.hyperparameters)
    report = Report(container, log)
    data: dict[str, LabeledData] = {}
    for name, channel in channels_of(container, RECORDIO, "train", "test").items():
        data[name] = read_channel(channel)
        check_width(data[name].features.shape[1], name, chosen["feature_dim"])
    model = build(*_sample(data["train"], chosen), chosen)
    report.progress(100)
    save(model, container.model)
    if "test" in data:
        _measure(model, data["test"], report)
    report.throughput(len(data["train"].labels), time.monotonic() - started)


def _sample(data: LabeledData, chosen: dict[str, Any]) -> tuple[Any, Any]:
    labels = data.labels
    if chosen["predictor_type"] == "classifier" and (labels != np.floor(labels)).any():
        wrong = labels[labels != np.floor(labels)][0]
        raise Invalid(f"The train channel has the label {wrong:g}; the labels of a classifier are whole numbers.")
    rows = data.features
    if len(labels) > chosen["sample_size"]:
        sample = np.sort(np.random.default_rng(0).choice(len(labels), chosen["sample_size"], replace=False))
        rows, labels = rows[sample], labels[sample]
    return rows if isinstance(rows, np.ndarray) else rows.toarray(), labels


def _measure(model: Model, data: LabeledData, report: Report) -> None:
    found = []
    for begin in range(0, len(data.labels), _ROWS_AT_ONCE):
        rows = data.features[begin : begin + _ROWS_AT_ONCE]
        rows = rows if isinstance(rows, np.ndarray) else rows.toarray()
        found.append(model.predict(rows)["predicted_label"])
    predicted = np.concatenate(found)
    if model.predictor_type == "regressor":
        report.score("test", {"mse": float(np.square(predicted - data.labels).mean())})
    else:
        values = {"accuracy": accuracy(predicted, data.labels), "macro_f_1.000": macro_f1(predicted, data.labels)}
        report.score("test", values, loss=False)
