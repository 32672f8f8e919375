"""A training job of factorization machines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import RECORDIO, read_channel
from studiolo.ml.algorithms.factorization_machines.hyperparameters import TABLE
from studiolo.ml.algorithms.factorization_machines.model import Fitting, Model, initial, save
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.scores import accuracy, cross_entropy, precision_recall_f1

if TYPE_CHECKING:
    import logging

    from numpy.typing import NDArray

    from studiolo.ml.algorithms.container import Container, StopRequest

    Data = tuple[Any, NDArray[np.float64]]


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    data = {}
    for name, channel in channels_of(container, RECORDIO, "train", "test").items():
        read = read_channel(channel)
        check_width(read.features.shape[1], name, chosen["feature_dim"])
        if chosen["predictor_type"] == "binary_classifier" and not np.isin(read.labels, (0, 1)).all():
            raise Invalid(f"The {name} channel has labels that are neither 0 nor 1, as a binary_classifier's must be.")
        data[name] = csr_matrix(read.features, dtype=np.float64), read.labels
    model = fit(data["train"], chosen, stop, report)
    save(model, container.model)
    for name, part in data.items():
        losses, scores = measures(model, *part)
        report.score(name, losses)
        report.score(name, scores, loss=False)
    report.throughput(chosen["epochs"] * len(data["train"][1]), time.monotonic() - started)


def fit(data: Data, chosen: dict[str, Any], stop: StopRequest, report: Report) -> Model:
    """The model of the rows, a CSR matrix, and their labels."""
    rows, labels = data
    random = np.random.default_rng(0)
    model = initial(chosen, random)
    fitting = Fitting(model, chosen)
    size, epochs = chosen["mini_batch_size"], chosen["epochs"]
    for epoch in range(epochs):
        order = random.permutation(len(labels))
        for begin in range(0, len(order), size):
            batch = order[begin : begin + size]
            fitting.batch(rows[batch], labels[batch])
        losses, scores = measures(model, rows, labels)
        for name, value in losses.items():
            report.quality("train", name, value, epoch=epoch)
        for name, value in scores.items():
            report.quality("train", name, value, loss=False, epoch=epoch)
        if not np.isfinite([*losses.values()]).all():
            raise Invalid("The loss is not finite any more: try smaller learning rates, or smaller values of features.")
        report.progress(round(100 * (epoch + 1) / epochs))
        if stop.received:
            break
    return model


def measures(model: Model, rows: Any, labels: NDArray[np.float64]) -> tuple[dict[str, float], dict[str, float]]:
    """Losses and scores of the model on the rows, by their names in the log."""
    found = model.predict(rows)
    if model.predictor_type == "regressor":
        error = found["score"] - labels
        squared = float(np.square(error).mean())
        return {"rmse": squared**0.5, "mse": squared, "absolute_loss": float(np.abs(error).mean())}, {}
    losses = {"binary_classification_cross_entropy": cross_entropy(found["score"], labels)}
    _, _, f1 = precision_recall_f1(found["predicted_label"], labels)
    right = accuracy(found["predicted_label"], labels)
    return losses, {"binary_classification_accuracy": right, "binary_f_1.000": f1}
