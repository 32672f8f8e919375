"""AWS's Lambda runtime API for one process, on a loopback port of its own.

GET /2018-06-01/runtime/invocation/next, POST .../invocation/ID/response and .../invocation/ID/error, POST .../init/error.
After "Using the Lambda runtime API for custom runtimes" (AWS Lambda Developer Guide).
"""

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import psutil

ADDRESS = "127.0.0.1"
SECONDS_TO_BE_KNOWN = 10.0
"""For which a connection waits until it is known whose it may be."""
LARGEST = 6 * 1024 * 1024
"""Bytes of a payload that comes back."""
PIECE = 64 * 1024
LINE = 1024
"""Bytes of the line before a chunk."""
MOST_CONNECTIONS = 32
"""At a time, for a process. A runtime needs one, and each costs a thread and a look into the system's table."""
_POSTED = re.compile(r"/2018-06-01/runtime/(?:init/(?P<init>error)|invocation/(?P<id>[\w-]+)/(?P<what>response|error))")
_NEXT = "/2018-06-01/runtime/invocation/next"


@dataclass
class Invocation:
    """One event for the process, and what has come of it."""

    id: str
    arn: str
    payload: bytes
    seconds: float
    client_context: str | None = None
    deadline: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)
    answer: bytes = b""
    error: bool = False

    def finish(self, answer: bytes, *, error: bool) -> None:
        """The first answer counts."""
        if not self.done.is_set():
            self.answer, self.error = answer, error
            self.done.set()


class RuntimeApi:
    """The listener. `asked` is set once the process has asked for its first event, `init_error` where it could not."""

    def __init__(self) -> None:
        self._listener = socket.create_server((ADDRESS, 0))
        self.address = f"{ADDRESS}:{self._listener.getsockname()[1]}"
        self._changed = threading.Condition()
        self._waiting: Invocation | None = None
        self.current: Invocation | None = None
        self.init_error: bytes | None = None
        self.asked = threading.Event()
        self._closed = False
        self._connections: set[socket.socket] = set()
        self._process: psutil.Process | None = None
        self._known = threading.Event()
        threading.Thread(target=self._accept, name="function runtime", daemon=True).start()

    def belongs_to(self, pid: int) -> None:
        """Answer that process and its descendants, and nobody else."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(pid)
        self._known.set()

    def hand(self, invocation: Invocation) -> None:
        """Give the process an event; it has asked for it, or will."""
        with self._changed:
            self._waiting = invocation
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def next(self) -> Invocation | None:
        """Wait for an event; None where there will be none any more."""
        self.asked.set()
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed)
            found, self._waiting = self._waiting, None
            if found is not None:
                self.current = found
                found.deadline = time.time() + found.seconds
        return found

    def _accept(self) -> None:
        api = self

        class Bound(_Handler):
            runtime = api

        while not self._closed:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            if len(self._connections) >= MOST_CONNECTIONS:
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(Bound, connection, peer), daemon=True).start()

    def _serve(self, handler: "type[_Handler]", connection: socket.socket, peer: Any) -> None:
        with contextlib.suppress(OSError), connection:
            if self._is_ours(peer, connection.getsockname()):
                handler(connection, peer, None)  # type: ignore[arg-type]
        self._connections.discard(connection)

    def _is_ours(self, peer: Any, own: Any) -> bool:
        """Whether the connection was made by the function's process, or by one that it started."""
        if not self._known.wait(SECONDS_TO_BE_KNOWN) or self._process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in [self._process, *self._process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    if any(each.laddr == peer and each.raddr == own for each in process.net_connections("tcp4")):
                        return True
        return False


class _Handler(BaseHTTPRequestHandler):
    runtime: RuntimeApi
    protocol_version = "HTTP/1.1"
    # Head and body in one write: apart, they cost 40 ms a call.
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._answer(404, {"errorType": "NotFound", "errorMessage": self.path})
            return
        invocation = self.runtime.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{invocation.id.replace('-', '')[:24]};Sampled=0",
        }
        if invocation.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self._send(200, invocation.payload, headers)

    def do_POST(self) -> None:
        found = _POSTED.fullmatch(self.path)
        if found is None:
            self._answer(404, {"errorType": "NotFound", "errorMessage": self.path})
            return
        try:
            body = self._body()
        except ValueError as error:
            self.close_connection = True
            self._answer(400, {"errorType": "InvalidRequest", "errorMessage": str(error)})
            return
        if found["init"]:
            self.runtime.init_error = body
            self._answer(202, {"status": "OK"})
            return
        current = self.runtime.current
        if current is None or current.id != found["id"]:
            self._answer(400, {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"})
        elif body is None:
            said = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": _TOO_LARGE}
            self._answer(413, {"errorType": "RequestEntityTooLarge", "errorMessage": _TOO_LARGE})
            current.finish(json.dumps(said).encode(), error=True)
        else:
            # Answered first: who waits for the result may end the process at once.
            self._answer(202, {"status": "OK"})
            self.wfile.flush()
            current.finish(body if found["what"] == "response" else _as_error(body), error=found["what"] == "error")

    def _body(self) -> bytes | None:
        """None for one that is too large, of which nothing is kept. Raises ValueError where it does not say its length."""
        body, size = bytearray(), 0
        for piece in self._pieces():
            size += len(piece)
            if size <= LARGEST:
                body += piece
            else:
                body.clear()
        return bytes(body) if size <= LARGEST else None

    def _pieces(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield from self._read(_length(self.headers.get("Content-Length") or "0", 10))
            return
        while length := _length(self.rfile.readline(LINE).decode("latin-1").partition(";")[0], 16):
            yield from self._read(length)
            self.rfile.readline(LINE)
        self.rfile.readline(LINE)

    def _read(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self.rfile.read(min(PIECE, length))
            if not piece:
                raise ConnectionError("The connection ended within a body.")
            length -= len(piece)
            yield piece

    def _answer(self, status: int, said: Mapping[str, str]) -> None:
        self._send(status, json.dumps(said).encode(), {})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


_TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."


def _length(text: str, base: int) -> int:
    """Raises ValueError, also for less than nothing."""
    length = int(text, base)
    if length < 0:
        raise ValueError(f"A body cannot have {length} bytes.")
    return length


def _as_error(body: bytes) -> bytes:
    """An error as Lambda tells it, from whatever the runtime said."""
    try:
        json.loads(body)
    except ValueError:
        return json.dumps({"errorType": "Unhandled", "errorMessage": body.decode(errors="replace")}).encode()
    return body
