"""Answers of LightGBM and CatBoost: `{"probabilities": [[...], ...]}` of a classifier, else `{"prediction": [...]}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.ml.algorithms.boosted.data import features
from studiolo.ml.algorithms.serving import JSON, Answer, refused
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from studiolo.ml.algorithms.serving import Inference

_WRITTEN = {JSON: None}


def answers(predict: Callable[[Any], Any], width: int, categorical: tuple[int, ...], classes: int) -> Inference:
    """The invocations of a model: `predict` takes a data frame of `width` features.

    It gives probabilities of shape (rows, classes), or values where `classes` is 0. A verbose answer has the
    `labels`, too, and the `predicted_label` of each row.
    """

    def answer(content_type: bytes, accept: bytes, body: bytes) -> Answer:
        if content_type.partition(b";")[0].strip().lower() != b"text/csv":
            return unsupported(content_type, {b"text/csv": None})
        if accepted(accept, _WRITTEN) is None:
            return unacceptable(accept, _WRITTEN)
        try:
            rows = features(body, categorical)
            if rows.shape[1] != width:
                raise Invalid(f"The rows have {rows.shape[1]} features; the model has {width}.")
        except Invalid as error:
            return refused(400, str(error))
        found = predict(rows)
        if not classes:
            return 200, JSON, json.dumps({"prediction": found.tolist()}).encode()
        words: dict[str, Any] = {"probabilities": found.tolist()}
        if b"verbose" in accept.lower():
            words |= {"labels": list(range(classes)), "predicted_label": found.argmax(axis=1).tolist()}
        return 200, JSON, json.dumps(words).encode()

    return answer
