"""Hive's methods for tables and views."""

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hive_metastore import ttypes as hive

from studiolo.catalog import ConcurrentModification, Table
from studiolo.domain import Denied, NotFound, every
from studiolo.metastore.caller import Caller
from studiolo.metastore.data import Data
from studiolo.metastore.memory import Memory, merged
from studiolo.metastore.room import PAGE, House, Room, matching, plain
from studiolo.metastore.table_filters import table_filter
from studiolo.metastore.translators import as_columns, as_table, from_table, properties, table_type

EXPECTED_KEY, EXPECTED_VALUE = "expected_parameter_key", "expected_parameter_value"
"""Iceberg's conditional commit: the parameter that the table must have as it is altered."""

CHANGED = "transient_lastDdlTime"
"""The parameter in which Hive keeps the second of a table's last change."""

VIEWS = ("VIRTUAL_VIEW", "MATERIALIZED_VIEW")

TRIES = 100
"""Times that a change is made anew because others change the same table."""


class Tables(Room):
    """Tables as one connection sees them: what it was shown is remembered, to tell what it changes."""

    def __init__(self, house: House, data: Data, caller: Caller) -> None:
        super().__init__(house)
        self._data = data
        self._caller = caller
        self._shown = Memory()

    def get_table(self, dbname: str, tbl_name: str) -> Any:
        table = self._catalog.table(self._scope, plain(dbname), tbl_name)
        self._shown.add(table)
        return as_table(table)

    def get_table_req(self, req: Any) -> Any:
        return hive.GetTableResult(table=self.get_table(req.dbName, req.tblName))

    def get_table_objects_by_name(self, dbname: str, tbl_names: Sequence[str]) -> list[Any]:
        found = []
        for name in dict.fromkeys(tbl_names):
            try:
                found.append(self.get_table(dbname, name))
            except NotFound:
                self._house.database(dbname)
            except Denied:
                # Lake Formation shows it to others.
                continue
        return found

    def get_table_objects_by_name_req(self, req: Any) -> Any:
        names = req.tblNames if req.tblNames is not None else self.get_tables(req.dbName, req.tablesPattern)
        return hive.GetTablesResult(tables=self.get_table_objects_by_name(req.dbName, names))

    def get_all_tables(self, db_name: str) -> list[str]:
        return self.get_tables(db_name, "*")

    def get_tables(self, db_name: str, pattern: str | None) -> list[str]:
        # Hive answers an unknown database with no tables, and clients rely on it.
        try:
            return matching(self._catalog.table_names(self._scope, plain(db_name)), pattern)
        except NotFound:
            return []

    def get_tables_by_type(self, db_name: str, pattern: str | None, wanted: str | None) -> list[str]:
        tables = {table.name: table for table in self._all(plain(db_name)) if wanted in (None, "", table_type(table))}
        return matching(tables, pattern)

    def get_table_names_by_filter(self, dbname: str, filter: str, max_tables: int) -> list[str]:  # noqa: A002
        self._house.database(dbname)
        holds = table_filter(filter)
        found = (table.name for table in self._all(plain(dbname)) if holds(table))
        return list(itertools.islice(found, None if max_tables < 0 else max_tables))

    def get_table_meta(
        self, db_patterns: str | None, tbl_patterns: str | None, tbl_types: Sequence[str] | None
    ) -> list[Any]:
        databases = every(lambda after: self._catalog.databases(self._scope, after=after, limit=PAGE))
        return [
            hive.TableMeta(
                dbName=database,
                tableName=table.name,
                tableType=table_type(table),
                comments=table.parameters.get("comment", table.description),
            )
            for database in matching((each.name for each in databases), db_patterns)
            if self._may_list(database)
            for table in self._all(database)
            if matching([table.name], tbl_patterns) and (not tbl_types or table_type(table) in tbl_types)
        ]

    def _may_list(self, database: str) -> bool:
        """Whether the caller, who may list tables of some databases, may list those of this one."""
        try:
            self._caller.may_call("get_all_tables", [database])
        except Denied:
            return False
        return True

    def get_fields(self, db_name: str, table_name: str) -> list[Any]:
        storage = self._catalog.table(self._scope, plain(db_name), table_name).storage
        return as_columns(storage.columns if storage else ())

    def get_fields_with_environment_context(self, db_name: str, table_name: str, _context: Any) -> list[Any]:
        return self.get_fields(db_name, table_name)

    def get_fields_req(self, req: Any) -> Any:
        return hive.GetFieldsResponse(fields=self.get_fields(req.dbName, req.tblName))

    def get_schema(self, db_name: str, table_name: str) -> list[Any]:
        keys = self._catalog.table(self._scope, plain(db_name), table_name).partition_keys
        return [*self.get_fields(db_name, table_name), *as_columns(keys)]

    def get_schema_with_environment_context(self, db_name: str, table_name: str, _context: Any) -> list[Any]:
        return self.get_schema(db_name, table_name)

    def get_schema_req(self, req: Any) -> Any:
        return hive.GetSchemaResponse(fields=self.get_schema(req.dbName, req.tblName))

    def create_table(self, tbl: Any) -> None:
        self._place(tbl)
        tbl.parameters = {CHANGED: str(int(time.time())), **(tbl.parameters or {})}
        if tbl.sd is not None and tbl.sd.location and tbl.tableType not in VIEWS:
            self._data.make([tbl.sd.location])
        self._catalog.create_table(self._scope, tbl.dbName, from_table(tbl))
        self._shown.forget(tbl.dbName, tbl.tableName)

    def translate_table_dryrun(self, request: Any) -> Any:
        """The table as it would be made: Hive 4 writes what it selects there before it makes the table."""
        self._place(request.table)
        return request.table

    def create_table_with_environment_context(self, tbl: Any, _context: Any) -> None:
        self.create_table(tbl)

    def create_table_with_constraints(self, tbl: Any, *_constraints: Any) -> None:
        # Nothing enforces a constraint here, as nothing does in Hive; Glue has no word for them.
        self.create_table(tbl)

    def create_table_req(self, request: Any) -> None:
        self.create_table(request.table)

    def drop_table(self, dbname: str, name: str, delete_data: bool) -> None:
        self._data.drop_table(plain(dbname), name, delete_data=delete_data)
        self._shown.forget(plain(dbname), name)

    def drop_table_with_environment_context(self, dbname: str, name: str, delete_data: bool, _context: Any) -> None:
        self.drop_table(dbname, name, delete_data)

    def drop_table_req(self, req: Any) -> None:
        self.drop_table(req.dbName, req.tableName, bool(req.deleteData))

    def truncate_table(self, db_name: str, table_name: str, part_names: Sequence[str] | None) -> None:
        self._data.truncate(self._catalog.table(self._scope, plain(db_name), table_name), part_names)

    def truncate_table_req(self, req: Any) -> Any:
        self.truncate_table(req.dbName, req.tableName, req.partNames)
        return hive.TruncateTableResponse()

    def alter_table(self, dbname: str, tbl_name: str, new_tbl: Any) -> None:
        self._alter(dbname, tbl_name, new_tbl, {})

    def alter_table_with_environment_context(self, dbname: str, tbl_name: str, new_tbl: Any, context: Any) -> None:
        self._alter(dbname, tbl_name, new_tbl, properties(context))

    def alter_table_with_cascade(self, dbname: str, tbl_name: str, new_tbl: Any, cascade: bool) -> None:
        self._alter(dbname, tbl_name, new_tbl, {"CASCADE": str(cascade).lower()})

    def alter_table_req(self, req: Any) -> Any:
        self._alter(req.dbName, req.tableName, req.table, properties(req.environmentContext))
        return hive.AlterTableResponse()

    def _place(self, tbl: Any) -> None:
        """Name a table that is to be as the catalog does, and where it is to lie. Raises NotFound for the database."""
        tbl.dbName, tbl.tableName = plain(tbl.dbName).lower(), tbl.tableName.lower()
        database = self._house.database(tbl.dbName)
        if tbl.sd is not None and tbl.tableType not in VIEWS:
            tbl.sd.location = tbl.sd.location or f"{self._house.place(database).rstrip('/')}/{tbl.tableName}"

    def _alter(self, database: str, name: str, given: Any, context: Mapping[str, str]) -> None:
        database = plain(database).lower()
        given.dbName, given.tableName = plain(given.dbName or database).lower(), given.tableName.lower()
        # Iceberg guards its commits itself, by a lock or by what it expects.
        iceberg = (given.parameters or {}).get("table_type", "").upper() == "ICEBERG"
        base = None if iceberg else self._shown.earliest(database, name)
        expected = (context[EXPECTED_KEY], context.get(EXPECTED_VALUE)) if EXPECTED_KEY in context else None
        for _ in range(TRIES):
            before = self._catalog.table(self._scope, database, name)
            try:
                self._change(before, self._wanted(given, base, before), expected)
                break
            except ConcurrentModification as error:
                # Iceberg knows this refusal by its words, in this exception.
                if expected and before.parameters.get(expected[0]) != expected[1]:
                    raise hive.MetaException(str(error)) from error
        else:
            raise hive.MetaException(f"Table {database}.{name} is changed by too many at once.")
        if context.get("CASCADE", "").lower() == "true":
            self._data.cascade(self._catalog.table(self._scope, given.dbName, given.tableName))
        self._shown.forget(database, name)

    def _wanted(self, given: Any, base: Table | None, before: Table) -> Table:
        """The table as it is to be: what the client changed of what it was shown, on what the table is by now."""
        if base is None or base.version == before.version:
            after = from_table(given, before)
        else:
            after = merged(base, from_table(given, base), before)
        return replace(after, parameters={**after.parameters, CHANGED: str(int(time.time()))})

    def _change(self, before: Table, after: Table, expected: tuple[str, str | None] | None) -> None:
        if (before.database, before.name) != (after.database, after.name):
            self._data.rename(before, after)
            return
        self._catalog.update_table(
            self._scope,
            before.database,
            # What engines change of a resource link is what it leads to.
            replace(after, target_table=None),
            version_id=before.version,
            # What engines write of every append (sizes, times) makes no version of its own.
            skip_archive=(before.storage, before.partition_keys) == (after.storage, after.partition_keys),
            expected_parameter=expected,
        )

    def _all(self, database: str) -> Iterable[Table]:
        try:
            yield from every(lambda after: self._catalog.tables(self._scope, database, after=after, limit=PAGE))
        except NotFound:
            return
