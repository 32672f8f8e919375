"""Serving a linear-learner model."""

from __future__ import annotations

import sys

from studiolo.domain import Invalid
from studiolo.ml.algorithms.container import Container
from studiolo.ml.algorithms.linear_learner.model import load
from studiolo.ml.algorithms.serving import serve_until_stopped


def serve() -> int:
    """Serve the container's model until SIGTERM; 1 at once where there is no model."""
    try:
        model = load(Container.from_environment().model)
    except Invalid as error:
        print(f"ClientError: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return serve_until_stopped(model.predict, model.feature_dim)
