"""Serving a BlazingText model: vectors of words, or labels of texts. Other models of fastText's are served, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import fasttext

from studiolo.domain import Invalid
from studiolo.ml.algorithms.blazingtext.training import MODEL, VECTORS
from studiolo.ml.algorithms.serving import JSON, Answer, refused, serve_model
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported

if TYPE_CHECKING:
    from pathlib import Path

_LINES = b"application/jsonlines"
_TYPES = {JSON: None, _LINES: None}


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the model in the folder. Raises Invalid."""
    found = [path for name in (MODEL, VECTORS) if (path := folder / name).exists()] or sorted(folder.glob("*.bin"))
    if not found:
        raise Invalid(f"There is no model of fastText's in {folder}.")
    try:
        return Inference(fasttext.load_model(str(found[0])))
    except ValueError as error:
        raise Invalid(f"The model {found[0]} cannot be read: {error}") from error


class Inference:
    """Answers invocations: `{"instances": [...], "configuration": {"k": 1}}`, or lines of `{"source": ..., "k": 1}`."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._classifies = bool(model.f.getArgs().model.name == "supervised")

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind = content_type.partition(b";")[0].strip().lower()
        if kind not in _TYPES:
            return unsupported(content_type, _TYPES)
        answer_type = accepted(accept, _TYPES, kind)
        if answer_type is None:
            return unacceptable(accept, _TYPES)
        try:
            asked = _instances(body) if kind == JSON else _lines(body)
        except Invalid as error:
            return refused(400, str(error))
        answers = [self._answer(text, count) for text, count in asked]
        if answer_type == _LINES:
            return 200, _LINES, "".join(json.dumps(one) + "\n" for one in answers).encode()
        return 200, JSON, json.dumps(answers).encode()

    def _answer(self, text: str, count: int) -> dict[str, Any]:
        if not self._classifies:
            return {"vector": [float(value) for value in self._model.get_word_vector(text)], "word": text}
        labels, shares = self._model.predict(text.replace("\n", " "), k=count)
        return {"label": list(labels), "prob": [min(float(share), 1.0) for share in shares]}


def _instances(body: bytes) -> list[tuple[str, int]]:
    document = _parsed(body)
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list):
        raise Invalid('The body is not a JSON object with a list "instances".')
    configuration = document.get("configuration") or {}
    return [_one(instance, configuration) for instance in instances]


def _lines(body: bytes) -> list[tuple[str, int]]:
    found = []
    for line in body.split(b"\n"):
        if line.strip():
            document = _parsed(line)
            if not isinstance(document, dict):
                raise Invalid('A line is not a JSON object such as {"source": "a text"}.')
            found.append(_one(document.get("source"), document))
    return found


def _one(text: Any, configuration: Any) -> tuple[str, int]:
    count = configuration.get("k", 1) if isinstance(configuration, dict) else None
    if not isinstance(text, str) or type(count) is not int or count < 1:
        raise Invalid("An instance is a text, and k a positive integer.")
    return text, count


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}.") from error
