"""Serving an LDA model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studiolo.ml.algorithms.lda.model import load
from studiolo.ml.algorithms.serving import serve_model
from studiolo.ml.algorithms.tabular import Tabular

if TYPE_CHECKING:
    from pathlib import Path


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Tabular:
    """The invocations of the model in the folder. Raises Invalid."""
    model = load(folder)

    def predict(rows: Any) -> dict[str, Any]:
        return {"topic_mixture": model.transform(rows.clip(min=0))}

    return Tabular(predict, model.n_features_in_)
