"""Errors as S3 words them, and the headers of an answer that may go on."""

import re
from collections.abc import Iterable

from studiolo.asgi import Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols.xml_values import xml_text
from studiolo.forwarding import HOP_BY_HOP

RawHeaders = Iterable[tuple[bytes, bytes]]

_INNER = re.compile(rb"seaweed-|x-amz-tagging-(?!count$)")
# uvicorn puts its own Date on every answer.
_NOT_SENT_BACK = frozenset(name.encode() for name in HOP_BY_HOP | {"date"})


async def error_answer(
    send: Send, error: ServiceError, request_id: str, request: HttpRequest, *, begun: bool = False
) -> None:
    """Answer with `error` as S3 does. `begun`: whether the request's body has been asked for.

    A client that waits for `100 Continue` and was not told may send no body any more: its connection ends. Any other is
    left to send its body to the end, which the server throws away: a connection that is closed while data comes in is
    reset, and the answer lost.
    """
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{xml_text(error.code)}</Code><Message>{xml_text(error.message)}</Message>"
        f"<Resource>{xml_text(request.path)}</Resource><RequestId>{xml_text(request_id)}</RequestId></Error>"
    ).encode("utf-8", "backslashreplace")
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amz-request-id", request_id.encode()),
    ]
    if not begun and request.headers.get("expect", "").lower() == "100-continue":
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


def sent_back(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The headers of the store's answer that go to the client.

    Not those that SeaweedFS keeps its own notes in, nor the object's tags, which are read with a right of their own.
    """
    lower = ((name.lower(), value) for name, value in headers)
    return [(name, value) for name, value in lower if name not in _NOT_SENT_BACK and not _INNER.match(name)]


def without_body(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The headers of the store's answer to another request than the client's, without what speaks of its body."""
    return [(name, value) for name, value in headers if name not in (b"content-length", b"content-type")]


async def send_whole(send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    """Answer with a body that is at hand."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
