"""What is at the name of a tracking server: MLflow's pages, for the browser that has opened a link of it.

Each server has a name, and so an origin, of its own: what a user's run shows there reaches no other page.
"""

import re
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool

from studiolo.asgi import Disconnected, Message, Receive, Send
from studiolo.domain import DomainError
from studiolo.http_server import SameOrigin
from studiolo.mlflow import Opening, TrackingServer
from studiolo.mlflow_door.passing import NotThere, Passing, streamed
from studiolo.visits import cookie_name, cookies, header, redirect, refuse, signed_in

NAME = re.compile(r"(t-[a-z0-9]{12})\.mlflow\.([a-z0-9-]+)\.localhost")
"""The host names of tracking servers."""


class MlflowSite:
    """The ASGI app for the names of all tracking servers."""

    def __init__(self, opening: Opening, passing: Passing) -> None:
        self._opening = opening
        self._passing = passing
        self._guarded = SameOrigin(self._answer)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await self._guarded(scope, receive, send)
        except Disconnected:
            return

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        host = header(scope, b"host")
        place = NAME.fullmatch(host.partition(":")[0].lower())
        assert place is not None, "Sites has matched it"
        if scope["type"] != "http":
            await refuse(scope, send, 404, "Not here", "MLflow has no WebSockets.")
        elif scope["path"] == "/auth":
            await self._sign_in(scope, send, place[1])
        else:
            await self._show(scope, receive, send, place[1])

    async def _sign_in(self, scope: Message, send: Send, identifier: str) -> None:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("authToken", [""])[0]
        try:
            cookie = await run_in_threadpool(self._opening.redeem, identifier, token)
        except DomainError as error:
            await refuse(scope, send, 403, "This link does not open", str(error))
            return
        await redirect(send, "/", [signed_in(header(scope, b"host"), cookie)])

    async def _show(self, scope: Message, receive: Receive, send: Send, identifier: str) -> None:
        cookie = cookies(scope).get(cookie_name(header(scope, b"host")), "")
        try:
            server = await run_in_threadpool(self._opening.opened, identifier, cookie)
        except DomainError as error:
            await refuse(scope, send, 404, "Not here", str(error))
            return
        if server is None:
            text = "This browser has not opened this tracking server, or too long ago: ask for a link once more."
            await refuse(scope, send, 401, "Not opened", text)
        elif not server.active:
            await _not_up(scope, send, server)
        else:
            any_body = header(scope, b"transfer-encoding") or header(scope, b"content-length") not in ("", "0")
            try:
                await self._passing(scope, send, server, streamed(receive) if any_body else None)
            except NotThere:
                await refuse(scope, send, 503, "MLflow does not answer", "It has just ended.", refresh=True)


async def _not_up(scope: Message, send: Send, server: TrackingServer) -> None:
    text = server.failure or f"The tracking server {server.title} is {server.status}."
    coming = server.status in ("Creating", "Starting", "Updating")
    await refuse(scope, send, 503, "MLflow is not up", text, refresh=coming)
