"""Serving factorization machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.factorization_machines.model import load
from studiolo.ml.algorithms.serving import serve_model
from studiolo.ml.algorithms.tabular import READERS, Tabular

if TYPE_CHECKING:
    from pathlib import Path


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Tabular:
    """The invocations of the model in the folder: JSON and RecordIO, as AWS has them. Raises Invalid."""
    model = load(folder)
    readers = {kind: read for kind, read in READERS.items() if kind != b"text/csv"}
    return Tabular(model.predict, len(model.weights), readers=readers)
