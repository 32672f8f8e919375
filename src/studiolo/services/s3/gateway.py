"""The way of an S3 call through the one endpoint to the store and back, streamed in both directions."""

import asyncio
import contextlib
import logging
from http import HTTPStatus

import aiohttp
from yarl import URL

from studiolo.asgi import Disconnected, Receive, Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Verified
from studiolo.services.s3.answers import error_answer, sent_back
from studiolo.services.s3.payload import Payload, StoreLost
from studiolo.services.s3.target import Target, target
from studiolo.storage import Storage, StoreUnavailable

log = logging.getLogger("studiolo.s3")

SMALL_ANSWER = 64 * 1024
"""Answers up to this many bytes are sent in one piece."""
SMALL_BODY = 64 * 1024
"""Larger bodies are sent only when the store, by `100 Continue`, wants them: a refusal then costs no upload."""
CONNECT_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.05
READ_BUFFER = 256 * 1024
"""Bytes of an answer that wait for a slow client."""


class S3Gateway:
    """Sends S3 calls on to the store. Start it in the event loop it serves in."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            read_bufsize=READ_BUFFER,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def __call__(
        self, request: HttpRequest, verified: Verified | None, receive: Receive, send: Send, request_id: str
    ) -> None:
        """Answer one S3 call.

        request: its method, url and headers (the body is taken from `receive`); verified: what `sigv4.verify` found,
        None for a request that nobody signed, which the store then judges. Where the store breaks off in the middle
        of an answer, the answer stays unfinished: the server closes the connection then, so that the client notices.
        Raises Disconnected where the client goes away first.
        """
        payload = Payload(receive)
        try:
            await self._forward(request, verified, payload, send)
        except ServiceError as error:
            await error_answer(send, error, request_id, request, begun=payload.begun)

    async def _forward(self, request: HttpRequest, verified: Verified | None, payload: Payload, send: Send) -> None:
        try:
            access = self._storage.access
        except StoreUnavailable as error:
            raise _unavailable(str(error)) from error
        to = target(request, verified, access, ours=not self._storage.external)
        any_body = await payload.begin(verified.payload_reader(request) if verified else None, to.length)
        try:
            async with await self._asked(to, payload, any_body=any_body) as answer:
                await self._answer(answer, request, payload, send)
        except (aiohttp.ClientError, asyncio.TimeoutError, StoreLost) as error:
            if payload.failure is not None:
                raise payload.failure from error
            raise _unavailable(str(error)) from error

    async def _asked(self, to: Target, payload: Payload, *, any_body: bool) -> aiohttp.ClientResponse:
        """The store's answer; while the store starts (again), the request waits for it for a while."""
        clock = asyncio.get_running_loop().time
        patience = clock() + PATIENCE_SECONDS
        while True:
            try:
                return await self._request(to, payload, any_body=any_body)
            except aiohttp.ClientConnectorError:
                # Nothing has been sent yet.
                if self._storage.external or self._storage.failed or clock() > patience:
                    raise
                await asyncio.sleep(RETRY_SECONDS)

    async def _request(self, to: Target, payload: Payload, *, any_body: bool) -> aiohttp.ClientResponse:
        if self._session is None:
            raise _unavailable("the gateway has not been started")
        headers = dict(to.headers)
        data = payload.framed() if to.framed else payload.pieces() if any_body else None
        if not to.framed and (to.length is not None or not any_body):
            headers["content-length"] = str(to.length or 0)
        return await self._session.request(
            to.method,
            URL(to.url, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
            expect100=data is not None and (to.length is None or to.length > SMALL_BODY),
            middlewares=(payload.once,),
        )

    async def _answer(self, answer: aiohttp.ClientResponse, request: HttpRequest, payload: Payload, send: Send) -> None:
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and self._storage.full:
            raise ServiceError("InsufficientStorage", "The disk that holds the objects is full.", 507)
        start = {"type": "http.response.start", "status": answer.status, "headers": sent_back(answer.raw_headers)}
        bodiless = request.method == "HEAD" or answer.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if bodiless or (answer.content_length is not None and answer.content_length <= SMALL_ANSWER):
            body = b"" if bodiless else await answer.read()
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        await send(start)
        await _stream(answer, payload.receive if payload.consumed else None, send)


async def _stream(answer: aiohttp.ClientResponse, receive: Receive | None, send: Send) -> None:
    """Send the store's answer on as fast as the client takes it, until it ends or the client goes away."""
    gone = asyncio.ensure_future(_disconnected(receive)) if receive is not None else None
    try:
        async for chunk in answer.content.iter_any():
            if gone is not None and gone.done():
                raise Disconnected
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except aiohttp.ClientError as error:
        log.warning("The object store broke off in the middle of an answer: %s", error)
    finally:
        if gone is not None:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _unavailable(reason: str) -> ServiceError:
    return ServiceError("ServiceUnavailable", f"The object store does not answer now, please try again: {reason}", 503)
