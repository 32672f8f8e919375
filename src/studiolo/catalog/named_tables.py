"""Tables and views: by name, versioned, changed by whoever read them last."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.errors import ConcurrentModification
from studiolo.catalog.indexes import add_indexes, check_keys
from studiolo.catalog.model import PartitionIndex, Table
from studiolo.catalog.patterns import name_matcher
from studiolo.catalog.rekeying import rekey
from studiolo.catalog.subject import TABLE, Subject, bound, document, fold, require_database, require_table
from studiolo.catalog.tables import table_versions, tables
from studiolo.domain import AlreadyExists, DomainError, Page, Scope
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
        values = bound(scope, database=database, name=made.name, document=document(TABLE, made))
        try:
            with self._state.transaction() as tx:
                require_database(tx, scope, database, lock="use")
                (number,) = tx.execute(tables.insert().values(values)).inserted_primary_key or (0,)
                add_indexes(tx, number, made, indexes)
        except IntegrityError:
            raise AlreadyExists("Table already exists.") from None
        return made

    def table(self, scope: Scope, database: str, name: str) -> Table:
        """Raises NotFound."""
        database = database.lower()
        with self._state.reading() as connection:
            return _as_table(require_table(connection, scope, database, name.lower()), database)

    def tables(
        self,
        scope: Scope,
        database: str,
        pattern: str | None = None,
        after: str | None = None,
        limit: int = PAGE,
    ) -> Page[Table]:
        """The tables in the order of their names, those of `pattern` (patterns.py). Raises NotFound."""
        database = database.lower()
        matches = name_matcher(pattern)
        query = _TABLES.params(bound(scope, database=database))
        found: list[Row[Any]] = []
        with self._state.reading() as connection:
            if after is None:
                require_database(connection, scope, database)
            while True:
                rows = page(connection, query, tables.c.name, after, limit if pattern is None else SCAN)
                found += [row for row in rows.items if matches(row.name)]
                after = rows.next
                if after is None or len(found) > limit:
                    break
        more = found[limit - 1].name if len(found) > limit else after
        return Page([_as_table(row, database) for row in found[:limit]], more)

    def table_names(self, scope: Scope, database: str, pattern: str | None = None) -> list[str]:
        """The names of a database's tables, those of `pattern`, in their order. Raises NotFound."""
        matches = name_matcher(pattern)
        with self._state.reading() as connection:
            require_database(connection, scope, database.lower())
            names = connection.execute(_NAMES, bound(scope, database=database.lower())).scalars()
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
    ) -> Table:
        """Replace a table by its next version; the one before is kept, unless `skip_archive`.

        version_id: the version the caller read; expected_parameter: a parameter and the value (None: absent) that the
        table must have; name: the table's present name where `table.name` is to be its new one, and
        `table.database`, where it is given, its new database.
        Raises NotFound, AlreadyExists for a new name, Invalid, and ConcurrentModification where the table has changed.
        """
        database = database.lower()
        target = table.database.lower() if name is not None and table.database else database
        try:
            with self._state.transaction() as tx:
                row = require_table(tx, scope, database, (name or table.name).lower(), lock=True)
                before = _as_table(row, database)
                _require_unchanged(before, version_id, expected_parameter)
                after = _checked(
                    replace(
                        table,
                        database=target,
                        created=before.created,
                        created_by=before.created_by,
                        updated=self._clock(),
                        version=before.version + 1,
                    )
                )
                if target != database:
                    require_database(tx, scope, target, lock="use")
                if not skip_archive:
                    archived = {"table": row.id, "version": before.version, "document": row.document}
                    tx.execute(table_versions.insert().values(archived))
                values = {"database": target, "name": after.name, "document": document(TABLE, after)}
                tx.execute(tables.update().where(tables.c.id == row.id).values(values))
                if after.partition_keys != before.partition_keys:
                    rekey(tx, row.id, before, after)
        except IntegrityError:
            raise AlreadyExists("Table already exists.") from None
        return after

    def delete_table(self, scope: Scope, database: str, name: str, *, version_id: int | None = None) -> None:
        """Delete a table with its versions, partitions and statistics. Raises NotFound, ConcurrentModification."""
        database = database.lower()
        with self._state.transaction() as tx:
            row = require_table(tx, scope, database, name.lower(), lock=True)
            _require_unchanged(_as_table(row, database), version_id, None)
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


def _checked(table: Table) -> Table:
    """The table with its name folded. Raises Invalid."""
    check_keys(table)
    return replace(table, name=fold(table.name))


def _require_unchanged(table: Table, version: int | None, expected: tuple[str, str | None] | None) -> None:
    if version is not None and version != table.version:
        raise ConcurrentModification(
            f"Update table failed due to concurrent modifications: table {table.name} is at version {table.version}, "
            f"not {version}."
        )
    if expected is not None and table.parameters.get(expected[0]) != expected[1]:
        raise ConcurrentModification(
            f"The table has been modified. The parameter value for key '{expected[0]}' is "
            f"'{table.parameters.get(expected[0])}'. The expected was value was '{expected[1]}'"
        )


def _as_table(row: Row[Any], database: str) -> Table:
    table = TABLE.validate_json(row.document)
    # The document has the name of the database as it was: a database may be renamed.
    return table if table.database == database else replace(table, database=database)


_IN_DATABASE = (
    tables.c.catalog == bindparam("catalog"),
    tables.c.region == bindparam("region"),
    tables.c.database == bindparam("database"),
)
_TABLES = select(tables.c.name, tables.c.document).where(*_IN_DATABASE)
_NAMES = select(tables.c.name).where(*_IN_DATABASE).order_by(tables.c.name)
