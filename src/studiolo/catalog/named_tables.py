"""Tables and views: by name, versioned, changed by whoever read them last."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.errors import ConcurrentModification, require_version
from studiolo.catalog.indexes import add_indexes, check_keys
from studiolo.catalog.links import leads_away, seen_through_table
from studiolo.catalog.model import PartitionIndex, Table
from studiolo.catalog.patterns import name_matcher
from studiolo.catalog.rekeying import rekey
from studiolo.catalog.subject import (
    TABLE,
    Subject,
    bound,
    document,
    fold,
    require_database,
    require_linked_database,
    require_table,
    target_of,
)
from studiolo.catalog.tables import table_versions, tables
from studiolo.catalog.views import changed_view
from studiolo.domain import AlreadyExists, DomainError, Invalid, NotFound, Page, Scope
from studiolo.state import page

PAGE = 100
SCAN = 1000


class Tables(Subject):
    """Tables of the databases of one catalog."""

    def create_table(
        self, scope: Scope, database: str, table: Table, *, indexes: Sequence[PartitionIndex] = ()
    ) -> Table:
        """Add a table at version 0, with its partition indexes. Raises NotFound, AlreadyExists, Invalid, LimitExceeded."""
        database = database.lower()
        moment = self._clock()
        made = _checked(replace(table, database=database, created=moment, updated=moment, version=0))
        try:
            with self._state.transaction() as tx:
                place, inside = require_linked_database(tx, scope, database, lock="use")
                if inside != database and made.target_table is not None:
                    raise Invalid(f"Database {database} is a resource link, in which no other can be made.")
                kept = document(TABLE, replace(made, database=inside))
                values = bound(place, database=inside, name=made.name, document=kept)
                (number,) = tx.execute(tables.insert().values(values)).inserted_primary_key or (0,)
                add_indexes(tx, number, made, indexes)
        except IntegrityError:
            raise AlreadyExists("Table already exists.") from None
        return made

    def table(self, scope: Scope, database: str, name: str) -> Table:
        """A table; a resource link with the properties of what it leads to, if that is here. Raises NotFound."""
        database = database.lower()
        with self._state.reading() as connection:
            row = require_table(connection, scope, database, name.lower(), follow=False)
            return _followed(connection, scope, row, database)

    def tables(
        self,
        scope: Scope,
        database: str,
        pattern: str | None = None,
        after: str | None = None,
        limit: int = PAGE,
        follow: bool = True,
    ) -> Page[Table]:
        """The tables in the order of their names, those of `pattern` (patterns.py).

        With `follow` links within the account as by `table`. Raises NotFound.
        """
        database = database.lower()
        matches = name_matcher(pattern)
        found: list[Row[Any]] = []
        with self._state.reading() as connection:
            place, inside = require_linked_database(connection, scope, database)
            query = _TABLES.params(bound(place, database=inside))
            while True:
                rows = page(connection, query, tables.c.name, after, limit if pattern is None else SCAN)
                found += [row for row in rows.items if matches(row.name)]
                after = rows.next
                if after is None or len(found) > limit:
                    break
            seen = partial(_listed, connection, scope) if follow else _as_table
            known = [seen(row, database) for row in found[:limit]]
        return Page(known, found[limit - 1].name if len(found) > limit else after)

    def table_names(self, scope: Scope, database: str, pattern: str | None = None) -> list[str]:
        """The names of a database's tables, those of `pattern`, in their order. Raises NotFound."""
        matches = name_matcher(pattern)
        with self._state.reading() as connection:
            place, inside = require_linked_database(connection, scope, database.lower())
            names = connection.execute(_NAMES, bound(place, database=inside)).scalars()
            return [name for name in names if matches(name)]

    def update_table(
        self,
        scope: Scope,
        database: str,
        table: Table,
        *,
        version_id: int | None = None,
        skip_archive: bool = False,
        expected_parameter: tuple[str, str | None] | None = None,
        name: str | None = None,
        view_action: str | None = None,
    ) -> Table:
        """Replace a table by its next version; the one before is kept, unless `skip_archive`.

        Where a resource link is not given as one, the table that it leads to is replaced.
        version_id: the version the caller read; expected_parameter: a parameter and the value (None: absent) that the
        table must have; name: the table's present name where `table.name` is to be its new one, and
        `table.database`, where it is given, its new database; view_action: as of `changed_view` (views.py).
        Raises NotFound, AlreadyExists for a new name, Invalid, and ConcurrentModification where the table has changed.
        """
        database = database.lower()
        target = table.database.lower() if name is not None and table.database else database
        try:
            with self._state.transaction() as tx:
                asked = (name or table.name).lower()
                row = require_table(tx, scope, database, asked, lock=True, follow=table.target_table is None)
                before = _as_table(row, row.database)
                if (row.database, row.name) != (database, asked):
                    database = target = row.database
                    table = _of_target(row, table, name)
                require_version(before, version_id)
                _require_parameter(before, expected_parameter)
                after = _checked(
                    replace(
                        table,
                        database=target,
                        view_definition=changed_view(before.view_definition, table.view_definition, view_action),
                        created=before.created,
                        created_by=before.created_by,
                        governed=before.governed,
                        updated=self._clock(),
                        version=before.version + 1,
                    )
                )
                if target != database:
                    require_database(tx, scope, target, lock="use")
                if not skip_archive:
                    archived = {"table": row.id, "version": before.version, "document": row.document}
                    tx.execute(table_versions.insert().values(archived))
                _replace(tx, row.id, before, after)
        except IntegrityError:
            raise AlreadyExists("Table already exists.") from None
        return after

    def delete_table(self, scope: Scope, database: str, name: str, *, version_id: int | None = None) -> None:
        """Delete a table with its versions, partitions and statistics; of a resource link, the link alone.

        Raises NotFound and ConcurrentModification.
        """
        database = database.lower()
        with self._state.transaction() as tx:
            row = require_table(tx, scope, database, name.lower(), lock=True, follow=False)
            require_version(_as_table(row, database), version_id)
            tx.execute(tables.delete().where(tables.c.id == row.id))

    def delete_tables(self, scope: Scope, database: str, names: Iterable[str]) -> dict[str, DomainError]:
        """Delete those of the tables that can be; why the others could not. Raises NotFound for the database."""
        failures: dict[str, DomainError] = {}
        with self._state.reading() as connection:
            require_database(connection, scope, database.lower())
        for name in names:
            try:
                self.delete_table(scope, database, name)
            except DomainError as error:
                failures[name] = error
        return failures


def _replace(tx: Connection, number: int, before: Table, after: Table) -> None:
    """Write a table in place of the one before, whose row has that id."""
    values = {"database": after.database, "name": after.name, "document": document(TABLE, after)}
    tx.execute(tables.update().where(tables.c.id == number).values(values))
    if after.partition_keys != before.partition_keys:
        rekey(tx, number, before, after)


def _checked(table: Table) -> Table:
    """The table with its name folded. Raises Invalid."""
    check_keys(table)
    return replace(table, name=fold(table.name))


def _of_target(row: Row[Any], table: Table, name: str | None) -> Table:
    """What a table that was reached through a resource link is to be: it keeps its name. Raises Invalid for another."""
    if name is not None:
        raise Invalid(f"Table {name} is reached through a resource link, and so cannot be renamed.")
    return replace(table, name=row.name)


def _require_parameter(table: Table, expected: tuple[str, str | None] | None) -> None:
    if expected is not None and table.parameters.get(expected[0]) != expected[1]:
        raise ConcurrentModification(
            f"The table has been modified. The parameter value for key '{expected[0]}' is "
            f"'{table.parameters.get(expected[0])}'. The expected was value was '{expected[1]}'"
        )


def _listed(connection: Connection, scope: Scope, row: Row[Any], database: str) -> Table:
    target = target_of(row)
    away = target is not None and leads_away(scope, target)
    return _as_table(row, database) if away else _followed(connection, scope, row, database)


def _followed(connection: Connection, scope: Scope, row: Row[Any], database: str) -> Table:
    """The table of a row; where it is a link of that database to one that is here, with the properties of that one."""
    table = _as_table(row, database)
    if table.target_table is None:
        return table
    try:
        target = require_table(connection, scope, database, table.name)
    except (NotFound, Invalid):
        return table
    return seen_through_table(table, _as_table(target, target.database))


def _as_table(row: Row[Any], database: str) -> Table:
    table = TABLE.validate_json(row.document)
    # Through a resource link to its database a table is one of the link's.
    return table if table.database == database else replace(table, database=database)


_IN_DATABASE = (
    tables.c.catalog == bindparam("catalog"),
    tables.c.region == bindparam("region"),
    tables.c.database == bindparam("database"),
)
_TABLES = select(tables.c.name, tables.c.document).where(*_IN_DATABASE)
_NAMES = select(tables.c.name).where(*_IN_DATABASE).order_by(tables.c.name)
