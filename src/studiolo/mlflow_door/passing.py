"""Requests on their way to a tracking server's socket, and its answers back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from yarl import URL

from studiolo.asgi import Disconnected, Message, Receive, Send
from studiolo.forwarding import HOP_BY_HOP, relay
from studiolo.mlflow import TrackingServer
from studiolo.processes import SocketConnector
from studiolo.visits import framed_by_itself, header

_KEPT_BACK = HOP_BY_HOP | {
    "authorization", "content-length", "cookie", "host", "origin", "referer", "x-amz-content-sha256", "x-amz-date",
    "x-amz-security-token", "x-forwarded-for", "x-forwarded-proto",
}  # fmt: skip
"""Headers that are between us and the client. MLflow is asked as localhost, which is the one name it answers for."""


class NotThere(Exception):
    """Nothing answers at the socket: the server starts, or has just ended."""


class Passing:
    """The connections to the sockets of all tracking servers."""

    def __init__(self) -> None:
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """End them, on the event loop that they belong to."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def __call__(self, scope: Message, send: Send, server: TrackingServer, body: Any) -> None:
        """Pass a request on, with that body, and its answer back. Raises NotThere."""
        method = scope["method"]
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name.decode("latin-1") not in _KEPT_BACK
        }
        length = header(scope, b"content-length")
        if body is not None and length:
            headers["content-length"] = length
        try:
            async with self._session(server).request(
                method, _url(scope), headers=headers, data=body, allow_redirects=False
            ) as answer:
                back = [(name.lower(), value) for name, value in answer.raw_headers]
                back = [(name, value) for name, value in back if name.decode("latin-1") not in HOP_BY_HOP]
                await relay(answer, framed_by_itself(back), method, send, None)
        except (aiohttp.ClientConnectionError, asyncio.TimeoutError) as error:
            raise NotThere from error

    def _session(self, server: TrackingServer) -> aiohttp.ClientSession:
        session = self._sessions.get(server.socket)
        if session is None:
            session = self._sessions[server.socket] = aiohttp.ClientSession(
                connector=SocketConnector(server.socket, limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
            )
        return session


async def streamed(receive: Receive) -> AsyncIterator[bytes]:
    """The body of a request as it comes. Raises Disconnected where it does not end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _url(scope: Message) -> URL:
    query = scope["query_string"].decode("latin-1")
    return URL(f"http://localhost{scope['raw_path'].decode('latin-1')}{'?' + query if query else ''}", encoded=True)
