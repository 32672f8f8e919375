"""Security configurations: named documents, kept and shown. What they ask for is recorded."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row

from studiolo.clusters.tables import security_configurations as rows
from studiolo.domain import AlreadyExists, Clock, Invalid, NotFound, Page, Scope
from studiolo.state import State, page


@dataclass(frozen=True)
class SecurityConfiguration:
    """`document` is JSON."""

    name: str
    document: str
    created: datetime


class SecurityConfigurations:
    """The security configurations of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def create(self, scope: Scope, name: str, document: str) -> SecurityConfiguration:
        """Raises AlreadyExists, and Invalid for a document that is no JSON object."""
        try:
            found = json.loads(document)
        except ValueError as error:
            raise Invalid(f"The security configuration is not JSON: {error}.") from error
        if not isinstance(found, dict):
            raise Invalid("The security configuration must be a JSON object.")
        made = SecurityConfiguration(name, document, self._clock())
        with self._state.transaction() as tx:
            if tx.execute(rows.select().where(*_is(scope, name))).first() is not None:
                raise AlreadyExists(f"Security configuration with name '{name}' already exists.")
            values = {"account": scope.account, "region": scope.region, "name": name}
            tx.execute(rows.insert().values(**values, created=made.created, document=document))
        return made

    def get(self, scope: Scope, name: str) -> SecurityConfiguration:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(rows.select().where(*_is(scope, name))).first()
        if row is None:
            raise NotFound(f"Security configuration with name '{name}' does not exist.")
        return _made(row)

    def delete(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        self.get(scope, name)
        with self._state.transaction() as tx:
            tx.execute(rows.delete().where(*_is(scope, name)))

    def page(self, scope: Scope, key: str | None, limit: int) -> Page[SecurityConfiguration]:
        """By name."""
        query = rows.select().where(rows.c.account == scope.account, rows.c.region == scope.region)
        with self._state.reading() as connection:
            found = page(connection, query, rows.c.name, key, limit)
        return Page([_made(row) for row in found.items], found.next)


def _is(scope: Scope, name: str) -> tuple[ColumnElement[bool], ...]:
    return rows.c.account == scope.account, rows.c.region == scope.region, rows.c.name == name


def _made(row: Row[Any]) -> SecurityConfiguration:
    return SecurityConfiguration(row.name, row.document, row.created)
