"""Answering invocations of models that take JSON instances of their own, and give a JSON document for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.ml.algorithms.serving import JSON, Answer, refused
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported
from studiolo.ml.formats.documents import instances_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LINES = b"application/jsonlines"
_TYPES = {JSON: None, _LINES: None}


class Documents:
    """Invocations of one model.

    answer: given the instances and the body's configuration, or None where they are lines: the document of each.
        Raises Invalid.
    plural: what the list of documents is called in a JSON answer; None for the bare list.
    """

    def __init__(
        self, answer: Callable[[list[Any], Any], Sequence[dict[str, Any]]], *, plural: str | None = "predictions"
    ) -> None:
        self._answer = answer
        self._plural = plural

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        kind = content_type.partition(b";")[0].strip().lower()
        if kind not in _TYPES:
            return unsupported(content_type, _TYPES)
        answer_type = accepted(accept, _TYPES, kind)
        if answer_type is None:
            return unacceptable(accept, _TYPES)
        try:
            instances, configuration = instances_of(body) if kind == JSON else (lines_of(body), None)
            if not instances:
                raise Invalid("The body is empty: at least one instance is expected.")
            answers = self._answer(instances, configuration)
        except Invalid as error:
            return refused(400, str(error))
        if answer_type == _LINES:
            return 200, _LINES, "".join(json.dumps(one) + "\n" for one in answers).encode()
        return 200, JSON, json.dumps(answers if self._plural is None else {self._plural: answers}).encode()
