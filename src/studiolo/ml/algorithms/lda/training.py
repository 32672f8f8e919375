"""A training job of LDA."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import RECORDIO, read_features
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.lda.hyperparameters import TABLE
from studiolo.ml.algorithms.lda.model import build, save

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest


def train(container: Container, log: logging.Logger, _stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    data = {}
    for name, channel in channels_of(container, RECORDIO, "train", "test").items():
        rows = csr_matrix(read_features(channel), dtype=np.float64)
        check_width(rows.shape[1], name, chosen["feature_dim"])
        data[name] = counts(rows, name)
    model = build(data["train"], chosen)
    report.progress(100)
    save(model, container.model)
    if "test" in data:
        report.score("test", {"pwll": -float(np.log(model.perplexity(data["test"])))}, loss=False)
    report.throughput(data["train"].shape[0], time.monotonic() - started)


def counts(rows: Any, channel: str) -> Any:
    """The rows, of which none is negative or empty. Raises Invalid."""
    if rows.data.size and rows.data.min() < 0:
        raise Invalid(f"The {channel} channel has negative values; documents are counts of words.")
    filled = np.asarray(rows.sum(axis=1)).ravel() > 0
    if not filled.any():
        raise Invalid(f"No document of the {channel} channel has a word.")
    return rows[filled]
