"""What is at the name of a Studio domain, or of a notebook instance: its sign-in, and JupyterLab behind a proxy.

The proxy adds the app's token; JupyterLab tells it to its own page as well, where it is worth nothing: what comes here is
let through for a cookie alone. An app that is told its token checks no origin any more, so that is done here
(`SameOrigin`), for every WebSocket too. All that a user's program shows stays at this name.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qs

import aiohttp
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp
from yarl import URL

from studiolo.asgi import Disconnected, Message, Receive, Send
from studiolo.domain import DomainError
from studiolo.forwarding import HOP_BY_HOP, relay
from studiolo.http_server import SameOrigin
from studiolo.processes import SocketConnector
from studiolo.studio import Door, Lab
from studiolo.visits import cookie_name, cookies, framed_by_itself, header, redirect, refuse, signed_in

NAME = re.compile(r"(?:(d-[a-z0-9]+)\.studio|([a-z0-9-]+-[0-9a-f]{4})\.notebook)\.([a-z0-9-]+)\.localhost")
STUDIO, NOTEBOOK = "studio", "notebook"
_NOT_SENT_ON = HOP_BY_HOP | {"authorization", "cookie", "x-forwarded-for", "x-forwarded-proto", "content-length"}
_NOT_OF_SOCKETS = {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
Socket = aiohttp.ClientWebSocketResponse[bool]
ENDED = ("Deleting", "Deleted", "Stopping", "Stopped")
PANELS, KEY = "/studiolo", "studiolo.key"
"""Where the panels of JupyterLab are, and where a request for one says whose key it is made with."""

LARGEST_MESSAGE = 64 * 1024 * 1024
CLOSED = 1001
REFUSED = 1008


class StudioSite:
    """The ASGI app for the names of all domains and notebook instances.

    doors: what is behind names, by STUDIO and NOTEBOOK; panels: the pages at PANELS, told the id of a key of the role.
    """

    def __init__(self, doors: Mapping[str, Door], panels: ASGIApp) -> None:
        self._doors = doors
        self._panels = panels
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._guarded = SameOrigin(self._answer)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await self._guarded(scope, receive, send)
        except Disconnected:
            return

    async def close(self) -> None:
        """End the connections to apps, on the event loop that they belong to."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        host = header(scope, b"host")
        found = NAME.fullmatch(host.partition(":")[0].lower())
        assert found is not None, "Sites has matched it"
        place, region = found[1] or found[2], found[3]
        door = self._doors[STUDIO if found[1] else NOTEBOOK]
        if scope["path"] == "/auth" and scope["type"] == "http":
            await self._sign_in(scope, send, door, place, region)
            return
        name = cookie_name(host)
        cookie = cookies(scope).get(name)
        try:
            who = await run_in_threadpool(door.signed_in, place, region, cookie) if cookie else None
            lab = await run_in_threadpool(door.lab, who) if who is not None else None
        except DomainError as error:
            await refuse(scope, send, 404, "Not here", str(error))
            return
        if who is None:
            text = "This browser is not signed in here: open it from the console, or with `studiolo studio`."
            await refuse(scope, send, 401, "Signed out", text)
        elif lab is None or lab.status in ENDED:
            await refuse(scope, send, 404, "It does not run", "Open it again from the console.")
        elif scope["path"] == "/":
            await redirect(send, lab.base + lab.landing)
        elif lab.status == "Failed":
            again = "Its files are there: open it again from the console, or with `studiolo studio`."
            await refuse(scope, send, 502, f"{lab.title} does not run", f"{lab.failure or ''} {again}")
        elif lab.status == "Pending":
            await _starting(scope, send, lab)
        elif scope["type"] == "http" and scope["path"].startswith(f"{PANELS}/"):
            key = await run_in_threadpool(door.key, lab)
            await self._panels({**scope, "root_path": PANELS, KEY: key.id}, receive, send)
        elif scope["type"] == "websocket":
            await self._pass_socket(scope, receive, send, lab, name)
        else:
            await self._pass(scope, receive, send, lab, name)

    async def _sign_in(self, scope: Message, send: Send, door: Door, place: str, region: str) -> None:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        try:
            landing = await run_in_threadpool(door.redeem, place, region, token)
        except DomainError as error:
            await refuse(scope, send, 403, "You are not signed in", str(error))
            return
        await redirect(send, landing.path, [signed_in(header(scope, b"host"), landing.cookie)])

    async def _pass(self, scope: Message, receive: Receive, send: Send, lab: Lab, cookie: str) -> None:
        method = scope["method"]
        length = header(scope, b"content-length")
        any_body = bool(header(scope, b"transfer-encoding")) or length not in ("", "0")
        headers = _sent_on(scope, lab, cookie)
        if length and any_body:
            headers["content-length"] = length
        session = self._session(lab)
        try:
            async with session.request(
                method,
                _url(scope, lab),
                headers=headers,
                data=_body(receive) if any_body else None,
                allow_redirects=False,
            ) as answer:
                back = [(name.lower(), value) for name, value in answer.raw_headers]
                back = [(name, value) for name, value in back if name.decode("latin-1") not in HOP_BY_HOP]
                back.append((b"x-content-type-options", b"nosniff"))
                await relay(answer, framed_by_itself(back), method, send, None)
        except (aiohttp.ClientError, asyncio.TimeoutError):
            await _starting(scope, send, lab)

    async def _pass_socket(self, scope: Message, receive: Receive, send: Send, lab: Lab, cookie: str) -> None:
        headers = {name: value for name, value in _sent_on(scope, lab, cookie).items() if name not in _NOT_OF_SOCKETS}
        try:
            inner = await self._session(lab).ws_connect(
                _url(scope, lab), headers=headers, protocols=scope.get("subprotocols", []), max_msg_size=LARGEST_MESSAGE
            )
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            await refuse(scope, send, getattr(error, "status", 502), "No connection", f"{lab.title} does not answer.")
            return
        async with inner:
            await receive()
            await send({"type": "websocket.accept", "subprotocol": inner.protocol})
            inwards = asyncio.ensure_future(_inwards(receive, inner))
            outwards = asyncio.ensure_future(_outwards(inner, send))
            _, left = await asyncio.wait((inwards, outwards), return_when=asyncio.FIRST_COMPLETED)
            for each in left:
                each.cancel()
            await asyncio.gather(inwards, outwards, return_exceptions=True)
        if inwards in left:
            with contextlib.suppress(RuntimeError):  # the browser has gone as well
                await send({"type": "websocket.close", "code": _speakable(inner.close_code)})

    def _session(self, lab: Lab) -> aiohttp.ClientSession:
        """The connections to a JupyterLab's socket."""
        session = self._sessions.get(lab.socket)
        if session is None:
            session = self._sessions[lab.socket] = aiohttp.ClientSession(
                connector=SocketConnector(lab.socket, limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept", "Content-Type"),
            )
        return session


async def _inwards(receive: Receive, inner: Socket) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("bytes") is not None:
            await inner.send_bytes(message["bytes"])
        else:
            await inner.send_str(message["text"])


async def _outwards(inner: Socket, send: Send) -> None:
    async for message in inner:
        if message.type is aiohttp.WSMsgType.BINARY:
            await send({"type": "websocket.send", "bytes": message.data})
        elif message.type is aiohttp.WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _sent_on(scope: Message, lab: Lab, cookie: str) -> dict[str, str]:
    """The headers that the app sees: the browser's without our cookie, and its own token."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1")
        if name not in _NOT_SENT_ON:
            headers[name] = raw_value.decode("latin-1")
    others = "; ".join(f"{name}={value}" for name, value in cookies(scope).items() if name != cookie)
    if others:
        headers["cookie"] = others
    headers["authorization"] = f"token {lab.token}"
    return headers


def _url(scope: Message, lab: Lab) -> URL:
    query = scope["query_string"].decode("latin-1")
    path = scope["raw_path"].decode("latin-1")
    if lab.is_editor:
        path = f"/{path.removeprefix(lab.base)}"
    return URL(f"http://{header(scope, b'host')}{path}{'?' + query if query else ''}", encoded=True)


def _speakable(code: int | None) -> int:
    """A code that may be sent: some only tell that none was."""
    return code if code is not None and (code in (1000, 1001, 1003) or 1007 <= code <= 1014 or code >= 3000) else CLOSED


async def _starting(scope: Message, send: Send, lab: Lab) -> None:
    text = "It is being started. The first time on this machine its packages are fetched, which takes a minute."
    await refuse(scope, send, 503, f"{lab.title} starts", text, refresh=True)
