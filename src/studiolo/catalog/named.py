"""Things that a catalog keeps by their name alone."""

from typing import Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.subject import bound, document, within
from studiolo.domain import AlreadyExists, NotFound, Page, Scope
from studiolo.state import State, page

T = TypeVar("T")


class Named(Generic[T]):
    """The documents of one kind; `what` is its word in sentences."""

    def __init__(self, state: State, table: Table, adapter: TypeAdapter[T], what: str) -> None:
        self._state = state
        self._table = table
        self._adapter = adapter
        self._what = what

    def add(self, scope: Scope, name: str, value: T) -> None:
        """Raises AlreadyExists."""
        try:
            with self._state.transaction() as tx:
                self.add_within(tx, scope, name, value)
        except IntegrityError:
            raise AlreadyExists(f"{self._what} {name} already exists.") from None

    def add_within(self, tx: Connection, scope: Scope, name: str, value: T) -> None:
        """The same as part of a larger change. Raises IntegrityError."""
        tx.execute(self._table.insert().values(bound(scope, name=name, document=document(self._adapter, value))))

    def get(self, scope: Scope, name: str) -> T:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return self.get_within(connection, scope, name)

    def get_within(self, connection: Connection, scope: Scope, name: str, *, lock: bool = False) -> T:
        """The same as part of a larger reading. Raises NotFound."""
        query = select(self._table.c.document).where(within(self._table, scope, name=name))
        written = connection.execute(query.with_for_update() if lock else query).scalar()
        if written is None:
            raise NotFound(f"{self._what} {name} not found.")
        return self._adapter.validate_json(written)

    def list(self, scope: Scope, after: str | None, limit: int) -> Page[T]:
        """In the order of their names."""
        query = select(self._table.c.document).where(within(self._table, scope))
        with self._state.reading() as connection:
            found = page(connection, query, self._table.c.name, after, limit)
        return Page([self._adapter.validate_json(row.document) for row in found.items], found.next)

    def replace_within(self, tx: Connection, scope: Scope, name: str, value: T) -> None:
        """Give an existing one another document, as part of a larger change."""
        query = self._table.update().where(within(self._table, scope, name=name))
        tx.execute(query.values(document=document(self._adapter, value)))

    def delete_within(self, tx: Connection, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        if tx.execute(self._table.delete().where(within(self._table, scope, name=name))).rowcount == 0:
            raise NotFound(f"{self._what} {name} not found.")
