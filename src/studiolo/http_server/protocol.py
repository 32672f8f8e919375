"""HTTP/1.1 as uvicorn speaks it, with an end to everything that a client could draw out."""

import asyncio
from enum import Enum, auto
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from studiolo.http_server.limits import Limits

SLOW = "Your socket connection to the server was not read from or written to within the timeout period."


JOINED = 64 * 1024
"""Bytes up to which a body is joined to its head."""


class Stage(Enum):
    """What is awaited of the client."""

    HEAD = auto()
    BODY = auto()
    ANSWERING = auto()
    """Nothing: its request is being answered."""
    IDLE = auto()
    ENDING = auto()
    """Its end of the connection: it was told, or what it goes on to send is thrown away."""


class TooMuch(Exception):
    """Raised amid parsing: the request is refused with `status`."""


class _Closing:
    """The transport as an answer sees it: it closes when the client has sent its whole request.

    A head waits for what is written before the event loop goes on: a write to a socket costs as much as all else that
    is done for a small answer, and wakes who reads.
    """

    __slots__ = ("_end", "_head", "_soon", "_write", "is_closing")

    def __init__(self, protocol: "BoundedHttp") -> None:
        self._write = protocol.transport.write
        self._soon = protocol.loop.call_soon
        self._end = protocol.end
        self._head = b""
        self.is_closing = protocol.transport.is_closing

    def write(self, data: bytes) -> None:
        if not self._head and data.startswith(b"HTTP/"):
            self._head = data
            self._soon(self._flush)
        elif len(data) < JOINED:
            head, self._head = self._head, b""
            self._write(head + data)
        else:
            self._flush()
            self._write(data)

    def close(self) -> None:
        self._flush()
        self._end()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head and not self.is_closing():
            self._write(head)


class BoundedHttp(HttpToolsProtocol):
    """One connection. `tick` is to be called as time passes; all else is uvicorn's."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self.stage = Stage.HEAD
        self.waited = 0.0
        self._unread = 0.0
        self._head = self._received = self._unfinished = 0
        self._refusal: tuple[int, str] | None = None
        self._closing: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._closing = _Closing(self)
        if len(self.connections) > self._limits.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        if self.stage is Stage.ENDING:
            return
        self._unfinished += len(data)
        super().data_received(data)
        # A header (or trailer) without end is kept by the parser, which tells nobody of it.
        if self._unfinished > self._limits.head and self.stage in (Stage.HEAD, Stage.BODY):
            self._refuse(431, "The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await(Stage.HEAD)
        self._head = self._received = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url), len(self.url), 414, "The address of the request is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        size = len(name) + len(value)
        self._count(size, size, 431, "A header of the request is too large.")
        if len(self.headers) > self._limits.headers:
            self._raise(431, "The request has too many headers.")

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._becomes_a_socket():
            return
        self.cycle.transport = self._closing
        self._await(Stage.BODY)
        if len(self.pipeline) > self._limits.pipelined:
            self._raise(429, "Too many requests were sent ahead of their answers.")

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._received += len(body)
        self._unfinished = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._becomes_a_socket():
            return
        self._await(Stage.IDLE if self.cycle.response_complete else Stage.ANSWERING)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.stage is Stage.ANSWERING and self.cycle.response_complete:
            self._await(Stage.IDLE)

    def send_400_response(self, msg: str) -> None:
        self._refuse(*(self._refusal or (400, msg)))

    def end(self) -> None:
        """Close the connection; as long as the client still sends, only our side of it.

        A connection that is closed while data comes in is reset, and the client may never see its answer.
        """
        if self.stage is not Stage.BODY:
            self.transport.close()
        elif not self.transport.is_closing():
            self._await(Stage.ENDING)
            self.flow.resume_reading()
            self.transport.write_eof()

    def tick(self, seconds: float) -> None:
        """So much time has passed."""
        self._unread = self._unread + seconds if self.flow.write_paused else 0
        if self._unread > self._limits.read_seconds:
            self.transport.abort()
        if not self._is_waiting():
            return
        self.waited += seconds
        if self.waited <= self._patience():
            return
        if (self.stage is Stage.HEAD and self._head) or (self.stage is Stage.BODY and not self.cycle.response_started):
            self._refuse(408, SLOW)
        else:
            self.transport.abort()

    def unread(self) -> int:
        """Bytes of answers that wait for the client to read them, where it is behind."""
        return self.transport.get_write_buffer_size() if self.flow.write_paused else 0

    def _becomes_a_socket(self) -> bool:
        """Whether the request asks for a WebSocket: then another protocol takes the connection."""
        return bool(self.parser.should_upgrade() and self._should_upgrade())

    def _is_waiting(self) -> bool:
        """Whether it is the client's turn."""
        if self.stage is Stage.ANSWERING or self.flow.read_paused:
            return False
        return not (self.stage is Stage.BODY and self.cycle.waiting_for_100_continue)

    def _patience(self) -> float:
        limits = self._limits
        if self.stage is Stage.BODY:
            return limits.body_seconds + (0 if self.cycle.response_complete else self._received / limits.body_rate)
        return {
            Stage.HEAD: limits.head_seconds,
            Stage.IDLE: limits.idle_seconds,
            Stage.ENDING: limits.ending_seconds,
        }[self.stage]

    def _await(self, stage: Stage) -> None:
        self.stage, self.waited, self._unfinished = stage, 0.0, 0

    def _count(self, size: int, line: int, status: int, message: str) -> None:
        self._head += size
        self._unfinished = 0
        if line > self._limits.line or self._head > self._limits.head:
            self._raise(status, message)

    def _raise(self, status: int, message: str) -> None:
        """Refuse the request from within the parser."""
        self._refusal = (status, message)
        raise TooMuch(message)

    def _refuse(self, status: int, message: str) -> None:
        under_way = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing() or (under_way and (self.cycle.response_started or self.pipeline)):
            self.transport.abort()
            return
        if under_way:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        lines = [STATUS_LINE[status], b"content-type: text/plain; charset=utf-8\r\n", b"connection: close\r\n"]
        if status == 408:
            lines.append(b"x-amzn-errortype: RequestTimeout\r\n")
        body = message.encode()
        self.transport.write(b"".join([*lines, b"content-length: %d\r\n\r\n" % len(body), body]))
        self.stage = Stage.BODY
        self.end()

    def _make_room(self) -> None:
        """End the connection that has been idle the longest; this one where all are at work."""
        idle = [
            each for each in self.connections if isinstance(each, BoundedHttp) and each.is_idle and each is not self
        ]
        if idle:
            max(idle, key=lambda each: each.waited).transport.abort()
        else:
            self._refuse(503, "There are too many connections; please try again.")

    @property
    def is_idle(self) -> bool:
        """Whether no request of this connection has come whole, or part of its body."""
        return self.stage in (Stage.HEAD, Stage.IDLE) and (self.cycle is None or self.cycle.response_complete)
