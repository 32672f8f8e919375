"""What the subjects of Lake Formation share: the state, the count of changes that what is cached is checked against."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Table, select

from studiolo.catalog import Catalog
from studiolo.catalog import Table as CatalogTable
from studiolo.domain import Clock, NotFound, Scope
from studiolo.governance.auditing import Accessed
from studiolo.governance.model import CellsFilter, Grant, Location, OptIn, Settings
from studiolo.identity import Identity, Records
from studiolo.state import State

T = TypeVar("T")

Thing = tuple[Scope, str, str]
"""A table of a catalog, by the names of its database and itself; empty for all."""

SETTINGS = TypeAdapter(Settings)
LOCATION = TypeAdapter(Location)
GRANT = TypeAdapter(Grant)
FILTER = TypeAdapter(CellsFilter)
OPT_IN = TypeAdapter(OptIn)


class Shelf:
    """The state of one account's Lake Formation, with what is read for every request cached until a change."""

    def __init__(self, state: State, catalog: Catalog, identity: Identity, clock: Clock) -> None:
        self.state = state
        self.catalog = catalog
        self.identity = identity
        self.clock = clock
        self.note: Callable[[Accessed], None] = lambda accessed: None
        self.listeners: list[Callable[[Thing], None]] = []
        self._records = Records(state, identity.account, clock)
        self._cached = lru_cache(maxsize=4096)(self._read)
        self._remembered = lru_cache(maxsize=256)(self._find)

    @property
    def revision(self) -> int:
        """Grows with every change of who may do what, IAM's too, whichever process made it."""
        return self._records.revision

    def tell(self, scope: Scope, database: str = "", table: str = "") -> None:
        """Tell who listens that what may be seen of a table, or of all, is another now."""
        for listener in self.listeners:
            listener((scope, database, table))

    def table(self, scope: Scope, database: str, name: str) -> CatalogTable:
        """A table of the catalog's account. Raises NotFound, as well for a resource link to another account's."""
        place, _, _ = self.catalog.place_of(scope, database, name)
        if place.account.partition(":")[0] != scope.account.partition(":")[0]:
            raise NotFound(f"Table {name} is a resource link to one of account {place.account}, which has it itself.")
        return self.catalog.table(scope, database, name)

    def changing(self) -> AbstractContextManager[Connection]:
        """A transaction that changes who may do what."""
        return self._records.changing()

    def documents(self, table: Table, adapter: TypeAdapter[T], scope: Scope, /, **values: str) -> tuple[T, ...]:
        """The rows of a scope with those values, in the order of their keys."""
        found: tuple[T, ...] = self._cached(table, adapter, scope, tuple(sorted(values.items())), self.revision)
        return found

    def remembered(self, find: Callable[[str], T], of: str) -> T:
        """What `find` gives, asked once until a change."""
        found: T = self._remembered(find, of, self.revision)
        return found

    def _find(self, find: Callable[[str], Any], of: str, _revision: int) -> Any:
        return find(of)

    def _read(
        self, table: Table, adapter: TypeAdapter[T], scope: Scope, values: tuple[tuple[str, str], ...], _revision: int
    ) -> tuple[T, ...]:
        query = select(table.c.document).where(of(table, scope, **dict(values))).order_by(*table.primary_key)
        with self.state.reading() as connection:
            return tuple(adapter.validate_json(written) for written in connection.execute(query).scalars())


class Subject:
    """One subject of Lake Formation."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf


def put(
    tx: Connection,
    table: Table,
    scope: Scope,
    adapter: TypeAdapter[T],
    value: T,
    beside: Mapping[str, Any] | None = None,
    /,
    **keys: str,
) -> None:
    """Write a row in place of the one with these keys; `beside` are further columns."""
    tx.execute(table.delete().where(of(table, scope, **keys)))
    written = adapter.dump_json(value, exclude_defaults=True).decode()
    row = {"catalog": scope.account, "region": scope.region, **keys, **(beside or {}), "document": written}
    tx.execute(table.insert().values(row))


def of(table: Table, scope: Scope, /, **values: str) -> ColumnElement[bool]:
    """The rows of a scope with those values."""
    condition = (table.c.catalog == scope.account) & (table.c.region == scope.region)
    for column, value in values.items():
        condition &= table.c[column] == value
    return condition
