"""Serving a BlazingText model: vectors of words, or labels of texts. Other models of fastText's are served, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fasttext

from studiolo.domain import Invalid
from studiolo.ml.algorithms.blazingtext.training import MODEL, VECTORS
from studiolo.ml.algorithms.documents import Documents
from studiolo.ml.algorithms.serving import serve_model

if TYPE_CHECKING:
    from pathlib import Path


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Documents:
    """The invocations of the model in the folder. Raises Invalid."""
    found = [path for name in (MODEL, VECTORS) if (path := folder / name).exists()] or sorted(folder.glob("*.bin"))
    if not found:
        raise Invalid(f"There is no model of fastText's in {folder}.")
    try:
        return _invocations(fasttext.load_model(str(found[0])))
    except ValueError as error:
        raise Invalid(f"The model {found[0]} cannot be read: {error}") from error


def _invocations(model: Any) -> Documents:
    """`{"instances": [...], "configuration": {"k": 1}}`, or lines of `{"source": ..., "k": 1}`."""
    classifies = bool(model.f.getArgs().model.name == "supervised")

    def answer(instances: list[Any], configuration: Any) -> list[dict[str, Any]]:
        if configuration is None:
            asked = [_one(*_line(each)) for each in instances]
        else:
            asked = [_one(each, configuration) for each in instances]
        return [answer_of(text, count) for text, count in asked]

    def answer_of(text: str, count: int) -> dict[str, Any]:
        if not classifies:
            return {"vector": [float(value) for value in model.get_word_vector(text)], "word": text}
        labels, shares = model.predict(text.replace("\n", " "), k=count)
        return {"label": list(labels), "prob": [min(float(share), 1.0) for share in shares]}

    return Documents(answer, plural=None)


def _line(document: Any) -> tuple[Any, Any]:
    """Its text, and itself as the configuration of it."""
    if not isinstance(document, dict):
        raise Invalid('A line is not a JSON object such as {"source": "a text"}.')
    return document.get("source"), document


def _one(text: Any, configuration: Any) -> tuple[str, int]:
    count = configuration.get("k", 1) if isinstance(configuration, dict) else None
    if not isinstance(text, str) or type(count) is not int or count < 1:
        raise Invalid("An instance is a text, and k a positive integer.")
    return text, count
