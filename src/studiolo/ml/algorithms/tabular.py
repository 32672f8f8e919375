"""Answering invocations of models that take rows of features and give columns of predictions.

Formats as "Common Data Formats for Inference" describes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from studiolo.domain import Invalid
from studiolo.ml.algorithms.serving import JSON, Answer, refused
from studiolo.ml.formats import requests, responses

Predict = Callable[[Any], Mapping[str, Any]]
"""A matrix (rows, features) to columns of predictions."""

READERS: Mapping[bytes, Callable[[bytes, int], Any]] = {
    b"text/csv": requests.from_csv,
    b"application/json": requests.from_json,
    b"application/jsonlines": requests.from_jsonlines,
    b"application/x-recordio-protobuf": requests.from_recordio,
}
_WRITERS = {
    b"application/json": responses.to_json,
    b"application/jsonlines": responses.to_jsonlines,
    b"text/csv": responses.to_csv,
    b"application/x-recordio-protobuf": responses.to_recordio,
}
_ANYTHING = (b"", b"*/*", b"application/*")


class Tabular:
    """Invocations of one model with `width` features.

    plural: what the list of predictions is called in a JSON answer.
    verbose: predictions with more columns, for an Accept header that says `verbose=true`.
    readers: by content type.
    """

    def __init__(
        self,
        predict: Predict,
        width: int,
        *,
        plural: str = "predictions",
        verbose: Predict | None = None,
        readers: Mapping[bytes, Callable[[bytes, int], Any]] = READERS,
    ) -> None:
        self._predict = predict
        self._width = width
        self._plural = plural
        self._verbose = verbose
        self._readers = readers

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        read = self._readers.get(content_type) or self._readers.get(content_type.partition(b";")[0].strip().lower())
        if read is None:
            return unsupported(content_type, self._readers)
        answer_type = accept if accept in _WRITERS else accepted(accept, _WRITERS)
        if answer_type is None:
            return unacceptable(accept, _WRITERS)
        try:
            rows = read(body, self._width)
        except Invalid as error:
            return refused(400, str(error))
        if not len(rows):
            return refused(400, "The body is empty: at least one row of features is expected.")
        columns = self._chosen(accept)(rows)
        if not all(abs(column.sum()) < float("inf") for column in columns.values()):
            return refused(400, "The features are not finite numbers, or too large.")
        if answer_type == JSON:
            return 200, JSON, responses.to_json(columns, self._plural)
        return 200, answer_type, _WRITERS[answer_type](columns)

    def _chosen(self, accept: bytes) -> Predict:
        if self._verbose is not None and b"verbose=true" in accept.lower().replace(b" ", b""):
            return self._verbose
        return self._predict


def accepted(accept: bytes, writers: Mapping[bytes, Any], default: bytes = JSON) -> bytes | None:
    """The first of the header's types that can be written; None where there is none."""
    for part in accept.split(b","):
        wanted = part.partition(b";")[0].strip().lower()
        if wanted in writers:
            return wanted
        if wanted in _ANYTHING:
            return default
        if wanted == b"text/*" and b"text/csv" in writers:
            return b"text/csv"
    return None


def unsupported(content_type: bytes, readers: Mapping[bytes, Any]) -> Answer:
    """The answer to a body of a type that cannot be read."""
    return refused(415, f"Content-Type {content_type.decode('latin-1')!r} is not supported; {_listed(readers)} are.")


def unacceptable(accept: bytes, writers: Mapping[bytes, Any]) -> Answer:
    """The answer where no type that the Accept header takes can be written."""
    return refused(406, f"Accept {accept.decode('latin-1')!r} cannot be met; {_listed(writers)} can.")


def _listed(types: Mapping[bytes, Any]) -> str:
    return ", ".join(name.decode() for name in types)
