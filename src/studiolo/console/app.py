"""The ASGI app of the console: signing in and out, and the way from an address to a page."""

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from studiolo.console.guard import Guarded
from studiolo.console.pages import PAGES, Page
from studiolo.console.people import Key, People, noted
from studiolo.console.rendering import templates
from studiolo.console.visit import Visit, refused
from studiolo.domain import Denied
from studiolo.http_server import SameOrigin
from studiolo.signin import CONSOLE, SignedIn, SignIns

THREADS = 12
"""Pages have threads of their own: each waits for the server that it is in."""
SENDING = 4
"""Those that take what a browser sends, at its pace."""
AT_ONCE = 6
"""Pages of one sign-in that are made at a time."""
MOST_FORM = 1024 * 1024
MOST_FIELDS = 200
FROM_SCRIPT = "x-studiolo-form"
"""Says that a form was sent by the page's script, which leaves it as it was filled in where it is refused."""

FindKey = Callable[[str], tuple[Key, str, datetime | None] | None]
"""The key of an id, the ARN that it acts as, and when it ends; None once it is worth nothing."""


def console(sign_ins: SignIns, find_key: FindKey, people: People, region: str, prices: Path) -> Starlette:
    """The app. Its sign-ins are for `CONSOLE`; region: where a person begins; prices: a file of their own, if there is."""
    pages = Pages(sign_ins, find_key, people, region, prices)
    routes: list[Any] = [
        Route("/sign-in", pages.sign_in, methods=["GET"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        *(Route(page.path, partial(pages.show, page), methods=[page.method]) for page in PAGES),
        Route("/{rest:path}", pages.missing),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guarded), Middleware(SameOrigin)])


class Pages:
    """Finds out who asks, and has the page made in a thread."""

    panel = False

    def __init__(self, sign_ins: SignIns, find_key: FindKey, people: People, region: str, prices: Path) -> None:
        self._sign_ins = sign_ins
        self.find_key = find_key
        self._people = people
        self._region = region
        self.prices = prices
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        self._taking = ThreadPoolExecutor(SENDING, thread_name_prefix="sent")
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def show(self, page: Page, request: Request) -> Response:
        """A page, for who is signed in."""
        form: Mapping[str, str] = {}
        if request.method == "POST" and page.form:
            found = await _form(request)
            if found is None:
                return PlainTextResponse("The form is too large.", 413)
            form = found
        who = await self._run(self.who, request)
        if who is None:
            return _signed_out(request)
        signed_in, key = who
        if len(self._turns) > 1000:
            self._turns.clear()
        turn = self._turns.setdefault(signed_in.id, asyncio.Semaphore(AT_ONCE))
        async with turn:
            body = page.body(request) if page.body is not None else None
            pool = self._pool if body is None else self._taking
            try:
                made = partial(self._run, self._made, page, request, signed_in, key, form, body)
                answer: Response = await made(pool=pool)
                return _told(answer) if FROM_SCRIPT in request.headers else answer
            except ClientDisconnect:
                return PlainTextResponse("It was not sent to its end.", 400)

    async def sign_in(self, request: Request) -> Response:
        """Turns a token into a cookie. The page moves on by itself: a cookie that is Strict misses a redirect's target."""
        try:
            cookie = await self._run(self._redeem, request.query_params.get("token", ""))
        except Denied as error:
            return _signed_out(request, str(error))
        text = templates().get_template("signed_in.html").render(at=_at(request))
        answer = HTMLResponse(text, headers={"cache-control": "no-store"})
        answer.set_cookie(cookie_name(request), cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def sign_out(self, request: Request) -> Response:
        who = await self._run(self.who, request)
        if who is not None:
            await self._run(self._sign_ins.end, who[0])
        answer = _signed_out(request, "You are signed out.", 200)
        answer.delete_cookie(cookie_name(request))
        return answer

    async def missing(self, request: Request) -> Response:
        if await self._run(self.who, request) is None:
            return _signed_out(request)
        return await self.show(Page("GET", "/", _missing), request)

    async def _run(self, call: Callable[..., Any], *arguments: Any, pool: ThreadPoolExecutor | None = None) -> Any:
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(pool or self._pool, run, call, *arguments)

    def _redeem(self, token: str) -> str:
        offer = self._sign_ins.offered(token, CONSOLE)
        known = self.find_key(offer.key) if offer.key is not None else None
        if known is None:
            raise Denied("The key that this link was made with is not valid any more.")
        return self._sign_ins.redeem(token, CONSOLE, known[2])[0]

    def who(self, request: Request) -> tuple[SignedIn, Key] | None:
        """Who is signed in, and the key they sign with; as the root user or a role's session, as they chose."""
        cookie = request.cookies.get(cookie_name(request))
        signed_in = self._sign_ins.find(cookie, CONSOLE) if cookie else None
        if signed_in is None or signed_in.key is None:
            return None
        own = self.find_key(signed_in.key)
        if own is None:
            return None
        role = None
        if signed_in.role_key is not None:
            role = self.find_key(signed_in.role_key)
            if role is None:
                self._sign_ins.change(signed_in, None, signed_in.content)
                signed_in = self._sign_ins.find(cookie or "", CONSOLE) or signed_in
        key, arn, _ = role or own
        content = {"region": self._region, **signed_in.content, "arn": arn, "own": own[1]}
        return SignedIn(
            signed_in.id, signed_in.place, signed_in.key, signed_in.role_key, content, signed_in.expires
        ), key

    def _made(
        self, page: Page, request: Request, signed_in: SignedIn, key: Key, form: Mapping[str, str], body: Any
    ) -> Response:
        region = signed_in.content["region"]
        base = request.scope.get("root_path", "")
        with noted() as calls:
            visit = Visit(
                self._people.clients(key, region),
                self._people.of(key, region),
                signed_in,
                self._sign_ins,
                base,
                request.scope["path"].removeprefix(base) or "/",
                request.path_params,
                dict(request.query_params),
                form,
                body,
                calls,
                self.panel,
                self.prices,
            )
            try:
                return page.make(visit)
            except (ClientError, BotoCoreError) as error:
                said = refused(error)
                return visit.page("refused.html", said.status if said.status >= 400 else 500, said=said)


def _told(answer: Response) -> Response:
    """Where to go, as what a script can read: it may not follow to another site, and reads the page but once."""
    if answer.status_code != 303:
        return answer
    return Response(status_code=204, headers={"x-studiolo-go": answer.headers["location"], "cache-control": "no-store"})


def cookie_name(request: Request) -> str:
    """Cookies do not know ports: two Studiolos would sign each other out."""
    return f"studiolo-{request.url.port or 80}"


def _missing(visit: Visit) -> Response:
    return visit.page("missing.html", 404)


def _at(request: Request) -> Callable[[str], str]:
    base = request.scope.get("root_path", "")
    return lambda path: f"{base}{path}"


def _signed_out(request: Request, reason: str | None = None, status: int = 401) -> Response:
    text = templates().get_template("signed_out.html").render(at=_at(request), reason=reason)
    if "hx-request" in request.headers:
        # What is to be a part of a page would be shown inside it.
        return PlainTextResponse("Signed out.", status, headers={"HX-Refresh": "true"})
    return HTMLResponse(text, status, headers={"cache-control": "no-store"})


async def _form(request: Request) -> Mapping[str, str] | None:
    """The fields of a form, the last of each name; None for one that is too large, or has too many."""
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > MOST_FORM:
            return None
    try:
        return dict(parse_qsl(taken.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return None
