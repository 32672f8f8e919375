"""A training job of k-means, in the two steps that AWS describes under "How K-Means Clustering Works".

First k * extra_center_factor centers are found by passes over mini-batches; then these, weighted by the rows near them,
are reduced to k by Lloyd's algorithm.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans, kmeans_plusplus
from sklearn.metrics import pairwise_distances_argmin_min

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.channels import RECORDIO, read_features
from studiolo.ml.algorithms.job import Report, channels_of, check_width, configuration
from studiolo.ml.algorithms.kmeans.hyperparameters import TABLE

if TYPE_CHECKING:
    import logging

    from numpy.typing import NDArray

    from studiolo.ml.algorithms.container import Container, StopRequest

ENOUGH_CENTERS = 3000
"""How many centers of the first step `extra_center_factor` auto means at least: up to so many rows, all of them."""
AUTOMATIC_FACTOR = 10
AUTOMATIC_TRIALS = 10


def train(container: Container, log: logging.Logger, stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    started = time.monotonic()
    chosen = configuration(container, TABLE, log)
    report = Report(container, log)
    data = {}
    for name, channel in channels_of(container, RECORDIO, "train", "test").items():
        data[name] = read_features(channel)
        check_width(data[name].shape[1], name, chosen["feature_dim"])
    rows = data["train"]
    if rows.shape[0] < chosen["k"]:
        raise Invalid(f"The train channel has {rows.shape[0]} rows, fewer than the {chosen['k']} clusters asked for.")
    centers = cluster(rows, chosen, stop)
    report.progress(100)
    for name, features in data.items():
        _, distances = pairwise_distances_argmin_min(features, centers)
        squared = np.square(distances.astype(np.float64))
        found = {"msd": float(squared.mean()), "ssd": float(squared.sum())}
        report.score(name, {metric: found[metric] for metric in chosen["eval_metrics"]})
    artifact.save(container.model, "kmeans", {"centers": centers}, {})
    report.throughput(rows.shape[0], time.monotonic() - started)


def cluster(rows: Any, chosen: dict[str, Any], stop: StopRequest) -> NDArray[np.float64]:
    """The k centers of the rows, of shape (k, features)."""
    count = min(rows.shape[0], _first_centers(chosen))
    centers = rows.toarray() if count == rows.shape[0] and not isinstance(rows, np.ndarray) else rows
    weights = None
    if count < rows.shape[0]:
        centers = _by_mini_batches(rows, count, chosen, stop)
        nearest, _ = pairwise_distances_argmin_min(rows, centers)
        counts = np.bincount(nearest, minlength=count)
        centers, weights = centers[counts > 0], counts[counts > 0]
    trials = chosen["local_lloyd_num_trials"]
    lloyd = KMeans(
        min(chosen["k"], len(centers)),
        init={"kmeans++": "k-means++"}.get(chosen["local_lloyd_init_method"], "random"),
        n_init=AUTOMATIC_TRIALS if trials == "auto" else trials,
        max_iter=chosen["local_lloyd_max_iter"],
        tol=chosen["local_lloyd_tol"],
        random_state=0,
    )
    found: NDArray[np.float64] = lloyd.fit(centers, sample_weight=weights).cluster_centers_.astype(np.float64)
    return found


def _first_centers(chosen: dict[str, Any]) -> int:
    factor, k = chosen["extra_center_factor"], int(chosen["k"])
    return max(k * AUTOMATIC_FACTOR, ENOUGH_CENTERS) if factor == "auto" else k * int(factor)


def _by_mini_batches(rows: Any, count: int, chosen: dict[str, Any], stop: StopRequest) -> NDArray[Any]:
    random = np.random.RandomState(0)
    if chosen["init_method"] == "kmeans++":
        start, _ = kmeans_plusplus(rows, count, random_state=random)
    else:
        start = rows[np.sort(random.choice(rows.shape[0], count, replace=False))]
    start = start if isinstance(start, np.ndarray) else start.toarray()
    model = MiniBatchKMeans(count, init=start, n_init=1, reassignment_ratio=0, random_state=random)
    size = max(chosen["mini_batch_size"], count)
    for _ in range(chosen["epochs"]):
        order = random.permutation(rows.shape[0])
        for begin in range(0, len(order) - size + 1, size):
            model.partial_fit(rows[order[begin : begin + size]])
            if stop.received:
                return np.asarray(model.cluster_centers_)
    return np.asarray(getattr(model, "cluster_centers_", start))
