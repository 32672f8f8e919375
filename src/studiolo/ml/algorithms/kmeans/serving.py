"""Serving a k-means model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.ml.algorithms import artifact
from studiolo.ml.algorithms.serving import serve_model
from studiolo.ml.algorithms.tabular import Tabular

if TYPE_CHECKING:
    from pathlib import Path


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Tabular:
    """The invocations of the model in the folder. Raises Invalid."""
    from scipy.spatial.distance import cdist

    arrays, _ = artifact.load(folder, "kmeans")
    centers = arrays["centers"]

    def predict(rows: Any) -> dict[str, Any]:
        distances = cdist(rows, centers)
        closest = distances.argmin(axis=1)
        return {
            "closest_cluster": closest.astype(np.float64),
            "distance_to_cluster": distances[np.arange(len(rows)), closest],
        }

    return Tabular(predict, centers.shape[1])
