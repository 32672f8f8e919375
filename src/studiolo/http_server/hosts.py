"""Which requests may come from a browser: those for a host that is ours, and to our own pages only from themselves.

A page of any site can make its own name resolve to 127.0.0.1 (DNS rebinding) and then read what we answer; that name
stands in the Host header.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# Names that resolve to this machine alone, and Amazon's own, which hosts files and plugins lead here.
_LOCAL = re.compile(r"(.+\.)?(localhost|localhost\.localstack\.cloud|amazonaws\.com(\.cn)?|api\.aws)")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]/@\s]+)(:\d{1,5})?")
_SAFE = ("GET", "HEAD", "OPTIONS")
_REMEMBERED = 256


class Hosts:
    """Lets requests through whose Host header is ours; others are answered 421 (Misdirected Request), none 400.

    Ours are the addresses listened on, loopback addresses, names below localhost, Amazon's names and `names`. Where
    every address is listened on, any address is: only a name can be rebound.
    """

    def __init__(self, app: App, addresses: Iterable[str], names: Collection[str]) -> None:
        self._app = app
        self._addresses = {_address(each) for each in addresses}
        self._any_address = any(each is not None and each.is_unspecified for each in self._addresses)
        self._names = {name.lower().rstrip(".") for name in names}
        self._known: dict[bytes, bool] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            given = [value for name, value in scope["headers"] if name == b"host"]
            if len(given) != 1:
                await _answer(scope, send, 400, "The request needs one Host header.")
                return
            if not self._is_ours(given[0]):
                host = given[0][:100].decode("ascii", "replace")
                message = f"This server does not answer for the host {host!r}; STUDIOLO_HOSTS can name further ones."
                await _answer(scope, send, 421, message)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, authority: bytes) -> bool:
        known = self._known.get(authority)
        if known is None:
            known = self.allow(authority.decode("latin-1"))
            if len(self._known) < _REMEMBERED:
                self._known[authority] = known
        return known

    def allow(self, authority: str) -> bool:
        """Whether a host, with or without a port, is ours."""
        match = _AUTHORITY.fullmatch(authority)
        if match is None:
            return False
        host = match["host"].lower().rstrip(".")
        address = _address(host)
        if address is not None:
            return self._any_address or address.is_loopback or address in self._addresses
        return host in self._names or _LOCAL.fullmatch(host) is not None


class SameOrigin:
    """Refuses (403) what a page of another origin makes a browser send, unless it only reads; and its WebSockets.

    What is read such a page is never shown: we send it no permission (CORS).
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        unsafe = scope["type"] == "websocket" or (scope["type"] == "http" and scope["method"] not in _SAFE)
        if unsafe and _is_foreign(dict(scope["headers"])):
            await _answer(scope, send, 403, "This request was sent by a page of another site.")
            return
        await self._app(scope, receive, send)


def _is_foreign(headers: dict[bytes, bytes]) -> bool:
    if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        return True
    origin = headers.get(b"origin")
    return origin is not None and urlsplit(origin).netloc != headers.get(b"host")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


async def _answer(scope: Message, send: Send, status: int, message: str) -> None:
    body = message.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
