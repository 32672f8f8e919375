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
from pathlib import Path
from typing import Any

import uvicorn

from studiolo.domain import Invalid
from studiolo.ml.algorithms.container import Container

MAXIMUM_BODY = (int(os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "6")) or 100) << 20
"""Bytes: InvokeEndpoint's own bound, or a batch transform's."""

_THREAD_FROM = 64 << 10
"""Bytes of body from which a request is worked on beside the event loop, so that it does not hold up others."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes, bytes]
"""Status, content type, body."""

JSON = b"application/json"

Inference = Callable[[bytes, bytes, bytes], Answer]
"""What answers the content type, the accept header and the body of an invocation."""


class ModelServer:
    """The ASGI application of one model."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

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
            return await asyncio.to_thread(self._inference, content_type, accept, body)
        return self._inference(content_type, accept, body)


def serve_model(load: Callable[[Path], Inference]) -> int:
    """Serve the container's model, which `load` opens from its folder, until SIGTERM; 1 at once where it cannot be."""
    try:
        inference = load(Container.from_environment().model)
    except Invalid as error:
        print(f"ClientError: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return _serve_until_stopped(inference)


def _serve_until_stopped(inference: Inference) -> int:
    """Serve until SIGTERM: at the Unix socket of the path SAGEMAKER_BIND_TO_SOCKET where that is set.

    Else on SAGEMAKER_BIND_TO_HOST (127.0.0.1) and SAGEMAKER_BIND_TO_PORT (8080).
    """
    uvicorn.run(
        ModelServer(inference),
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
        return 200, JSON, b"{}"
    if method == "GET" and path == "/execution-parameters":
        parameters = {
            "MaxConcurrentTransforms": 4,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": MAXIMUM_BODY >> 20,
        }
        return 200, JSON, json.dumps(parameters).encode()
    if path in ("/ping", "/execution-parameters", "/invocations"):
        return refused(405, f"{method} is not a method of {path}.")
    return refused(404, f"There is nothing at {path}; /ping, /invocations and /execution-parameters are served.")


def _too_large() -> Answer:
    return refused(413, f"The body is larger than {MAXIMUM_BODY} bytes.")


def refused(status: int, message: str) -> Answer:
    """The answer to a request that cannot be met; its message is printed, too."""
    print(f"{status}: {message}", file=sys.stderr, flush=True)  # noqa: T201
    return status, JSON, json.dumps({"message": message}).encode()
