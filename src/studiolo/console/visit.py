"""One request for a page: who asks, with which clients, and how it is answered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from studiolo.console.commands import commands
from studiolo.console.menu import MENU, current, panel_of
from studiolo.console.people import Clients, Made
from studiolo.console.rendering import templates
from studiolo.signin import SignedIn, SignIns

T = TypeVar("T")

PAGE = 50
"""Rows of a list on one page."""
MOST_SEARCHED = 5000


@dataclass(frozen=True)
class Refused:
    """What a service said instead of an answer."""

    code: str
    message: str
    status: int = 500
    request: str | None = None

    @property
    def denied(self) -> bool:
        """Whether a policy was the reason: services of the JSON protocol say so with a 400."""
        return self.request is not None and (self.status == 403 or self.code.startswith("AccessDenied"))


@dataclass
class Visit:
    """A request for a page.

    path, query and form are what it says, the last value of each name; body: what comes instead of a form; base: what
    stands before the console's paths; panel: whether it is shown beside a notebook; prices: the file of a
    person's own list prices.
    """

    client: Callable[[str], Any]
    person: Clients
    signed_in: SignedIn
    sign_ins: SignIns
    base: str
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    calls: list[Made] = field(default_factory=list)
    panel: bool = False
    prices: Path = Path("prices.json")

    @property
    def region(self) -> str:
        return self.person.region

    @property
    def partition(self) -> str:
        """The partition that the server is in."""
        return str(self.signed_in.content["own"]).split(":")[1]

    def page(self, template: str, status: int = 200, **shown: Any) -> Response:
        """A page: the template, with what it shows."""
        text = (
            templates()
            .get_template(template)
            .render(
                visit=self,
                menu=panel_of(self.address) if self.panel else MENU,
                current=current(self.address),
                at=self.at,
                here=self.here,
                who=self.signed_in.content,
                viewing=self.signed_in.role_key is not None,
                commands=commands(self.calls),
                **shown,
            )
        )
        return HTMLResponse(text, status, headers={"cache-control": "no-store"})

    def go(self, path: str) -> Response:
        """Sends the browser to another page, after something was done."""
        return RedirectResponse(self.at(path), 303)

    def leave(self, link: str) -> Response:
        """Sends the browser off to another site, by a link that nobody else is to find."""
        return RedirectResponse(link, 303, headers={"cache-control": "no-store"})

    def at(self, path: str, **query: str | int | None) -> str:
        """The address of one of the console's pages."""
        given = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return f"{self.base}{path}" + (f"?{urlencode(given)}" if given else "")

    def here(self, **query: str | int | None) -> str:
        """This page's address with other values in its query."""
        return self.at(self.address, **{**self.query, **query})

    def attempt(self, call: Callable[..., T], *arguments: Any, **parameters: Any) -> T | Refused:
        """What a call gives, or how the service refused it: for a part of a page that can do without."""
        try:
            return call(*arguments, **parameters)
        except (ClientError, BotoCoreError) as error:
            return refused(error)

    def every(self, service: str, operation: str, key: str, most: int = 1000, **parameters: Any) -> Sequence[Any]:
        """All that a list has, of at most `most`."""
        client, found = self.client(service), list[Any]()
        pages = client.get_paginator(operation).paginate(**parameters) if client.can_paginate(operation) else None
        for page in pages if pages is not None else _by_token(getattr(client, operation), parameters):
            found += page.get(key, [])
            if len(found) >= most:
                break
        return found[:most]

    def found(self, service: str, operation: str, key: str, name: str, **parameters: Any) -> list[Any]:
        """Of a list that its service cannot search, the first whose `name` has in it what is looked for."""
        wanted = self.query.get("find", "").lower()
        every = self.every(service, operation, key, MOST_SEARCHED, **parameters)
        return [each for each in every if wanted in str(each.get(name, "")).lower()][:PAGE]


def _by_token(call: Callable[..., Any], parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The pages of a list that boto3 has no paginator for."""
    page = call(**parameters)
    yield page
    while page.get("NextToken"):
        page = call(**parameters, NextToken=page["NextToken"])
        yield page


def refused(error: Exception) -> Refused:
    """A client's error in the service's words."""
    if not isinstance(error, ClientError):
        # What a client finds wrong with what it was given is the asker's to mend.
        return Refused(type(error).__name__, str(error), 400 if isinstance(error, ParamValidationError) else 500)
    said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    message = said.get("Message") or said.get("message") or error.response.get("message") or str(error)
    return Refused(said.get("Code", "Unknown"), message, meta.get("HTTPStatusCode", 500), meta.get("RequestId"))
