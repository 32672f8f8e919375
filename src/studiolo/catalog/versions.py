"""The versions of tables: the present one, and those that were kept."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from studiolo.catalog.model import Table
from studiolo.catalog.subject import TABLE, Subject, require_table
from studiolo.catalog.tables import table_versions
from studiolo.domain import DomainError, Invalid, NotFound, Page, Scope


class TableVersions(Subject):
    """Versions of tables, counted from 0."""

    def table_version(self, scope: Scope, database: str, table: str, version: int | None = None) -> Table:
        """A table as it was at a version, the present one for None. Raises NotFound."""
        with self._state.reading() as connection:
            row, present = _present(connection, scope, database, table)
            if version is None or version == present.version:
                return present
            return _named(_archived(connection, row.id, present, version), present)

    def table_versions(
        self, scope: Scope, database: str, table: str, before: int | None = None, limit: int = 100
    ) -> Page[Table]:
        """The versions before one, the newest first. Raises NotFound."""
        with self._state.reading() as connection:
            row, present = _present(connection, scope, database, table)
            found = [present] if before is None or present.version < before else []
            query = select(table_versions.c.document).where(table_versions.c.table == row.id)
            if before is not None:
                query = query.where(table_versions.c.version < before)
            query = query.order_by(table_versions.c.version.desc()).limit(limit + 1)
            kept = connection.execute(query).scalars()
            found += [_named(TABLE.validate_json(written), present) for written in kept]
        more = len(found) > limit
        found = found[:limit]
        return Page(found, str(found[-1].version) if more else None)

    def delete_table_version(self, scope: Scope, database: str, table: str, version: int) -> None:
        """Forget a version that is not the present one. Raises NotFound and Invalid."""
        with self._state.transaction() as tx:
            row, present = _present(tx, scope, database, table, lock=True)
            _delete(tx, row.id, present, version)

    def delete_table_versions(
        self, scope: Scope, database: str, table: str, versions: Iterable[int]
    ) -> dict[int, DomainError]:
        """Forget those of the versions that can be; why the others could not. Raises NotFound for the table."""
        failures: dict[int, DomainError] = {}
        with self._state.transaction() as tx:
            row, present = _present(tx, scope, database, table, lock=True)
            for version in versions:
                try:
                    _delete(tx, row.id, present, version)
                except DomainError as error:
                    failures[version] = error
        return failures


def _present(
    connection: Connection, scope: Scope, database: str, table: str, *, lock: bool = False
) -> tuple[Row[Any], Table]:
    row = require_table(connection, scope, database.lower(), table.lower(), lock=lock)
    return row, replace(TABLE.validate_json(row.document), database=database.lower())


def _archived(connection: Connection, number: int, present: Table, version: int) -> Table:
    query = select(table_versions.c.document).where(
        table_versions.c.table == number, table_versions.c.version == version
    )
    written = connection.execute(query).scalar()
    if written is None:
        raise NotFound(f"Table {present.name} has no version {version}: it was never kept, or was deleted.")
    return TABLE.validate_json(written)


def _delete(tx: Connection, number: int, present: Table, version: int) -> None:
    if version == present.version:
        raise Invalid(f"Version {version} is the present one of table {present.name}, and cannot be deleted.")
    _archived(tx, number, present, version)
    tx.execute(table_versions.delete().where(table_versions.c.table == number, table_versions.c.version == version))


def _named(old: Table, present: Table) -> Table:
    """A version under the table's present name."""
    return replace(old, name=present.name, database=present.database)
