"""Serving an Object2Vec model: scores of pairs, or embeddings of either side alone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import torch

from studiolo.domain import Invalid
from studiolo.ml.algorithms.object2vec.model import Network, Shape, load, padded
from studiolo.ml.algorithms.object2vec.pairs import Pair, parse, parsed
from studiolo.ml.algorithms.serving import JSON, Answer, refused, serve_model
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LINES = b"application/jsonlines"
_TYPES = {JSON: None, _LINES: None}
MODE = "INFERENCE_PREFERRED_MODE"
"""The environment's variable that says what pairs with both sides are for: `classification`, or `embedding` of `in0`."""


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the model in the folder. Raises Invalid."""
    return Inference(*load(folder), embeds=os.environ.get(MODE) == "embedding")


class Inference:
    """Answers invocations: `{"instances": [{"in0": [...], "in1": [...]}]}`, or an instance a line."""

    def __init__(self, shape: Shape, network: Network, *, embeds: bool) -> None:
        self._limits = [side.limits for side in shape.sides]
        self._classifies = shape.outputs > 1
        self._network = network
        self._embeds = embeds

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind = content_type.partition(b";")[0].strip().lower()
        if kind not in _TYPES:
            return unsupported(content_type, _TYPES)
        answer_type = accepted(accept, _TYPES, kind)
        if answer_type is None:
            return unacceptable(accept, _TYPES)
        try:
            pairs = self._pairs(kind, body)
        except Invalid as error:
            return refused(400, str(error))
        answers = self._answers(pairs)
        if answer_type == _LINES:
            return 200, _LINES, "".join(json.dumps(one) + "\n" for one in answers).encode()
        return 200, JSON, json.dumps({"predictions": answers}).encode()

    def _pairs(self, kind: bytes, body: bytes) -> list[Pair]:
        if kind == JSON:
            document = parsed(body, "The body:")
            instances = document.get("instances") if isinstance(document, dict) else None
        else:
            lines = (line for line in body.split(b"\n") if line.strip())
            instances = [parsed(line, f"Line {number}:") for number, line in enumerate(lines, 1)]
        if not isinstance(instances, list) or not instances:
            raise Invalid('The body has no list "instances", or no lines, of objects with "in0" and "in1".')
        pairs = [parse(each, self._limits, f"Instance {number}:") for number, each in enumerate(instances, 1)]
        for number, pair in enumerate(pairs, 1):
            if pair.sides == (None, None):
                raise Invalid(f'Instance {number} has neither "in0" nor "in1".')
        return pairs

    def _answers(self, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
        with torch.no_grad():
            return [self._answer(pair) for pair in pairs]

    def _answer(self, pair: Pair) -> dict[str, Any]:
        first, second = pair.sides
        if first is not None and second is not None and not self._embeds:
            outputs = self._network(padded([first]), padded([second]))[0]
            return {"scores": (torch.softmax(outputs, 0) if self._classifies else outputs).tolist()}
        side = 0 if first is not None else 1
        return {"embeddings": self._network.encoders[side](padded([pair.sides[side]]))[0].tolist()}
