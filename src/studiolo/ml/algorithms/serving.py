"""The serving side of the container contract: GET /ping, POST /invocations, GET /execution-parameters.

AWS describes it in "Use Your Own Inference Code with Hosting Services". The program is one ASGI callable without a
framework: at thousands of small requests a second every layer is felt.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn

from studiolo.domain import Invalid
from studiolo.ml.formats import requests, responses

MAXIMUM_BODY = 6 << 20
"""Bytes; InvokeEndpoint's own bound."""

_THREAD_FROM = 64 << 10
"""Bytes of body from which a request is worked on beside the event loop, so that it does not hold up others."""

Predict = Callable[[Any], Mapping[str, Any]]
"""A matrix (rows, features) to columns of predictions."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes, bytes]
"""Status, content type, body."""

_READERS = {
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
_JSON = b"application/json"
_ANYTHING = (b"", b"*/*", b"application/*")


class ModelServer:
    """The ASGI application of one model with `width` features."""

    def __init__(self, predict: Predict, width: int) -> None:
        self._predict = predict
        self._width = width

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["path"] == "/invocations" and scope["method"] == "POST":
            status, content_type, body = await self._invocation(scope, receive)
        else:
            status, content_type, body = _other(scope["method"], scope["path"])
        headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _invocation(self, scope: Scope, receive: Receive) -> Answer:
        content_type = accept = b""
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value
            elif name == b"accept":
                accept = value
            elif name == b"content-length" and int(value) > MAXIMUM_BODY:
                return _too_large()
        message = await receive()
        body = message.get("body", b"")
        if message.get("more_body"):
            parts, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAXIMUM_BODY:
                    return _too_large()
            body = b"".join(parts)
        if len(body) >= _THREAD_FROM:
            return await asyncio.to_thread(self._answer, content_type, accept, body)
        return self._answer(content_type, accept, body)

    def _answer(self, content_type: bytes, accept: bytes, body: bytes) -> Answer:
        read = _READERS.get(content_type) or _READERS.get(content_type.partition(b";")[0].strip().lower())
        if read is None:
            return _error(
                415, f"Content-Type {content_type.decode('latin-1')!r} is not supported; {_listed(_READERS)} are."
            )
        answer_type = accept if accept in _WRITERS else _accepted(accept)
        if answer_type is None:
            return _error(406, f"Accept {accept.decode('latin-1')!r} cannot be met; {_listed(_WRITERS)} can.")
        try:
            rows = read(body, self._width)
        except Invalid as error:
            return _error(400, str(error))
        if not len(rows):
            return _error(400, "The body is empty: at least one row of features is expected.")
        columns = self._predict(rows)
        if not abs(columns["score"].sum()) < float("inf"):
            return _error(400, "The features are not finite numbers, or too large.")
        return 200, answer_type, _WRITERS[answer_type](columns)


def serve_until_stopped(predict: Predict, width: int) -> int:
    """Serve until SIGTERM: at the Unix socket of the path SAGEMAKER_BIND_TO_SOCKET where that is set.

    Else on SAGEMAKER_BIND_TO_HOST (127.0.0.1) and SAGEMAKER_BIND_TO_PORT (8080).
    """
    uvicorn.run(
        ModelServer(predict, width),
        uds=os.environ.get("SAGEMAKER_BIND_TO_SOCKET"),
        host=os.environ.get("SAGEMAKER_BIND_TO_HOST", "127.0.0.1"),
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=5,
    )
    return 0


def _other(method: str, path: str) -> Answer:
    if method == "GET" and path == "/ping":
        return 200, _JSON, b"{}"
    if method == "GET" and path == "/execution-parameters":
        parameters = {
            "MaxConcurrentTransforms": 4,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": MAXIMUM_BODY >> 20,
        }
        return 200, _JSON, json.dumps(parameters).encode()
    if path in ("/ping", "/execution-parameters", "/invocations"):
        return _error(405, f"{method} is not a method of {path}.")
    return _error(404, f"There is nothing at {path}; /ping, /invocations and /execution-parameters are served.")


def _accepted(accept: bytes) -> bytes | None:
    """The first of the header's types that can be written; None where there is none."""
    for part in accept.split(b","):
        wanted = part.partition(b";")[0].strip().lower()
        if wanted in _WRITERS:
            return wanted
        if wanted in _ANYTHING:
            return _JSON
        if wanted == b"text/*":
            return b"text/csv"
    return None


def _too_large() -> Answer:
    return _error(413, f"The body is larger than {MAXIMUM_BODY} bytes.")


def _error(status: int, message: str) -> Answer:
    print(f"{status}: {message}", file=sys.stderr, flush=True)  # noqa: T201
    return status, _JSON, json.dumps({"message": message}).encode()


def _listed(types: Mapping[bytes, Any]) -> str:
    return ", ".join(name.decode() for name in types)
