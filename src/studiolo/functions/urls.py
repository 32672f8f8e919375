"""Function URLs: addresses at which functions, or aliases of them, are called by plain HTTP."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from studiolo.domain import AlreadyExists, Clock, NotFound, Page, Scope
from studiolo.functions.model import LATEST, Function, function_arn
from studiolo.functions.store import of, paged
from studiolo.functions.tables import urls
from studiolo.state import State

NONE, IAM = "NONE", "AWS_IAM"
"""Who may call: anybody whom the function's own policy allows, or who signs and may invoke it."""

BUFFERED, STREAMED = "BUFFERED", "RESPONSE_STREAM"
"""How an answer comes: whole, or as the function makes it."""

_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class FunctionUrl:
    """id: the first label of its host name; qualifier: an alias, or LATEST; cors: as Lambda's `Cors` has it; mode: how
    answers come."""

    scope: Scope
    function: str
    qualifier: str
    id: str
    auth: str
    cors: Mapping[str, Any] | None
    mode: str
    created: datetime
    modified: datetime

    @property
    def alias(self) -> str | None:
        return None if self.qualifier == LATEST else self.qualifier

    @property
    def arn(self) -> str:
        """Of what it calls."""
        return function_arn(self.scope, self.function, self.alias)

    @property
    def host(self) -> str:
        return f"{self.id}.lambda-url.{self.scope.region}.localhost"


class Urls:
    """The URLs of every scope. find: a function, by its name and alias; port: that of the one endpoint."""

    def __init__(
        self, state: State, find: Callable[[Scope, str, str | None], Function], port: int, clock: Clock
    ) -> None:
        self._state = state
        self._find = find
        self._port = port
        self._clock = clock

    def create(
        self, scope: Scope, function: str, qualifier: str | None, auth: str, cors: Mapping[str, Any] | None, mode: str
    ) -> FunctionUrl:
        """Raises AlreadyExists, FunctionMissing."""
        self._find(scope, function, qualifier)
        identifier = "".join(secrets.choice(_ALPHABET) for _ in range(32))
        present = self._clock()
        url = FunctionUrl(scope, function, qualifier or LATEST, identifier, auth, cors, mode, present, present)
        with self._state.transaction() as tx:
            where = of(urls, scope, name=function, qualifier=url.qualifier)
            if tx.execute(urls.select().where(where)).first():
                raise AlreadyExists(f"Failed to create function url config for [functionArn = {url.arn}]. It exists.")
            bound = {"account": scope.account, "region": scope.region, "name": function, "qualifier": url.qualifier}
            tx.execute(urls.insert().values(**bound, id=identifier, **_values(url), created=present))
        return url

    def update(self, scope: Scope, function: str, qualifier: str | None, changes: Mapping[str, Any]) -> FunctionUrl:
        """Change `auth`, `cors` and `mode`, or some of them. Raises NotFound."""
        url = replace(self.of(scope, function, qualifier), **changes, modified=self._clock())
        with self._state.transaction() as tx:
            tx.execute(urls.update().where(urls.c.id == url.id).values(**_values(url)))
        return url

    def of(self, scope: Scope, function: str, qualifier: str | None) -> FunctionUrl:
        """The one of a function, or of an alias. Raises NotFound, FunctionMissing."""
        self._find(scope, function, qualifier)
        with self._state.reading() as connection:
            where = of(urls, scope, name=function, qualifier=qualifier or LATEST)
            row = connection.execute(urls.select().where(where)).first()
        if row is None:
            raise NotFound("The resource you requested does not exist.")
        return _as_url(row)

    def at(self, identifier: str, region: str) -> FunctionUrl | None:
        """The one whose host name it is."""
        with self._state.reading() as connection:
            row = connection.execute(urls.select().where(urls.c.id == identifier, urls.c.region == region)).first()
        return None if row is None else _as_url(row)

    def all(self, scope: Scope, function: str, after: str | None, limit: int) -> Page[FunctionUrl]:
        """Of a function and its aliases. Raises FunctionMissing."""
        self._find(scope, function, None)
        with self._state.reading() as connection:
            query = urls.select().where(of(urls, scope, name=function)).order_by(urls.c.qualifier)
            rows = connection.execute(query).all()
        return paged([_as_url(row) for row in rows], after, limit)

    def delete(self, scope: Scope, function: str, qualifier: str | None) -> None:
        """Raises NotFound, FunctionMissing."""
        url = self.of(scope, function, qualifier)
        with self._state.transaction() as tx:
            tx.execute(urls.delete().where(urls.c.id == url.id))

    def address(self, url: FunctionUrl) -> str:
        return f"http://{url.host}:{self._port}/"


def _values(url: FunctionUrl) -> dict[str, Any]:
    cors = None if url.cors is None else dict(url.cors)
    return {"auth": url.auth, "cors": cors, "mode": url.mode, "modified": url.modified}


def _as_url(row: Row[Any]) -> FunctionUrl:
    scope = Scope(row.account, row.region)
    return FunctionUrl(scope, row.name, row.qualifier, row.id, row.auth, row.cors, row.mode, row.created, row.modified)
