"""The body of a request on its way to the store: checked while it streams, and never whole at the store when wrong."""

from collections.abc import AsyncIterator, Mapping

import aiohttp

from studiolo.asgi import Disconnected, Receive
from studiolo.aws.errors import ServiceError
from studiolo.aws.sigv4 import PayloadReader


class StoreLost(Exception):
    """The connection to the store broke while the request went out."""


class Payload:
    """What the client sends, taken from ASGI only as fast as the store takes it.

    The last piece goes out when the reader has found the whole right: until then the store has an unfinished request,
    which it drops when we do.
    """

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self._reader: PayloadReader | None = None
        self._rest: AsyncIterator[bytes] | None = None
        self._first = b""
        self._all: bytes | None = None
        self.begun = False
        self._sent = False
        self.consumed = False
        self.failure: ServiceError | Disconnected | None = None

    async def begin(self, reader: PayloadReader | None, length: int | None) -> bool:
        """Take the body as far as its first piece that may go out; whether there is one.

        `reader` checks the body; `length` is its bytes without framing, None if the client does not say. Only then is
        the store asked: SeaweedFS makes an empty object of a request that breaks off before its first byte. Raises as
        `pieces` does.
        """
        self._reader = reader
        self._rest = self._checked(reader, length)
        self._first = await anext(self._rest, b"")
        return bool(self._first)

    async def whole(self, reader: PayloadReader | None, length: int | None, limit: int) -> bytes:
        """All of a small body, found right: once taken, the same again.

        Raises ServiceError, for more than `limit` bytes too, and Disconnected.
        """
        if self._all is not None:
            return self._all
        self._reader = reader
        chunks: list[bytes] = []
        size = 0
        async for chunk in self._checked(reader, length):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                raise ServiceError("MaxMessageLengthExceeded", f"Your request was larger than {limit} bytes.", 400)
        self._all = b"".join(chunks)
        return self._all

    @property
    def taken(self) -> bool:
        """Whether the whole body was taken."""
        return self._all is not None

    @property
    def trailers(self) -> Mapping[str, str]:
        """The trailing headers that came with the body."""
        return self._reader.trailers if self._reader else {}

    async def pieces(self) -> AsyncIterator[bytes]:
        """The payload's bytes. Raises ServiceError for a wrong one, Disconnected when the client does not send it all."""
        self._sent = True
        yield self._first
        if self._rest is not None:
            async for piece in self._rest:
                yield piece

    async def framed(self) -> AsyncIterator[bytes]:
        """The payload in unsigned aws-chunked framing, with the trailing headers that came with it."""
        async for piece in self.pieces():
            if piece:
                yield b"%x\r\n%b\r\n" % (len(piece), piece)
        trailers = "".join(f"{name}:{value}\r\n" for name, value in self.trailers.items())
        yield b"0\r\n" + trailers.encode() + b"\r\n"

    async def once(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """aiohttp's middleware for this request: what has begun to stream must not be tried again."""
        try:
            return await handler(request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if self._sent:
                raise StoreLost(str(error)) from error
            raise

    async def _checked(self, reader: PayloadReader | None, length: int | None) -> AsyncIterator[bytes]:
        held, given = b"", 0
        try:
            async for chunk in self._body():
                piece = reader.feed(chunk) if reader else chunk
                if piece:
                    given += len(piece)
                    if held:
                        yield held
                    held = piece
            if reader:
                reader.finish()
            if length is not None and given != length:
                message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
                raise ServiceError("IncompleteBody", message, 400)
        except (ServiceError, Disconnected) as error:
            self.failure = error
            raise
        if held:
            yield held

    async def _body(self) -> AsyncIterator[bytes]:
        while not self.consumed:
            self.begun = True
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            self.consumed = not message.get("more_body", False)
            chunk = message.get("body", b"")
            if chunk:
                yield chunk
