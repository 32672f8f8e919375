"""The way of an S3 call through the door to the store and back, streamed in both directions."""

import asyncio
from http import HTTPStatus

import aiohttp

from studiolo.asgi import Receive, Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Verified
from studiolo.door.answers import error_answer, sent_back
from studiolo.door.payload import Payload, StoreLost
from studiolo.door.store import Store
from studiolo.door.target import Target, target
from studiolo.forwarding import Upstream, relay

SMALL_BODY = 64 * 1024
"""Larger bodies are sent only when the store, by `100 Continue`, wants them: a refusal then costs no upload."""


class S3Gateway:
    """Sends S3 calls on to the store. Start it in the event loop it serves in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._upstream = Upstream()

    async def start(self) -> None:
        await self._upstream.start()

    async def close(self) -> None:
        await self._upstream.close()

    async def __call__(
        self, request: HttpRequest, verified: Verified | None, receive: Receive, send: Send, request_id: str
    ) -> None:
        """Answer one S3 call.

        request: its method, url and headers (the body is taken from `receive`); verified: what `sigv4.verify` found,
        None for a request that nobody signed, which the store then judges. Raises Disconnected where the client goes
        away first.
        """
        payload = Payload(receive)
        try:
            await self._forward(request, verified, payload, send)
        except ServiceError as error:
            await error_answer(send, error, request_id, request, begun=payload.begun)

    async def _forward(self, request: HttpRequest, verified: Verified | None, payload: Payload, send: Send) -> None:
        to = target(request, verified, self._store.access, ours=not self._store.external)
        any_body = await payload.begin(verified.payload_reader(request) if verified else None, to.length)
        try:
            async with await self._asked(to, payload, any_body=any_body) as answer:
                if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and self._store.full:
                    raise ServiceError("InsufficientStorage", "The disk that holds the objects is full.", 507)
                headers = sent_back(answer.raw_headers)
                await relay(answer, headers, request.method, send, payload.receive if payload.consumed else None)
        except (aiohttp.ClientError, asyncio.TimeoutError, StoreLost) as error:
            if payload.failure is not None:
                raise payload.failure from error
            message = f"The object store does not answer now, please try again: {error}"
            raise ServiceError("ServiceUnavailable", message, 503) from error

    async def _asked(self, to: Target, payload: Payload, *, any_body: bool) -> aiohttp.ClientResponse:
        headers = dict(to.headers)
        body = payload.framed if to.framed else payload.pieces if any_body else None
        if not to.framed and (to.length is not None or not any_body):
            headers["content-length"] = str(to.length or 0)
        return await self._upstream.ask(
            to.method,
            to.url,
            headers,
            body,
            expect=body is not None and (to.length is None or to.length > SMALL_BODY),
            middlewares=(payload.once,),
            patient=not self._store.external,
        )
