"""Requests and responses as plain values, whatever server or client library they come from."""

import zlib
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from studiolo.aws.errors import ServiceError

MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request as received.

    url: absolute, or path and query, with its percent-escapes; headers: lower-case names, a repeated header's
    values joined by commas; body: bytes, or a binary file where the body streams; sent_names: header names as they
    were sent, by lower-case name, where they are known; peer: the address it came from.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | BinaryIO
    sent_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    peer: str | None = None
    path: str = field(init=False, repr=False)
    query: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        target = self.url.partition("#")[0]
        if not target.startswith("/"):
            rest = target.partition("://")[2]
            start = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
            target = rest[start:]
        path, _, query = target.partition("?")
        object.__setattr__(self, "path", path or "/")
        object.__setattr__(self, "query", query)

    @property
    def host(self) -> str:
        """The Host header, or the authority of an absolute url as a client would send it (no default port)."""
        host = self.headers.get("host")
        if host is not None:
            return host
        scheme, separator, rest = self.url.partition("://")
        if not separator:
            return ""
        authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
        default = {"http": ":80", "https": ":443"}.get(scheme.lower(), ":")
        return authority.removesuffix(default)

    @classmethod
    def of(cls, request: Any) -> "HttpRequest":
        """Take over anything that has `method`, `url`, `headers` and `body` (bytes, str, a binary file or None)."""
        if isinstance(request, HttpRequest):
            return request
        headers: dict[str, str] = {}
        names: dict[str, str] = {}
        for name, value in request.headers.items():
            sent, text = _text(name), _text(value)
            key = sent.lower()
            names[key] = sent
            headers[key] = f"{headers[key]},{text}" if key in headers else text
        body = request.body
        if body is None:
            body = b""
        elif isinstance(body, str):
            body = body.encode()
        elif isinstance(body, (bytearray, memoryview)):
            body = bytes(body)
        return cls(request.method, request.url, headers, body, names)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP response; a body that streams is an iterable of bytes, asynchronous where one waits for them."""

    status_code: int
    headers: dict[str, str]
    body: bytes | Iterable[bytes] | AsyncIterable[bytes]


def content(request: HttpRequest, max_body: int = MAX_BODY) -> bytes:
    """The request's body in memory, decompressed where `Content-Encoding: gzip` says so.

    Raises ServiceError (413) for more than `max_body` bytes, (400) for a broken gzip stream.
    """
    body = request.body if isinstance(request.body, bytes) else request.body.read(max_body + 1)
    if len(body) > max_body:
        raise _too_large(max_body)
    encodings = request.headers.get("content-encoding")
    if encodings and body and encodings.rpartition(",")[2].strip().lower() == "gzip":
        return _gunzip(body, max_body)
    return body


def _gunzip(body: bytes, max_body: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, max_body + 1)
    except zlib.error as error:
        raise ServiceError("SerializationException", f"The body is not valid gzip: {error}") from error
    if len(inflated) > max_body:
        raise _too_large(max_body)
    if not inflater.eof:
        raise ServiceError("SerializationException", "The gzip body ends too early")
    return inflated


def _too_large(max_body: int) -> ServiceError:
    return ServiceError("RequestEntityTooLarge", f"The request body is larger than {max_body} bytes", 413)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return str(value)
