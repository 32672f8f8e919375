"""Hive's methods for partitions."""

import copy
from collections.abc import Sequence
from typing import Any

from hive_metastore import ttypes as hive
from thrift.Thrift import TApplicationException

from studiolo.catalog import (
    HIVE_NULL,
    And,
    Compare,
    Filter,
    IsNull,
    Partition,
    Table,
    partition_name,
    partition_values,
    split_name,
)
from studiolo.domain import Invalid, NotFound
from studiolo.metastore.data import Data
from studiolo.metastore.filters import condition
from studiolo.metastore.room import House, Room, plain
from studiolo.metastore.translators import as_partition, as_partitions, from_partition

NO_EXPRESSION = b"\xff"
"""What clients since Hive 4 send for none."""


class Partitions(Room):
    """Partitions: found by values, by name, by parts of a name, by filter. `max_parts` below 0 asks for all."""

    def __init__(self, house: House, data: Data) -> None:
        super().__init__(house)
        self._data = data

    def add_partition(self, new_part: Any) -> Any:
        table = self._table(new_part.dbName, new_part.tableName)
        return as_partition(self._data.add_partitions(table, [from_partition(new_part)], if_not_exists=False)[0])

    def add_partition_with_environment_context(self, new_part: Any, _context: Any) -> Any:
        return self.add_partition(new_part)

    def add_partitions(self, new_parts: Sequence[Any]) -> int:
        if not new_parts:
            return 0
        table = self._table(new_parts[0].dbName, new_parts[0].tableName)
        wanted = [from_partition(each) for each in new_parts]
        return len(self._data.add_partitions(table, wanted, if_not_exists=False))

    def add_partitions_req(self, request: Any) -> Any:
        table = self._table(request.dbName, request.tblName)
        wanted = [from_partition(each) for each in request.parts]
        made = self._data.add_partitions(table, wanted, if_not_exists=bool(request.ifNotExists))
        return hive.AddPartitionsResult(partitions=as_partitions(made) if request.needResult is not False else None)

    def add_partitions_pspec(self, new_parts: Sequence[Any]) -> int:
        return sum(self.add_partitions(_of_spec(each)) for each in new_parts)

    def append_partition(self, db_name: str, tbl_name: str, part_vals: Sequence[str]) -> Any:
        table = self._table(db_name, tbl_name)
        wanted = Partition(tuple(part_vals), table.database, table.name)
        return as_partition(self._data.add_partitions(table, [wanted], if_not_exists=False)[0])

    def append_partition_with_environment_context(
        self, db_name: str, tbl_name: str, part_vals: Sequence[str], _context: Any
    ) -> Any:
        return self.append_partition(db_name, tbl_name, part_vals)

    def append_partition_by_name(self, db_name: str, tbl_name: str, part_name: str) -> Any:
        return self.append_partition(db_name, tbl_name, self._values(self._table(db_name, tbl_name), part_name))

    def append_partition_by_name_with_environment_context(
        self, db_name: str, tbl_name: str, part_name: str, _context: Any
    ) -> Any:
        return self.append_partition_by_name(db_name, tbl_name, part_name)

    def append_partition_req(self, req: Any) -> Any:
        if req.name:
            return self.append_partition_by_name(req.dbName, req.tableName, req.name)
        return self.append_partition(req.dbName, req.tableName, req.partVals)

    def drop_partition(self, db_name: str, tbl_name: str, part_vals: Sequence[str], delete_data: bool) -> bool:
        self._data.drop_partitions(self._table(db_name, tbl_name), [part_vals], delete_data=delete_data)
        return True

    def drop_partition_with_environment_context(
        self, db_name: str, tbl_name: str, part_vals: Sequence[str], delete_data: bool, _context: Any
    ) -> bool:
        return self.drop_partition(db_name, tbl_name, part_vals, delete_data)

    def drop_partition_by_name(self, db_name: str, tbl_name: str, part_name: str, delete_data: bool) -> bool:
        return self.drop_partition(
            db_name, tbl_name, self._values(self._table(db_name, tbl_name), part_name), delete_data
        )

    def drop_partition_by_name_with_environment_context(
        self, db_name: str, tbl_name: str, part_name: str, delete_data: bool, _context: Any
    ) -> bool:
        return self.drop_partition_by_name(db_name, tbl_name, part_name, delete_data)

    def drop_partition_req(self, req: Any) -> bool:
        if req.partName:
            return self.drop_partition_by_name(req.dbName, req.tblName, req.partName, bool(req.deleteData))
        return self.drop_partition(req.dbName, req.tblName, req.partVals, bool(req.deleteData))

    def drop_partitions_req(self, req: Any) -> Any:
        table = self._table(req.dbName, req.tblName)
        if req.parts.names is None:
            raise hive.MetaException(
                "Studiolo's metastore drops partitions by name, and does not read Hive's serialized expressions."
            )
        sought = [self._values(table, name) for name in req.parts.names]
        if req.ifExists:
            there = self._catalog.partitions_of(self._scope, table.database, table.name, sought)
            sought = [each.values for each in there]
        gone = self._data.drop_partitions(table, sought, delete_data=bool(req.deleteData))
        return hive.DropPartitionsResult(partitions=as_partitions(gone) if req.needResult is not False else None)

    def get_partition(self, db_name: str, tbl_name: str, part_vals: Sequence[str]) -> Any:
        table = self._table(db_name, tbl_name)
        found = self._catalog.partitions_of(self._scope, table.database, table.name, [part_vals])
        if not found:
            raise NotFound(f"partition values={list(part_vals)}")
        return as_partition(found[0])

    def get_partition_req(self, req: Any) -> Any:
        return hive.GetPartitionResponse(partition=self.get_partition(req.dbName, req.tblName, req.partVals))

    def get_partition_with_auth(
        self, db_name: str, tbl_name: str, part_vals: Sequence[str], _user: str, _groups: Sequence[str]
    ) -> Any:
        return self.get_partition(db_name, tbl_name, part_vals)

    def get_partition_by_name(self, db_name: str, tbl_name: str, part_name: str) -> Any:
        return self.get_partition(db_name, tbl_name, self._values(self._table(db_name, tbl_name), part_name))

    def get_partitions_by_names(self, db_name: str, tbl_name: str, names: Sequence[str]) -> list[Any]:
        table = self._table(db_name, tbl_name)
        sought = [self._values(table, name) for name in names]
        return as_partitions(self._catalog.partitions_of(self._scope, table.database, table.name, sought))

    def get_partitions_by_names_req(self, req: Any) -> Any:
        found = self.get_partitions_by_names(req.db_name, req.tbl_name, req.names)
        return hive.GetPartitionsByNamesResult(partitions=found)

    def get_partitions(self, db_name: str, tbl_name: str, max_parts: int) -> list[Any]:
        return as_partitions(self._find(db_name, tbl_name, None, max_parts))

    def get_partitions_req(self, req: Any) -> Any:
        return hive.PartitionsResponse(partitions=self.get_partitions(req.dbName, req.tblName, req.maxParts))

    def get_partitions_with_auth(
        self, db_name: str, tbl_name: str, max_parts: int, _user: str, _groups: Sequence[str]
    ) -> list[Any]:
        return self.get_partitions(db_name, tbl_name, max_parts)

    def get_partitions_pspec(self, db_name: str, tbl_name: str, max_parts: int) -> list[Any]:
        return self._specs(self._table(db_name, tbl_name), self.get_partitions(db_name, tbl_name, max_parts))

    def get_partition_names(self, db_name: str, tbl_name: str, max_parts: int) -> list[str]:
        table = self._table(db_name, tbl_name)
        return self._names(table, self._catalog.partition_values(*self._of(table), limit=_limit(max_parts)))

    def fetch_partition_names_req(self, req: Any) -> list[str]:
        return self.get_partition_names(req.dbName, req.tblName, _most(req.maxParts))

    def get_partition_values(self, request: Any) -> Any:
        table = self._table(request.dbName, request.tblName)
        where = condition(request.filter or "")
        names = [key.name for key in table.partition_keys]
        wanted = [names.index(key.name) for key in request.partitionKeys if key.name in names]
        rows = [
            tuple(values[at] for at in wanted) for values in self._catalog.partition_values(*self._of(table), where)
        ]
        if request.applyDistinct is not False:
            rows = list(dict.fromkeys(rows))
        if request.partitionOrder:
            rows.sort(reverse=request.ascending is False)
        limited = rows[: _limit(_most(request.maxParts))]
        return hive.PartitionValuesResponse(
            partitionValues=[hive.PartitionValuesRow(row=list(values)) for values in limited]
        )

    def get_partitions_ps(self, db_name: str, tbl_name: str, part_vals: Sequence[str], max_parts: int) -> list[Any]:
        table = self._table(db_name, tbl_name)
        where = _partial(table, part_vals)
        try:
            found = self._find(db_name, tbl_name, where, -1)
        except Invalid:
            # A value that its key's type cannot have: no index helps, and none may match.
            found = self._find(db_name, tbl_name, None, -1)
        return as_partitions([each for each in found if _fits(each.values, part_vals)][: _limit(max_parts)])

    def get_partitions_ps_with_auth(
        self,
        db_name: str,
        tbl_name: str,
        part_vals: Sequence[str],
        max_parts: int,
        _user: str | None,
        _groups: Sequence[str] | None,
    ) -> list[Any]:
        return self.get_partitions_ps(db_name, tbl_name, part_vals, max_parts)

    def get_partitions_ps_with_auth_req(self, req: Any) -> Any:
        found = self.get_partitions_ps(req.dbName, req.tblName, req.partVals or (), _most(req.maxParts))
        return hive.GetPartitionsPsWithAuthResponse(partitions=found)

    def get_partition_names_ps(
        self, db_name: str, tbl_name: str, part_vals: Sequence[str], max_parts: int
    ) -> list[str]:
        table = self._table(db_name, tbl_name)
        where = _partial(table, part_vals)
        try:
            found = self._catalog.partition_values(*self._of(table), where)
        except Invalid:
            found = self._catalog.partition_values(*self._of(table))
        return self._names(table, [values for values in found if _fits(values, part_vals)][: _limit(max_parts)])

    def get_partition_names_ps_req(self, req: Any) -> Any:
        limit = _most(req.maxParts)
        names = self.get_partition_names_ps(req.dbName, req.tblName, req.partValues or (), limit)
        return hive.GetPartitionNamesPsResponse(names=names)

    def get_partition_names_req(self, req: Any) -> list[str]:
        if req.expr and req.expr != NO_EXPRESSION:
            raise hive.MetaException(
                "Studiolo's metastore does not read Hive's serialized expressions: ask for get_partition_names."
            )
        return self.get_partition_names(req.dbName, req.tblName, _most(req.maxParts))

    def get_partitions_by_filter(self, db_name: str, tbl_name: str, filter: str, max_parts: int) -> list[Any]:  # noqa: A002
        return as_partitions(self._find(db_name, tbl_name, condition(filter), max_parts))

    def get_partitions_by_filter_req(self, req: Any) -> list[Any]:
        return self.get_partitions_by_filter(req.dbName, req.tblName, req.filter, _most(req.maxParts))

    def get_part_specs_by_filter(self, db_name: str, tbl_name: str, filter: str, max_parts: int) -> list[Any]:  # noqa: A002
        found = self.get_partitions_by_filter(db_name, tbl_name, filter, max_parts)
        return self._specs(self._table(db_name, tbl_name), found)

    def get_partitions_with_specs(self, request: Any) -> Any:
        """Partitions by name, by the beginning of their values, or by filter; whatever of them is asked for, whole."""
        database, table = request.dbName, request.tblName
        mode, filters = request.filterSpec.filterMode, list(request.filterSpec.filters or ())
        if mode == hive.PartitionFilterMode.BY_NAMES:
            found = self.get_partitions_by_names(database, table, filters)
        elif mode == hive.PartitionFilterMode.BY_VALUES:
            found = self.get_partitions_ps(database, table, filters, -1)
        else:
            found = self.get_partitions_by_filter(database, table, " and ".join(f"({each})" for each in filters), -1)
        return hive.GetPartitionsResponse(partitionSpec=self._specs(self._table(database, table), found))

    def get_partitions_by_expr(self, _req: Any) -> Any:
        # Hive prunes by itself where a metastore does not know this method, and only then.
        raise TApplicationException(
            TApplicationException.UNKNOWN_METHOD, "Studiolo's metastore does not read Hive's serialized expressions."
        )

    get_partitions_spec_by_expr = get_partitions_by_expr

    def get_num_partitions_by_filter(self, db_name: str, tbl_name: str, filter: str) -> int:  # noqa: A002
        table = self._table(db_name, tbl_name)
        return len(self._catalog.partition_values(*self._of(table), condition(filter)))

    def alter_partition(self, db_name: str, tbl_name: str, new_part: Any) -> None:
        self.alter_partitions(db_name, tbl_name, [new_part])

    def alter_partition_with_environment_context(
        self, db_name: str, tbl_name: str, new_part: Any, _context: Any
    ) -> None:
        self.alter_partition(db_name, tbl_name, new_part)

    def alter_partitions(self, db_name: str, tbl_name: str, new_parts: Sequence[Any]) -> None:
        table = self._table(db_name, tbl_name)
        there = self._catalog.partitions_of(*self._of(table), [tuple(each.values) for each in new_parts])
        known = {each.values: each for each in there}
        changes = [(tuple(each.values), from_partition(each, known.get(tuple(each.values)))) for each in new_parts]
        self._catalog.update_partitions(*self._of(table), changes, together=True)

    def alter_partitions_with_environment_context(
        self, db_name: str, tbl_name: str, new_parts: Sequence[Any], _context: Any
    ) -> None:
        self.alter_partitions(db_name, tbl_name, new_parts)

    def alter_partitions_req(self, req: Any) -> Any:
        self.alter_partitions(req.dbName, req.tableName, req.partitions)
        return hive.AlterPartitionsResponse()

    def rename_partition(self, db_name: str, tbl_name: str, part_vals: Sequence[str], new_part: Any) -> None:
        table = self._table(db_name, tbl_name)
        before = self._catalog.partition(*self._of(table), part_vals)
        self._data.rename_partition(table, part_vals, from_partition(new_part, before))

    def rename_partition_req(self, req: Any) -> Any:
        self.rename_partition(req.dbName, req.tableName, req.partVals, req.newPart)
        return hive.RenamePartitionResponse()

    def partition_name_has_valid_characters(self, _part_vals: Sequence[str], _throw_exception: bool) -> bool:
        return True

    def partition_name_to_vals(self, part_name: str) -> list[str]:
        return list(self.partition_name_to_spec(part_name).values())

    def partition_name_to_spec(self, part_name: str) -> dict[str, str]:
        return split_name(part_name)

    def _table(self, database: str, name: str) -> Table:
        return self._catalog.table(self._scope, plain(database), name)

    def _of(self, table: Table) -> tuple[Any, str, str]:
        return self._scope, table.database, table.name

    def _find(self, database: str, table: str, where: Filter | None, max_parts: int) -> Sequence[Partition]:
        return self._catalog.partitions(self._scope, plain(database), table, where, limit=_limit(max_parts)).items

    def _values(self, table: Table, name: str) -> tuple[str, ...]:
        return partition_values(name, table.partition_keys)

    def _names(self, table: Table, found: Sequence[Sequence[str]]) -> list[str]:
        return [partition_name(table.partition_keys, values) for values in found]

    def _specs(self, table: Table, partitions: list[Any]) -> list[Any]:
        spec = hive.PartitionSpec(
            dbName=table.database,
            tableName=table.name,
            rootPath=table.storage.location if table.storage else None,
            partitionList=hive.PartitionListComposingSpec(partitions=partitions),
        )
        return [spec]


def _of_spec(spec: Any) -> list[Any]:
    """The partitions of a specification; those of a shared storage lie where their own paths say, below its place."""
    shared = spec.sharedSDPartitionSpec
    if shared is None:
        return list(spec.partitionList.partitions)
    return [
        hive.Partition(
            values=each.values,
            dbName=spec.dbName,
            tableName=spec.tableName,
            lastAccessTime=each.lastAccessTime,
            sd=_placed(shared.sd, f"{spec.rootPath or shared.sd.location}{each.relativePath or ''}"),
            parameters=each.parameters,
        )
        for each in shared.partitions
    ]


def _placed(storage: Any, location: str) -> Any:
    placed = copy.copy(storage)
    placed.location = location
    return placed


def _most(max_parts: int | None) -> int:
    return -1 if max_parts is None else max_parts


def _limit(max_parts: int) -> int | None:
    return None if max_parts < 0 else max_parts


def _partial(table: Table, values: Sequence[str]) -> Filter | None:
    """The first keys have these values; an empty one means any."""
    parts: list[Filter] = [
        IsNull(key.name) if value == HIVE_NULL else Compare(key.name, "=", value)
        for key, value in zip(table.partition_keys, values, strict=False)
        if value
    ]
    return And(tuple(parts)) if parts else None


def _fits(values: Sequence[str], partial: Sequence[str]) -> bool:
    return all(wanted in ("", value) for value, wanted in zip(values, partial, strict=False))
