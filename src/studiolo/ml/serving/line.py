"""HTTP/1.1 to a serving process: kept connections by its Unix socket, with one call at a time on each.

aiohttp's client takes three times as long for a call with a row (measured), which is most of what such a call costs.
The parser is httptools, as in the server.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import httptools
from multidict import CIMultiDict

from studiolo.domain import Invalid
from studiolo.processes import left_socket

IDLE_SECONDS = 30.0
PIECE = 256 * 1024
"""Bytes of a file that are sent at a time."""

Said = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body of a container's answer."""


class CutOff(Exception):
    """The process does not take the call, or has ended the connection: with `begun`, in the middle of its answer."""

    def __init__(self, reason: str, *, begun: bool = False) -> None:
        super().__init__(reason)
        self.begun = begun


class Line:
    """The kept connections to one serving process, and how many calls are under way on them. Of one event loop."""

    def __init__(self, socket: str) -> None:
        self.calls = 0
        self._socket = socket
        # The one used last is taken first.
        self._idle: list[_Connection] = []
        self._sweep: asyncio.TimerHandle | None = None

    async def call(self, body: bytes | Path, headers: Mapping[str, str], seconds: float, largest: int) -> Said:
        """The answer of /invocations; in the place of one of more than `largest` bytes, one with 500 that says so.

        Raises CutOff, asyncio.TimeoutError, and OSError for a file that cannot be read.
        """
        self.calls += 1
        try:
            if self._idle:
                try:
                    return await self._ask(self._idle.pop(), body, headers, seconds, largest)
                except CutOff as error:
                    # The other side may have closed it meanwhile: a new one tells.
                    if error.begun:
                        raise
            return await self._ask(await self._connect(), body, headers, seconds, largest)
        finally:
            self.calls -= 1

    def close(self) -> None:
        """End the idle connections."""
        for connection in self._idle:
            connection.abort()
        if self._sweep is not None:
            self._sweep.cancel()

    async def _connect(self) -> "_Connection":
        try:
            with left_socket(self._socket) as path:
                _, connection = await asyncio.get_running_loop().create_unix_connection(_Connection, path)
        except OSError as error:
            raise CutOff(str(error)) from error
        return connection

    async def _ask(
        self, connection: "_Connection", body: bytes | Path, headers: Mapping[str, str], seconds: float, largest: int
    ) -> Said:
        try:
            said = await connection.ask(body, headers, seconds, largest)
        except BaseException:
            connection.abort()
            raise
        if connection.kept:
            self._idle.append(connection)
            if self._sweep is None:
                self._sweep = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle)
        else:
            connection.abort()
        return said

    def _end_idle(self) -> None:
        loop = asyncio.get_running_loop()
        ended = [each for each in self._idle if not each.kept or loop.time() - each.answered >= IDLE_SECONDS]
        for connection in ended:
            connection.abort()
        self._idle = [each for each in self._idle if each not in ended]
        self._sweep = loop.call_later(IDLE_SECONDS, self._end_idle) if self._idle else None


class _Connection(asyncio.Protocol):
    """One connection, and the call on it. The methods named on_... are the parser's."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._writable = asyncio.Event()
        self._writable.set()
        self._answer: asyncio.Future[Said] | None = None
        self._largest = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self.kept = True
        """Whether a further call may come on it."""
        self.answered = 0.0
        """When it had its last answer, by the loop's time."""

    async def ask(self, body: bytes | Path, headers: Mapping[str, str], seconds: float, largest: int) -> Said:
        if not self.kept:
            raise CutOff("the connection was closed")
        self._answer, self._largest = self._loop.create_future(), largest
        self._expect()
        timer = self._loop.call_later(seconds, self._fail, asyncio.TimeoutError())
        try:
            if isinstance(body, Path):
                await self._send_file(body, headers)
            else:
                self._transport.write(_head(len(body), headers) + body)
            return await self._answer
        finally:
            timer.cancel()
            self._answer = None

    async def _send_file(self, file: Path, headers: Mapping[str, str]) -> None:
        answer = self._answer
        with file.open("rb") as source:
            self._transport.write(_head(file.stat().st_size, headers))
            # An answer may come before all is sent.
            while (piece := source.read(PIECE)) and answer is not None and not answer.done():
                self._transport.write(piece)
                await self._writable.wait()
        # What comes next would be taken for the rest of it.
        self.kept = self.kept and not piece

    def abort(self) -> None:
        self.kept = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            return self.abort()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(CutOff(f"its answer is not HTTP: {error}", begun=True))
        return None

    def connection_lost(self, error: Exception | None) -> None:
        self.kept = False
        self._writable.set()
        if self._until_end and self._status and error is None:
            self._complete()
        self._fail(CutOff("it has closed the connection", begun=bool(self._status)))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        self._until_end = not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in self._headers}

    def on_body(self, data: bytes) -> None:
        self._body.append(data)
        self._size += len(data)
        if self._size > self._largest:
            self.kept, self._body = False, []
            self._resolve((500, {}, f"The model's answer has more than {self._largest} bytes.".encode()))

    def on_message_complete(self) -> None:
        if self._status < 200:
            # What is said before the answer, as 100 Continue.
            self._headers, self._status = [], 0
            return
        self.kept = self.kept and self._parser.should_keep_alive()
        self._complete()

    def _expect(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._status, self._size, self._until_end = 0, 0, False
        self._headers, self._body = [], []

    def _complete(self) -> None:
        self.answered = self._loop.time()
        self._resolve((self._status, CIMultiDict(self._headers), b"".join(self._body)))

    def _resolve(self, said: Said) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(said)

    def _fail(self, error: Exception) -> None:
        self.kept = False
        self._writable.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _head(length: int, headers: Mapping[str, str]) -> bytes:
    if any("\r" in value or "\n" in value for value in headers.values()):
        raise Invalid("A header of the call has a line break.")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /invocations HTTP/1.1\r\nHost: localhost\r\n{lines}Content-Length: {length}\r\n\r\n".encode(
        "latin-1", "replace"
    )
