"""Serving an Object2Vec model: scores of pairs, or embeddings of either side alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

from studiolo.domain import Invalid
from studiolo.ml.algorithms.documents import Documents
from studiolo.ml.algorithms.object2vec.model import load, padded
from studiolo.ml.algorithms.object2vec.pairs import Pair, parse
from studiolo.ml.algorithms.serving import serve_model

if TYPE_CHECKING:
    from pathlib import Path

MODE = "INFERENCE_PREFERRED_MODE"
"""The environment's variable that says what pairs with both sides are for: `classification`, or `embedding` of `in0`."""


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Documents:
    """The invocations of the model in the folder: `{"instances": [{"in0": [...], "in1": [...]}]}`. Raises Invalid."""
    shape, network = load(folder)
    limits = [side.limits for side in shape.sides]
    embeds = os.environ.get(MODE) == "embedding"

    def answer(instances: list[Any], _configuration: Any) -> list[dict[str, Any]]:
        pairs = [parse(each, limits, f"Instance {number}:") for number, each in enumerate(instances, 1)]
        for number, pair in enumerate(pairs, 1):
            if pair.sides == (None, None):
                raise Invalid(f'Instance {number} has neither "in0" nor "in1".')
        with torch.no_grad():
            return [answer_of(pair) for pair in pairs]

    def answer_of(pair: Pair) -> dict[str, Any]:
        first, second = pair.sides
        if first is not None and second is not None and not embeds:
            outputs = network(padded([first]), padded([second]))[0]
            return {"scores": (torch.softmax(outputs, 0) if shape.outputs > 1 else outputs).tolist()}
        side = 0 if first is not None else 1
        return {"embeddings": network.encoders[side](padded([pair.sides[side]]))[0].tolist()}

    return Documents(answer)
