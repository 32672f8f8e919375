"""The body of a request on its way to the store: checked while it streams, and never whole at the store when wrong."""

from collections.abc import AsyncIterator

import aiohttp

from studiolo.aws.errors import ServiceError
from studiolo.aws.sigv4 import PayloadReader
from studiolo.services.s3.answers import Receive


class ClientGone(Exception):
    """The client has closed its connection."""


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
        self._length: int | None = None
        self.begun = False
        self.consumed = False
        self.failure: ServiceError | ClientGone | None = None

    def expect(self, reader: PayloadReader | None, length: int | None) -> None:
        """Say how the body is checked, and how many bytes are in it without framing (None if the client does not)."""
        self._reader = reader
        self._length = length

    async def pieces(self) -> AsyncIterator[bytes]:
        """The payload's bytes. Raises ServiceError for a wrong one, ClientGone when the client does not send it all."""
        held, given = b"", 0
        try:
            async for chunk in self._body():
                piece = self._reader.feed(chunk) if self._reader else chunk
                if piece:
                    given += len(piece)
                    if held:
                        yield held
                    held = piece
            if self._reader:
                self._reader.finish()
            if self._length is not None and given != self._length:
                message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
                raise ServiceError("IncompleteBody", message, 400)
        except (ServiceError, ClientGone) as error:
            self.failure = error
            raise
        if held:
            yield held

    async def framed(self) -> AsyncIterator[bytes]:
        """The payload in unsigned aws-chunked framing, with the trailing headers that came with it."""
        async for piece in self.pieces():
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
        trailers = self._reader.trailers if self._reader else {}
        yield b"0\r\n" + "".join(f"{name}:{value}\r\n" for name, value in trailers.items()).encode() + b"\r\n"

    async def check_empty(self) -> None:
        """Take a body that is to have no bytes. Raises as `pieces` does."""
        async for _ in self.pieces():
            pass

    async def once(self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        """aiohttp's middleware for this request: what has begun to stream must not be tried again."""
        try:
            return await handler(request)
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if self.begun:
                raise StoreLost(str(error)) from error
            raise

    async def _body(self) -> AsyncIterator[bytes]:
        while not self.consumed:
            self.begun = True
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self.consumed = not message.get("more_body", False)
            chunk = message.get("body", b"")
            if chunk:
                yield chunk
