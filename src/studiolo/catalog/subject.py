"""What the subjects of the catalog share: the state, names, documents, and tables by name."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, bindparam, select
from sqlalchemy import Table as SqlTable

from studiolo.catalog.links import database_of_target, scope_of_target
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

    With the lock `use` nobody deletes it meanwhile, with `change` nobody adds to it either.
    """
    row = connection.execute(_DATABASE[lock], bound(scope, name=name)).first()
    if row is None:
        raise NotFound(f"Database {name} not found.")
    return row


def require_table(
    connection: Connection, scope: Scope, database: str, name: str, *, lock: bool = False, follow: bool = True
) -> Row[Any]:
    """The row of a table, by its folded names; `lock` keeps others from changing it.

    A database that is a resource link is followed, and so is a table with `follow`. Raises NotFound, and Invalid where
    both are links.
    """
    query = _TABLE_LOCKED if lock else TABLE_ROW
    row = connection.execute(query, bound(scope, database=database, name=name)).first()
    through = None
    if row is None:
        through = DATABASE.validate_json(require_database(connection, scope, database).document).target_database
        if through is not None:
            scope, database = scope_of_target(scope, through), database_of_target(through)
            row = connection.execute(query, bound(scope, database=database, name=name)).first()
    target = None if row is None or not follow else target_of(row)
    if target is not None:
        if through is not None:
            raise Invalid(f"Table {name} is a resource link, and is reached through a database that is one too.")
        scope, database, name = (
            scope_of_target(scope, target),
            database_of_target(target),
            target.get("Name", "").lower(),
        )
        row = connection.execute(query, bound(scope, database=database, name=name)).first()
    if row is None:
        raise NotFound(f"Table {name} not found.")
    return row


def target_of(row: Row[Any]) -> Mapping[str, Any] | None:
    """What a table leads to that is a resource link."""
    # Few are: the document of another is not read for this.
    return TABLE.validate_json(row.document).target_table if '"target_table":' in row.document else None


def require_linked_database(
    connection: Connection, scope: Scope, name: str, *, lock: Literal["use"] | None = None
) -> tuple[Scope, str]:
    """Where the tables of a database are: of a resource link, in the database that it leads to. Raises NotFound."""
    target = DATABASE.validate_json(require_database(connection, scope, name, lock=lock).document).target_database
    if target is None:
        return scope, name
    scope, name = scope_of_target(scope, target), database_of_target(target)
    require_database(connection, scope, name, lock=lock)
    return scope, name


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
TABLE_ROW = select(tables.c.id, tables.c.document, tables.c.database, tables.c.name).where(
    tables.c.catalog == bindparam("catalog"),
    tables.c.region == bindparam("region"),
    tables.c.database == bindparam("database"),
    tables.c.name == bindparam("name"),
)
_TABLE_LOCKED = TABLE_ROW.with_for_update()
