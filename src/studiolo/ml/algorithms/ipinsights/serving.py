"""Serving an IP Insights model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.domain import Invalid
from studiolo.ml.algorithms.ipinsights.events import from_csv, from_json, from_jsonlines
from studiolo.ml.algorithms.ipinsights.model import Network, load
from studiolo.ml.algorithms.serving import JSON, Answer, refused, serve_model
from studiolo.ml.algorithms.tabular import accepted, unacceptable, unsupported
from studiolo.ml.formats import responses

if TYPE_CHECKING:
    from pathlib import Path

_LINES = b"application/jsonlines"
_READERS = {b"text/csv": from_csv, JSON: from_json, _LINES: from_jsonlines}
_WRITERS = {JSON: responses.to_json, _LINES: responses.to_jsonlines}


def serve() -> int:
    """Serve the container's model until SIGTERM; the exit status."""
    return serve_model(open_model)


def open_model(folder: Path) -> Inference:
    """The invocations of the model in the folder. Raises Invalid."""
    return Inference(load(folder))


class Inference:
    """Answers invocations with dot products, and with both vectors where the Accept header says `verbose=true`."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        """Status, content type and body of the answer."""
        read = _READERS.get(content_type.partition(b";")[0].strip().lower())
        if read is None:
            return unsupported(content_type, _READERS)
        answer_type = accepted(accept, _WRITERS)
        if answer_type is None:
            return unacceptable(accept, _WRITERS)
        try:
            columns = self._network.score(read(body))
        except Invalid as error:
            return refused(400, str(error))
        if b"verbose=true" not in accept.lower().replace(b" ", b""):
            columns = {"dot_product": columns["dot_product"]}
        return 200, answer_type, _WRITERS[answer_type](columns)
