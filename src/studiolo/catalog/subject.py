"""What the subjects of the catalog share: the state, names, documents, and tables by name."""

from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, bindparam, select
from sqlalchemy import Table as SqlTable

from studiolo.catalog.model import Database, Table
from studiolo.catalog.tables import databases, tables
from studiolo.domain import Clock, Invalid, NotFound, Scope
from studiolo.state import State

LONGEST_NAME = 255

T = TypeVar("T")

DATABASE = TypeAdapter(Database)
TABLE = TypeAdapter(Table)


class Subject:
    """One subject of the catalog. A scope's account is a catalog's id: an account, or `account:name` (catalogs.py)."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock


def fold(name: str, what: str = "Name") -> str:
    """A name as the catalog keeps it: in lower case. Raises Invalid."""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(f"{what} {name[:300]!r} must have 1 to {LONGEST_NAME} printable characters.")
    return name.lower()


def document(adapter: TypeAdapter[T], value: T) -> str:
    """The JSON to keep of a value: what differs from its class's defaults."""
    return adapter.dump_json(value, exclude_defaults=True).decode()


def within(table: SqlTable, scope: Scope, **values: str) -> ColumnElement[bool]:
    """The rows of a scope with those values."""
    condition = (table.c.catalog == scope.account) & (table.c.region == scope.region)
    for column, value in values.items():
        condition &= table.c[column] == value
    return condition


def bound(scope: Scope, **values: Any) -> dict[str, Any]:
    """The parameters of a query that was built once."""
    return {"catalog": scope.account, "region": scope.region, **values}


def require_database(
    connection: Connection, scope: Scope, name: str, *, lock: Literal["use", "change"] | None = None
) -> Row[Any]:
    """The row of a database, by its folded name. Raises NotFound.

    With the lock `use` nobody deletes or renames it meanwhile, with `change` nobody adds to it either.
    """
    row = connection.execute(_DATABASE[lock], bound(scope, name=name)).first()
    if row is None:
        raise NotFound(f"Database {name} not found.")
    return row


def require_table(connection: Connection, scope: Scope, database: str, name: str, *, lock: bool = False) -> Row[Any]:
    """The row of a table, by its folded names; `lock` keeps others from changing it. Raises NotFound."""
    query = _TABLE_LOCKED if lock else TABLE_ROW
    row = connection.execute(query, bound(scope, database=database, name=name)).first()
    if row is None:
        require_database(connection, scope, database)
        raise NotFound(f"Table {name} not found.")
    return row


# Built once: these are what every client asks for most.
DATABASE_ROW = select(databases.c.name, databases.c.document).where(
    databases.c.catalog == bindparam("catalog"),
    databases.c.region == bindparam("region"),
    databases.c.name == bindparam("name"),
)
_DATABASE = {
    None: DATABASE_ROW,
    "use": DATABASE_ROW.with_for_update(read=True),
    "change": DATABASE_ROW.with_for_update(),
}
TABLE_ROW = select(tables.c.id, tables.c.document).where(
    tables.c.catalog == bindparam("catalog"),
    tables.c.region == bindparam("region"),
    tables.c.database == bindparam("database"),
    tables.c.name == bindparam("name"),
)
_TABLE_LOCKED = TABLE_ROW.with_for_update()
