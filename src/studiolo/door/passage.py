"""S3 calls that come to the one endpoint: passed on to the door as they are, which decides about them."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from studiolo.asgi import Disconnected, Receive, Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.door.answers import error_answer
from studiolo.forwarding import HOP_BY_HOP, Upstream, relay

_NOT_SENT_ON = HOP_BY_HOP | {"expect"}
# uvicorn puts its own Date on every answer.
_NOT_SENT_BACK = frozenset(name.encode() for name in HOP_BY_HOP | {"date"})


class Passage:
    """Streams calls to the door at `endpoint` and its answers back. Start it in the event loop it serves in."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._upstream = Upstream()

    async def start(self) -> None:
        await self._upstream.start()

    async def close(self) -> None:
        await self._upstream.close()

    async def __call__(self, request: HttpRequest, receive: Receive, send: Send, request_id: str) -> None:
        """Answer one S3 call; its body is taken from `receive`. Raises Disconnected where the client goes away first."""
        body = _Body(receive)
        headers = {name: value for name, value in request.headers.items() if name not in _NOT_SENT_ON}
        any_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
        waits = request.headers.get("expect", "").lower() == "100-continue"
        url = f"{self._endpoint}{request.path}{'?' if request.query else ''}{request.query}"
        try:
            answer = await self._upstream.ask(
                request.method,
                url,
                headers,
                body.pieces if any_body else lambda: None,
                expect=waits,
            )
            async with answer:
                back = [(name.lower(), value) for name, value in answer.raw_headers]
                back = [(name, value) for name, value in back if name not in _NOT_SENT_BACK]
                if waits and not body.begun:
                    # It may send no body any more, and what it sends next would be taken for that.
                    back.append((b"connection", b"close"))
                await relay(answer, back, request.method, send, receive if body.consumed or not any_body else None)
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            if body.gone:
                raise Disconnected from error
            refusal = ServiceError(
                "ServiceUnavailable", f"The S3 door does not answer now, please try again: {error}", 503
            )
            await error_answer(send, refusal, request_id, request, begun=body.begun)


class _Body:
    """A request's body as it comes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.begun = self.consumed = self.gone = False

    async def pieces(self) -> AsyncIterator[bytes]:
        while not self.consumed:
            self.begun = True
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.gone = True
                raise Disconnected
            self.consumed = not message.get("more_body", False)
            yield message.get("body", b"")
