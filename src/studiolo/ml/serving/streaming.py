"""Answers that are passed on while the model still makes them. Each is read by the thread that sends it."""

import contextlib
import http.client
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from studiolo.domain import Invalid, Scope
from studiolo.ml.serving.invocation import (
    LOOK_SECONDS,
    RESTART_SECONDS,
    NoCapacity,
    Request,
    Unavailable,
    check,
    take,
    what,
)
from studiolo.ml.serving.measures import Called, CallMeasures
from studiolo.ml.serving.routes import Instance, Routes, Target
from studiolo.ml.serving.sessions import NEW
from studiolo.processes import SocketConnection

SILENT_SECONDS = 60.0
"""How long a model may say nothing; the whole answer may take longer."""
PART_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """What a model answers: its status and headers, and its body as it comes."""

    status: int
    headers: Mapping[str, str]
    parts: Iterator[bytes]
    variant: str
    log_stream_arn: str


class Streamed:
    """Calls whose answers are streamed."""

    def __init__(self, routes: Routes, measures: CallMeasures) -> None:
        self._routes = routes
        self._measures = measures
        self._draw = random.Random()  # noqa: S311 - shares calls by weight, keeps no secret

    def call(self, scope: Scope, endpoint: str, request: Request, began: float) -> StreamedAnswer:
        """Have a variant begin to answer. Raises NotFound, Invalid and Unavailable."""
        target, instance = self._take(scope, endpoint, request)
        called = Called(scope, endpoint, target.variant, len(target.instances), request.component)
        try:
            check(target, request)
            if request.session == NEW:
                raise Invalid("A stream cannot open a session: open it by InvokeEndpoint.")
            if target.multi or target.most is not None or len(target.hostnames) > 1:
                raise Invalid("Response streams are for models of one container with instances.")
        except (Invalid, NoCapacity):
            if instance is not None:
                self._routes.leave(instance.socket)
            raise
        if instance is None:
            raise Unavailable(f"{what(target, request)} of endpoint {endpoint} is being restarted.")
        sent, connection = time.perf_counter(), SocketConnection(instance.socket, SILENT_SECONDS)
        status: int | None = None
        try:
            headers = {"Content-Type": "application/octet-stream", **request.headers}
            body = request.body if isinstance(request.body, bytes) else request.body.read_bytes()
            connection.request("POST", "/invocations", body=body, headers=headers)
            response = connection.getresponse()
            status = response.status
        except (OSError, http.client.HTTPException) as error:
            self._end(called, instance, connection, None, sent, began)
            raise Unavailable(f"{what(target, request)} of endpoint {endpoint} did not answer: {error}.") from error

        def parts() -> Iterator[bytes]:
            with contextlib.ExitStack() as ends:
                ends.callback(self._end, called, instance, connection, status, sent, began)
                yield b""
                while part := response.read1(PART_BYTES):
                    yield part

        body_parts = parts()
        # Begun, it ends the call also where nobody reads it.
        next(body_parts)
        return StreamedAnswer(status, dict(response.headers), body_parts, target.variant, instance.log_stream_arn)

    def _take(self, scope: Scope, endpoint: str, request: Request) -> tuple[Target, Instance | None]:
        """As Routes.take; a process that is being started again is waited for."""
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            target, instance = take(self._routes, scope, endpoint, request, self._draw)
            # What cannot be streamed is refused at once.
            if instance is not None or target.on_demand or target.copies == 0 or time.monotonic() > deadline:
                return target, instance
            time.sleep(LOOK_SECONDS)

    def _end(
        self,
        called: Called,
        instance: Instance,
        connection: SocketConnection,
        status: int | None,
        sent: float,
        began: float,
    ) -> None:
        connection.close()
        self._routes.leave(instance.socket)
        end = time.perf_counter()
        self._measures.add(called, status, end - sent, end - began)
