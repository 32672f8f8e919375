"""Connections to data sources."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.model import Connection
from studiolo.catalog.named import Named
from studiolo.catalog.probes import probe
from studiolo.catalog.subject import Subject
from studiolo.catalog.tables import connections
from studiolo.catalog.tags import drop_tags, set_tags
from studiolo.domain import AlreadyExists, Clock, DomainError, Invalid, NotFound, Page, Scope
from studiolo.state import State

SCAN = 1000


class Connections(Subject):
    """Connections by name, which keeps its case."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state, clock)
        self._connections = Named(state, connections, TypeAdapter(Connection), "Connection")

    def create_connection(self, scope: Scope, connection: Connection, tags: Mapping[str, str] | None = None) -> None:
        """Raises AlreadyExists and Invalid."""
        moment = self._clock()
        made = replace(connection, created=moment, updated=moment)
        try:
            with self._state.transaction() as tx:
                self._connections.add_within(tx, scope, made.name, made)
                set_tags(tx, scope, _resource(made.name), tags or {})
        except IntegrityError:
            raise AlreadyExists("Connection already exists.") from None

    def connection(self, scope: Scope, name: str) -> Connection:
        """Raises NotFound."""
        return self._connections.get(scope, name)

    def connections(
        self,
        scope: Scope,
        *,
        kind: str | None = None,
        match_criteria: Iterable[str] = (),
        after: str | None = None,
        limit: int = 100,
    ) -> Page[Connection]:
        """Those of a type, whose criteria contain the given ones, in the order of their names."""
        wanted = set(match_criteria)
        found: list[Connection] = []
        while len(found) <= limit:
            rows = self._connections.list(scope, after, SCAN)
            found += [each for each in rows.items if kind in (None, each.type) and wanted <= set(each.match_criteria)]
            after = rows.next
            if after is None:
                break
        more = len(found) > limit
        return Page(found[:limit], found[limit - 1].name if more else None)

    def update_connection(self, scope: Scope, name: str, connection: Connection) -> None:
        """Raises NotFound, and Invalid for another name."""
        if connection.name != name:
            raise Invalid(f"A connection keeps its name: {name} cannot become {connection.name}.")
        with self._state.transaction() as tx:
            before = self._connections.get_within(tx, scope, name, lock=True)
            made = replace(connection, created=before.created, updated=self._clock())
            self._connections.replace_within(tx, scope, name, made)

    def delete_connection(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            self._connections.delete_within(tx, scope, name)
            drop_tags(tx, scope, _resource(name))

    def delete_connections(self, scope: Scope, names: Iterable[str]) -> tuple[list[str], dict[str, DomainError]]:
        """The names of those that were deleted; why the others were not."""
        gone: list[str] = []
        failures: dict[str, DomainError] = {}
        for name in names:
            try:
                self.delete_connection(scope, name)
                gone.append(name)
            except NotFound as error:
                failures[name] = error
        return gone, failures

    def test_connection(self, scope: Scope, connection: Connection | str) -> None:
        """Connect to what a connection leads to. Raises NotFound, and Invalid with the reason why it cannot be."""
        probe(self.connection(scope, connection) if isinstance(connection, str) else connection)


def _resource(name: str) -> str:
    return f"connection/{name}"
