"""ASGI's messages as the requests and responses of the wire."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from studiolo.aws.http import HttpRequest, HttpResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Disconnected(Exception):
    """The client went away before it had sent its whole request."""


def request_head(scope: Message) -> HttpRequest:
    """The request without its body: method, raw path and query, headers."""
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        # Clients send the same names again and again, and requests that are held keep theirs.
        name, value = sys.intern(raw_name.decode("latin-1")), _text(raw_value)
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client = scope.get("client")
    url = f"{path}?{query}" if query else path
    return HttpRequest(scope["method"], url, headers, b"", peer=client[0] if client else None)


def _text(value: bytes) -> str:
    """A header's value: clients send UTF-8 (S3 metadata), and HTTP allows latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def send_response(send: Send, response: HttpResponse, receive: Receive | None = None) -> None:
    """Send a response; a body that streams is read off the event loop, chunk by chunk.

    `receive` tells that the client goes away, which ends a body that one waits for.
    """
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    if isinstance(response.body, bytes):
        if not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})
        return
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    if isinstance(response.body, AsyncIterable):
        await _send_as_it_comes(send, response.body, receive)
    else:
        await _send_chunks(send, response.body)
    await send({"type": "http.response.body", "body": b""})


async def _send_as_it_comes(send: Send, body: AsyncIterable[bytes], receive: Receive | None) -> None:
    going = None if receive is None else asyncio.ensure_future(gone(receive))
    chunks = body.__aiter__()
    try:
        async for chunk in chunks:
            if going is not None and going.done():
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        if going is not None:
            going.cancel()
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


async def gone(receive: Receive) -> None:
    """Wait until the client has gone away; to be asked once the request's body is taken."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_chunks(send: Send, body: Iterable[bytes]) -> None:
    chunks = iter(body)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
