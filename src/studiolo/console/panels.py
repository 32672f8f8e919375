"""The same pages beside a notebook: at the name of its domain or notebook instance, as the role that it acts as."""

from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from studiolo.console.app import FindKey, Pages
from studiolo.console.guard import Guarded
from studiolo.console.pages import PAGES
from studiolo.console.people import Key, People
from studiolo.signin import SignedIn, SignIns

NOT_HERE = ("/view-as", "/view-as/end", "/region")
"""Another role, or region, than the notebook's is the console's."""


def panels(sign_ins: SignIns, find_key: FindKey, people: People, told: str, prices: Path) -> Starlette:
    """The app. told: where in its scope a request says the id of the key that it is made with; prices: as the console's."""
    pages = Panels(sign_ins, find_key, people, told, prices)
    routes: list[Any] = [
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        *(
            Route(page.path, partial(pages.show, page), methods=[page.method])
            for page in PAGES
            if page.path not in NOT_HERE
        ),
        Route("/{rest:path}", pages.missing),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guarded)])


class Panels(Pages):
    """Who asks is known before: the server has found the notebook's role by the cookie of the domain."""

    panel = True

    def __init__(self, sign_ins: SignIns, find_key: FindKey, people: People, told: str, prices: Path) -> None:
        super().__init__(sign_ins, find_key, people, "", prices)
        self._told = told

    def who(self, request: Request) -> tuple[SignedIn, Key] | None:
        identifier = request.scope[self._told]
        known = self.find_key(identifier)
        if known is None:
            return None
        key, arn, expires = known
        assert expires is not None, "the key of a role's session ends"
        # `d-….studio.REGION.localhost`, or `NAME-….notebook.REGION.localhost`.
        place, _, region = (request.url.hostname or "").removesuffix(".localhost").split(".", 2)
        content = {"region": region, "arn": arn, "own": arn}
        return SignedIn(identifier, place, identifier, None, content, expires), key
