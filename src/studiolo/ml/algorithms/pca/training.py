"""A training job of PCA: principal components by an exact decomposition, or by a randomized one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import eigh

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.channels import RECORDIO, read_features
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.pca.hyperparameters import TABLE, validate_hyperparameters

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Container, StopRequest


def train(container: Container, log: logging.Logger, _stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    chosen = configuration(container, TABLE, log)
    validate_hyperparameters(container.hyperparameters)
    report = Report(container, log)
    data = {}
    for name, channel in channels_of(container, RECORDIO, "train", "test").items():
        data[name] = read_features(channel)
        check_width(data[name].shape[1], name, chosen["feature_dim"])
    rows = data["train"]
    if rows.shape[0] < chosen["num_components"]:
        raise Invalid(
            f"The train channel has {rows.shape[0]} rows, fewer than the {chosen['num_components']} components asked for."
        )
    mean, sizes, components = decompose(rows, chosen)
    report.progress(100)
    if "test" in data:
        report.score("test", {"reconstruction_error": _reconstruction_error(data["test"], mean, components)})
    artifact.save(container.model, "pca", {"mean": mean, "s": sizes, "v": components}, {})
    report.throughput(rows.shape[0], time.monotonic() - started)


def decompose(rows: Any, chosen: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The mean (features,), singular values (components,) and components (features, components) of the rows.

    As in the real model the largest singular value comes last.
    """
    dense = rows if isinstance(rows, np.ndarray) else rows.toarray()
    dense = dense.astype(np.float64)
    mean = dense.mean(axis=0) if chosen["subtract_mean"] else np.zeros(dense.shape[1])
    dense -= mean
    count = chosen["num_components"]
    if chosen["algorithm_mode"] == "randomized":
        from sklearn.utils.extmath import randomized_svd

        extra = int(chosen["extra_components"])
        oversamples = max(10, count) if extra == -1 else extra
        _, sizes, transposed = randomized_svd(dense, count, n_oversamples=oversamples, random_state=0)
        sizes, components = sizes[::-1], transposed[::-1].T
    else:
        width = dense.shape[1]
        squares, components = eigh(dense.T @ dense, subset_by_index=(width - count, width - 1))
        sizes = np.sqrt(np.maximum(squares, 0))
    # A component and its negative are the same: the entry that is largest in size shall be positive.
    largest = np.abs(components).argmax(axis=0)
    signs = np.where(components[largest, np.arange(count)] < 0, -1.0, 1.0)
    return mean, np.ascontiguousarray(sizes), np.ascontiguousarray(components * signs)


def _reconstruction_error(rows: Any, mean: Any, components: Any) -> float:
    """The mean squared distance of the rows from what their projections say of them."""
    dense = (rows if isinstance(rows, np.ndarray) else rows.toarray()) - mean
    lost = dense - dense @ components @ components.T
    return float(np.square(lost).sum(axis=1).mean())
