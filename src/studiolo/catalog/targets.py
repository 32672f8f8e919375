"""What is asked for beside a resource: of a link the rights on what it leads to, of a database to drop on all in it.

After "Resource link handling" (Lake Formation Developer Guide): who reads or changes something through a link needs the
rights on both; who drops a link needs those on the link alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from studiolo.catalog.links import database_of_target, leads_away, scope_of_target
from studiolo.catalog.model import Table
from studiolo.catalog.subject import (
    DATABASE,
    DATABASE_ROW,
    TABLE,
    TABLE_ROW,
    Subject,
    bound,
    require_linked_database,
    require_table,
    target_of,
)
from studiolo.catalog.tables import functions, tables
from studiolo.domain import NotFound, Scope

DROPS = ("glue:DeleteDatabase", "glue:DeleteTable", "glue:BatchDeleteTable")
"""Actions that leave alone what the link leads to that they are for."""


class Targets(Subject):
    """Where resource links lead, in the words of ARNs."""

    def behind(self, scope: Scope, action: str, resource: str) -> Sequence[str]:
        """The ARNs of what `database/DB`, `table/DB/TABLE` or `table/DB/*` leads to, with the database that it is in, and
        of another account with its catalog; nothing for what is no link. To drop a database, `table/DB/*` is all its tables
        and functions by name. The names are in lower case."""
        kind, _, name = resource.partition("/")
        if kind == "table" and action == DROPS[0]:
            return [_arn(scope, each) for each in self._within(scope, name.removesuffix("/*"))]
        if kind == "database":
            return self._behind_database(scope, action, name, None)
        if kind != "table":
            return ()
        # A name may have slashes: whichever table it can be.
        parts = name.split("/")
        named = [("/".join(parts[:i]), "/".join(parts[i:])) for i in range(1, len(parts))]
        return [each for database, table in named for each in self._behind_table(scope, action, database, table)]

    def place_of(self, scope: Scope, database: str, name: str) -> tuple[Scope, str, str]:
        """Where a table is: that of a resource link, or in one, where it leads to. Raises NotFound and Invalid."""
        database, name = database.lower(), name.lower()
        with self._state.reading() as connection:
            place, inside = require_linked_database(connection, scope, database)
            row = require_table(connection, place, inside, name, follow=False)
        target = target_of(row)
        if target is None:
            return place, inside, row.name
        return scope_of_target(place, target), database_of_target(target), target.get("Name", "").lower()

    def link(self, scope: Scope, database: str, name: str) -> Table | None:
        """The resource link that a name is, as it is kept itself; None for a table. Raises NotFound."""
        with self._state.reading() as connection:
            row = require_table(connection, scope, database.lower(), name.lower(), follow=False)
        return None if target_of(row) is None else TABLE.validate_json(row.document)

    def database_place(self, scope: Scope, name: str) -> tuple[Scope, str]:
        """Where the tables of a database are: of a resource link, in what it leads to. Raises NotFound."""
        with self._state.reading() as connection:
            return require_linked_database(connection, scope, name.lower())

    def _within(self, scope: Scope, database: str) -> Sequence[str]:
        """A policy may deny one of them, whose name a wildcard does not match."""
        above = "/".join(filter(None, (scope.account.partition(":")[2], database)))
        found: list[str] = []
        with self._state.reading() as connection:
            for kind, rows in (("table", tables), ("userDefinedFunction", functions)):
                here = (
                    (rows.c.catalog == scope.account) & (rows.c.region == scope.region) & (rows.c.database == database)
                )
                names = connection.execute(select(rows.c.name).where(here)).scalars()
                found += [f"{kind}/{above}/{name}" for name in names]
        return found

    def _behind_database(self, scope: Scope, action: str, database: str, table: str | None) -> Sequence[str]:
        if action == DROPS[0]:
            return ()
        with self._state.reading() as connection:
            row = connection.execute(DATABASE_ROW, bound(scope, name=database)).first()
        target = None if row is None else DATABASE.validate_json(row.document).target_database
        return () if target is None else _named(scope, target, table)

    def _behind_table(self, scope: Scope, action: str, database: str, table: str) -> Sequence[str]:
        with self._state.reading() as connection:
            row = connection.execute(TABLE_ROW, bound(scope, database=database, name=table)).first()
        if row is None:
            return self._behind_database(scope, action, database, table)
        target = None if action in DROPS else target_of(row)
        return () if target is None else _named(scope, target, target.get("Name", "").lower())


def _named(scope: Scope, target: Mapping[str, Any], table: str | None) -> Sequence[str]:
    """A database, and what of its tables is meant."""
    try:
        place = scope_of_target(scope, target)
    except NotFound:
        # It is of another region, which nobody reaches from here.
        return ()
    catalog = place.account.partition(":")[2]
    database = "/".join(filter(None, (catalog, database_of_target(target))))
    above = ["catalog", *([f"catalog/{catalog}"] if catalog else [])] if leads_away(scope, target) else []
    named = [*above, f"database/{database}", *([] if table is None else [f"table/{database}/{table}"])]
    return [_arn(place, each) for each in named]


def _arn(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:glue:{scope.region}:{scope.account.partition(':')[0]}:{name}"
