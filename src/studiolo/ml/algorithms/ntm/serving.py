"""Serving an NTM model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from studiolo.ml.algorithms.ntm.model import load
from studiolo.ml.algorithms.serving import serve_model
from studiolo.ml.algorithms.tabular import Tabular

if TYPE_CHECKING:
    from pathlib import Path


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Tabular:
    """The invocations of the model in the folder. Raises Invalid."""
    shape, network = load(folder)

    def predict(rows: Any) -> dict[str, Any]:
        with torch.no_grad():
            counts = torch.from_numpy(rows.clip(min=0)).float()
            return {"topic_weights": network.mixture(counts).double().numpy()}

    return Tabular(predict, shape.feature_dim)
