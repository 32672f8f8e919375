"""Serving a PCA model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    arrays, _ = artifact.load(folder, "pca")
    mean, components = arrays["mean"], arrays["v"]

    def predict(rows: Any) -> dict[str, Any]:
        return {"projection": (rows - mean) @ components}

    return Tabular(predict, len(mean), plural="projections")
