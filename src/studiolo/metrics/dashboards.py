"""Dashboards: kept and given back; the console of AWS draws them, not Studiolo."""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from studiolo.domain import Clock, Invalid, NotFound, Page, Scope
from studiolo.metrics.tables import dashboards
from studiolo.state import State, page

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard's JSON, by its name."""

    name: str
    body: str
    changed: datetime


class Dashboards:
    """The dashboards of a data folder."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def put(self, scope: Scope, name: str, body: str) -> None:
        """Add or replace one. Raises Invalid."""
        if not _NAME.fullmatch(name):
            raise Invalid(f"The value {name} for field DashboardName contains invalid characters.")
        try:
            content = json.loads(body)
        except ValueError as error:
            raise Invalid(f"The field DashboardBody must be a valid JSON object: {error}.") from error
        if not isinstance(content, dict):
            raise Invalid("The field DashboardBody must be a valid JSON object.")
        values = {"body": body, "changed": self._clock()}
        with self._state.transaction() as tx:
            if not tx.execute(dashboards.update().where(_is(scope, name)).values(values)).rowcount:
                bound = {"account": scope.account, "region": scope.region, "name": name}
                tx.execute(dashboards.insert().values(**bound, **values))

    def get(self, scope: Scope, name: str) -> Dashboard:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(select(dashboards).where(_is(scope, name))).first()
        if row is None:
            raise NotFound(f"Dashboard {name} does not exist")
        return Dashboard(row.name, row.body, row.changed)

    def list(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[Dashboard]:
        """Those whose names begin so, by name."""
        columns = dashboards.c
        mine = and_(columns.account == scope.account, columns.region == scope.region)
        query = select(dashboards).where(mine, columns.name.startswith(prefix, autoescape=True))
        with self._state.reading() as connection:
            found = page(connection, query, columns.name, after, limit)
        return Page([Dashboard(row.name, row.body, row.changed) for row in found.items], found.next)

    def delete(self, scope: Scope, *names: str) -> None:
        """Forget them all. Raises NotFound where one is not there, and forgets none then."""
        with self._state.transaction() as tx:
            for name in names:
                if not tx.execute(dashboards.delete().where(_is(scope, name))).rowcount:
                    raise NotFound(f"Dashboard {name} does not exist")


def _is(scope: Scope, name: str) -> ColumnElement[bool]:
    columns = dashboards.c
    return and_(columns.account == scope.account, columns.region == scope.region, columns.name == name)
