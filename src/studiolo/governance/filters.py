"""Data cells filters: named rows and columns of tables, which SELECT can be granted on."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from studiolo.catalog import Table
from studiolo.domain import AlreadyExists, Conflict, Invalid, LimitExceeded, NotFound, Scope
from studiolo.governance import expressions
from studiolo.governance.model import CellsFilter, Kind, Resource
from studiolo.governance.subject import FILTER, Subject, of, put
from studiolo.governance.tables import filters, grants

MOST = 100
"""So many filters can a table have."""


class Filters(Subject):
    """Data cells filters of the tables of one catalog."""

    def create_filter(self, scope: Scope, wanted: CellsFilter) -> CellsFilter:
        """Raises NotFound for the table, AlreadyExists, Invalid, LimitExceeded."""
        made = self._checked_filter(scope, wanted)
        there = self.filters_of(scope, made.database, made.table)
        if made.name in there:
            raise AlreadyExists(f"Data cells filter {made.name} already exists.")
        if len(there) >= MOST:
            raise LimitExceeded(f"A table can have at most {MOST} data cells filters.")
        self._keep_filter(scope, made)
        return made

    def update_filter(self, scope: Scope, wanted: CellsFilter) -> CellsFilter:
        """Give a filter other rows and columns. Raises NotFound, Invalid, and Conflict for another version than its own."""
        made = self._checked_filter(scope, wanted)
        before = self.filter(scope, made.database, made.table, made.name)
        if wanted.version and wanted.version != before.version:
            raise Conflict(f"Data cells filter {made.name} has been changed: its version is {before.version}.")
        self._keep_filter(scope, made)
        return made

    def delete_filter(self, scope: Scope, database: str, table: str, name: str) -> None:
        """Delete a filter, with what is granted on it. Raises NotFound."""
        before = self.filter(scope, database, table, name)
        with self._shelf.changing() as tx:
            keys = {"database": before.database, "table": before.table, "name": before.name}
            tx.execute(filters.delete().where(of(filters, scope, **keys)))
            resource = Resource(Kind.FILTER, before.database, before.table, name=before.name)
            tx.execute(grants.delete().where(of(grants, scope, resource=resource.key)))
        self._shelf.tell(scope, before.database, before.table)

    def filter(self, scope: Scope, database: str, table: str, name: str) -> CellsFilter:
        """Raises NotFound."""
        found = self.filters_of(scope, database.lower(), table.lower()).get(name)
        if found is None:
            raise NotFound(f"Data cells filter {name} of table {database}.{table} not found.")
        return found

    def filters_of(self, scope: Scope, database: str, table: str) -> Mapping[str, CellsFilter]:
        """Those of a table, by name."""
        found = self._shelf.documents(filters, FILTER, scope, database=database, table=table)
        return {each.name: each for each in found}

    def filters(self, scope: Scope) -> tuple[CellsFilter, ...]:
        """All of them, in the order of their tables and names."""
        return self._shelf.documents(filters, FILTER, scope)

    def _keep_filter(self, scope: Scope, made: CellsFilter) -> None:
        with self._shelf.changing() as tx:
            put(tx, filters, scope, FILTER, made, database=made.database, table=made.table, name=made.name)
        self._shelf.tell(scope, made.database, made.table)

    def _checked_filter(self, scope: Scope, wanted: CellsFilter) -> CellsFilter:
        """The filter as it is kept, at a new version. Raises NotFound and Invalid."""
        table = self._shelf.table(scope, wanted.database, wanted.table)
        if table.target_table is not None:
            raise Invalid("A data cells filter cannot be on a resource link: make it on the table.")
        require_columns(table, wanted.columns, wanted.excluded or ())
        if wanted.excluded is None and not wanted.columns:
            raise Invalid("A data cells filter needs ColumnNames or a ColumnWildcard.")
        if wanted.rows is not None:
            columns = table.storage.columns if table.storage is not None else ()
            expressions.check(expressions.parse(wanted.rows), columns, table.partition_keys)
        return replace(wanted, database=table.database, table=table.name, version=str(uuid.uuid4()))


def require_columns(table: Table, *named: Sequence[str]) -> None:
    """Raise NotFound for a column that the table does not have."""
    columns = table.storage.columns if table.storage is not None else ()
    there = {column.name.lower() for column in (*columns, *table.partition_keys)}
    missing = [name for names in named for name in names if name not in there]
    if missing:
        raise NotFound(f"Columns not found in table {table.name}: {', '.join(missing)}")
