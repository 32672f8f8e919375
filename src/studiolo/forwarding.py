"""HTTP requests on their way to another process of ours and back, streamed in both directions and never held."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus

import aiohttp
from yarl import URL

from studiolo.asgi import Disconnected, Receive, Send, gone

log = logging.getLogger("studiolo")

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""RFC 9110, section 7.6.1: these speak of one connection and are never sent on."""

SMALL_ANSWER = 64 * 1024
"""Answers up to this many bytes are sent in one piece."""
CONNECT_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.05
READ_BUFFER = 256 * 1024
"""Bytes of an answer that wait for a slow client."""

Body = Callable[[], AsyncIterator[bytes] | bytes | None]
"""Makes the body of a request, anew for each attempt."""


class Upstream:
    """The connections to another process. Start it in the event loop it serves in."""

    def __init__(self) -> None:
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

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body,
        *,
        expect: bool = False,
        middlewares: tuple[aiohttp.ClientMiddlewareType, ...] = (),
        patient: Callable[[], bool] = lambda: True,
    ) -> aiohttp.ClientResponse:
        """The other's answer; while that starts (again), the request waits for it for as long as it is `patient`.

        expect: send the body only when the other, by `100 Continue`, wants it. Raises aiohttp.ClientError.
        """
        assert self._session is not None, "not started"
        clock = asyncio.get_running_loop().time
        patience = clock() + PATIENCE_SECONDS
        while True:
            try:
                return await self._session.request(
                    method,
                    URL(url, encoded=True),
                    headers=headers,
                    data=body(),
                    allow_redirects=False,
                    expect100=expect,
                    middlewares=middlewares,
                )
            except aiohttp.ClientConnectorError:
                # Nothing has been sent yet.
                if not patient() or clock() > patience:
                    raise
                await asyncio.sleep(RETRY_SECONDS)


def bodiless(method: str, status: int) -> bool:
    """Whether an answer has no body, whatever its headers say."""
    return method == "HEAD" or status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


async def relay(
    answer: aiohttp.ClientResponse,
    headers: list[tuple[bytes, bytes]],
    method: str,
    send: Send,
    receive: Receive | None,
) -> None:
    """Send an answer on as fast as the client takes it, until it ends or the client goes away (raises Disconnected).

    `receive` tells that, once the request's body was taken; None where it was not. Where the other breaks off, the
    answer stays unfinished: the server closes the connection then, so that the client notices.
    """
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    none = bodiless(method, answer.status)
    if none or (answer.content_length is not None and answer.content_length <= SMALL_ANSWER):
        body = b"" if none else await answer.read()
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    await send(start)
    going = asyncio.ensure_future(gone(receive)) if receive is not None else None
    try:
        async for chunk, _ in answer.content.iter_chunks():
            if going is not None and going.done():
                raise Disconnected
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except aiohttp.ClientError as error:
        log.warning("An answer broke off in the middle: %s", error)
    finally:
        if going is not None:
            going.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await going
