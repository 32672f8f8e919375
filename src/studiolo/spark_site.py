"""What is at the names of Spark's pages: who has opened the link of one is passed on to it, and shown nothing else.

Each target has a name, so that Spark's pages are at the root of it, as they expect. They show what users' programs
say, and only that: what is passed on reads, and has no cookie but the one that Spark's door wants.
"""

import asyncio
import re
from urllib.parse import parse_qs, urlsplit

import aiohttp
from starlette.concurrency import run_in_threadpool

from studiolo.asgi import Disconnected, Message, Receive, Send
from studiolo.domain import Conflict, Denied, DomainError
from studiolo.forwarding import HOP_BY_HOP, Upstream, relay
from studiolo.sparkui import Page, Pages
from studiolo.visits import cookie_name, cookies, header, redirect, refuse, signed_in

NAME = re.compile(r"(s-[0-9a-f]{24})\.spark\.([a-z0-9-]+)\.localhost")
"""The host names of Spark's pages."""

SENT_ON = ("accept", "accept-encoding", "accept-language", "user-agent", "x-requested-with")
"""Of a browser's headers those that Spark is told."""

YARN_BASE = re.compile(r"/proxy/application_\d+_\d+(?=/|$)")
"""What pages of a driver on YARN begin their links with, for YARN's proxy."""

OF_HISTORY = ("/history/", "/static/", "/api/")
"""Where the history server has its pages; a driver has others."""


class SparkSite:
    """The ASGI app for the names of all of Spark's pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._upstream: Upstream | None = None

    async def close(self) -> None:
        """End the connections to Spark, on the event loop that they belong to."""
        if self._upstream is not None:
            await self._upstream.close()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        host = header(scope, b"host")
        place = NAME.fullmatch(host.partition(":")[0].lower())
        assert place is not None, "Sites has matched it"
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await refuse(scope, send, 405, "Not here", "Spark's pages are read here, and nothing more.")
        elif scope["path"] == "/auth":
            await self._open(scope, send, place[1])
        else:
            await self._show(scope, send, place[1])

    async def _open(self, scope: Message, send: Send, name: str) -> None:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        try:
            cookie, path = self._pages.links.redeem(name, token)
        except Denied as error:
            if self._has_opened(scope, name):
                await redirect(send, "/")
            else:
                await refuse(scope, send, 403, "This link does not open", str(error))
            return
        await redirect(send, path, [signed_in(header(scope, b"host"), cookie)])

    def _has_opened(self, scope: Message, name: str) -> bool:
        """Whether the pages are open in this browser: an old link under a cell leads to them all the same."""
        try:
            self._pages.links.opened(name, _cookie(scope))
        except Denied:
            return False
        return True

    async def _show(self, scope: Message, send: Send, name: str) -> None:
        try:
            target = self._pages.links.opened(name, _cookie(scope))
            page = await run_in_threadpool(self._pages.page, target)
        except Denied:
            text = "This browser has not opened these pages, or too long ago: ask for their link once more."
            await refuse(scope, send, 401, "Not opened", text)
        except Conflict as error:
            await refuse(scope, send, 503, "Not there yet", str(error), refresh=True)
        except DomainError as error:
            await refuse(scope, send, 404, "Not here", str(error))
        else:
            if (elsewhere := _elsewhere(YARN_BASE.sub("", scope["path"], count=1) or "/", page)) is not None:
                await redirect(send, elsewhere)
            else:
                await self._pass(scope, send, page)

    async def _pass(self, scope: Message, send: Send, page: Page) -> None:
        if self._upstream is None:
            self._upstream = Upstream()
            await self._upstream.start()
        headers = {name: value for name in SENT_ON if (value := header(scope, name.encode()))}
        port = urlsplit(page.url).port
        if page.token is not None:
            headers["cookie"] = f"studiolo-spark-{port}={page.token}"
        query = scope["query_string"].decode("latin-1")
        path = YARN_BASE.sub("", scope["raw_path"].decode("latin-1"), count=1) or "/"
        url = f"{page.url}{path}{'?' + query if query else ''}"
        method = scope["method"]
        try:
            answer = await self._upstream.ask(method, url, headers, lambda: None, patient=lambda: False)
        except (aiohttp.ClientError, asyncio.TimeoutError):
            text = "Spark's pages do not answer: it is starting, or has just ended."
            await refuse(scope, send, 503, "Not there yet", text, refresh=True)
            return
        async with answer:
            try:
                await relay(answer, _told(answer, page.url), method, send, None)
            except Disconnected:
                return


def _cookie(scope: Message) -> str:
    return cookies(scope).get(cookie_name(header(scope, b"host")), "")


def _elsewhere(path: str, page: Page) -> str | None:
    """Where a path leads that is not of the pages that there are now: a driver's may have ended meanwhile."""
    if page.history:
        return None if path.startswith(OF_HISTORY) or path == page.begin else page.begin
    return page.begin if path != page.begin and (path == "/" or path.startswith("/history/")) else None


def _told(answer: aiohttp.ClientResponse, url: str) -> list[tuple[bytes, bytes]]:
    """The headers of Spark's answer, as they are at our name."""
    told = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
    for raw_name, value in answer.raw_headers:
        name = raw_name.lower()
        if name == b"location":
            value = value.removeprefix(url.encode())
        if name not in (b"set-cookie", b"x-content-type-options") and name.decode("latin-1") not in HOP_BY_HOP:
            told.append((name, value))
    return told
