"""Hive's methods for column statistics, and the translation of each kind of them."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hive_metastore import ttypes as hive

from studiolo.catalog import ColumnStatistics, Table, as_unscaled, from_unscaled, partition_values
from studiolo.domain import Invalid
from studiolo.metastore.aggregates import together
from studiolo.metastore.room import Room, plain

ENGINE = "hive"
EPOCH = date(1970, 1, 1)


class Statistics(Room):
    """Statistics of the columns of tables and partitions: the same that Glue's API reads and writes."""

    def get_table_column_statistics(self, db_name: str, tbl_name: str, col_name: str) -> Any:
        table = self._table(db_name, tbl_name)
        found = self._known(table, [col_name])
        if not found:
            raise hive.NoSuchObjectException(f"There are no statistics of column {col_name} of {table.name}.")
        return _described(table, found, None)

    def get_partition_column_statistics(self, db_name: str, tbl_name: str, part_name: str, col_name: str) -> Any:
        table = self._table(db_name, tbl_name)
        found = self._known(table, [col_name], partition_values(part_name, table.partition_keys))
        if not found:
            raise hive.NoSuchObjectException(f"There are no statistics of column {col_name} of {part_name}.")
        return _described(table, found, part_name)

    def get_table_statistics_req(self, request: Any) -> Any:
        known = self._known(self._table(request.dbName, request.tblName), request.colNames)
        return hive.TableStatsResult(tableStats=_as_objects(known, request.engine))

    def get_partitions_statistics_req(self, request: Any) -> Any:
        found = self._known_of(request)
        return hive.PartitionsStatsResult(
            partStats={name: _as_objects(known, request.engine) for name, known in found.items()}
        )

    def get_aggr_stats_for(self, request: Any) -> Any:
        found = self._known_of(request).values()
        columns: dict[str, ColumnStatistics] = {}
        for each in itertools.chain.from_iterable(found):
            before = columns.get(each.column.lower())
            columns[each.column.lower()] = each if before is None else together(before, each)
        whole = [known for known in found if len(known) == len({name.lower() for name in request.colNames})]
        return hive.AggrStats(colStats=_as_objects(columns.values(), request.engine), partsFound=len(whole))

    def update_table_column_statistics(self, stats_obj: Any) -> bool:
        self._set(stats_obj)
        return True

    def update_partition_column_statistics(self, stats_obj: Any) -> bool:
        self._set(stats_obj)
        return True

    def update_table_column_statistics_req(self, req: Any) -> Any:
        return self._set_all(req)

    def update_partition_column_statistics_req(self, req: Any) -> Any:
        return self._set_all(req)

    def set_aggr_stats_for(self, request: Any) -> bool:
        for each in request.colStats:
            self._set(each, merge=bool(request.needMerge))
        return True

    def delete_table_column_statistics(
        self, db_name: str, tbl_name: str, col_name: str | None, _engine: str | None
    ) -> bool:
        self._forget(self._table(db_name, tbl_name), col_name, None)
        return True

    def delete_partition_column_statistics(
        self, db_name: str, tbl_name: str, part_name: str, col_name: str | None, _engine: str | None
    ) -> bool:
        table = self._table(db_name, tbl_name)
        self._forget(table, col_name, partition_values(part_name, table.partition_keys))
        return True

    def delete_column_statistics_req(self, req: Any) -> bool:
        table = self._table(req.db_name, req.tbl_name)
        names = [None] if req.tableLevel else (req.part_names or ())
        for name, column in itertools.product(names, req.col_names or [None]):
            self._forget(table, column, None if name is None else partition_values(name, table.partition_keys))
        return True

    def _table(self, database: str, name: str) -> Table:
        return self._catalog.table(self._scope, plain(database), name)

    def _known(
        self, table: Table, columns: Sequence[str], values: Sequence[str] | None = None
    ) -> list[ColumnStatistics]:
        return self._catalog.column_statistics(self._scope, table.database, table.name, columns, values)

    def _known_of(self, request: Any) -> dict[str, list[ColumnStatistics]]:
        """What is known of partitions, by their names; of those that are not there, nothing is."""
        table = self._table(request.dbName, request.tblName)
        names = {partition_values(name, table.partition_keys): name for name in request.partNames}
        found = self._catalog.column_statistics_of(
            self._scope, table.database, table.name, request.colNames, list(names)
        )
        return {names[values]: known for values, known in found.items()}

    def _set(self, given: Any, *, merge: bool = False) -> None:
        described = given.statsDesc
        table = self._table(described.dbName, described.tableName)
        values = None if described.isTblLevel else partition_values(described.partName, table.partition_keys)
        analyzed = datetime.fromtimestamp(described.lastAnalyzed, timezone.utc) if described.lastAnalyzed else None
        known = [replace(from_statistics(each), analyzed=analyzed) for each in given.statsObj]
        # What is merged, a client says of the rows that it has added.
        combine = together if merge else None
        failures = self._catalog.set_column_statistics(
            self._scope, table.database, table.name, known, values, combine=combine
        )
        for _, error in failures:
            raise error

    def _set_all(self, request: Any) -> Any:
        return hive.SetPartitionsStatsResponse(result=self.set_aggr_stats_for(request))

    def _forget(self, table: Table, column: str | None, values: Sequence[str] | None) -> None:
        columns = [column] if column else [each.name for each in (table.storage.columns if table.storage else ())]
        for known in self._known(table, columns, values):
            self._catalog.delete_column_statistics(self._scope, table.database, table.name, known.column, values)


def as_statistics(known: ColumnStatistics, engine: str | None = None) -> Any:
    """A column's statistics in Hive's words; `engine` is what clients since Hive 4 call themselves, and no others do."""
    low, high, counts = known.minimum, known.maximum, {"numNulls": known.nulls or 0, "numDVs": known.distinct or 0}
    data = hive.ColumnStatisticsData()
    if known.kind == "BOOLEAN":
        data.booleanStats = hive.BooleanColumnStatsData(
            numTrues=known.trues or 0, numFalses=known.falses or 0, numNulls=known.nulls or 0
        )
    elif known.kind == "LONG" and known.type.lower().startswith("timestamp") and engine:
        data.timestampStats = hive.TimestampColumnStatsData(
            lowValue=_as_timestamp(low), highValue=_as_timestamp(high), **counts
        )
    elif known.kind == "LONG":
        data.longStats = hive.LongColumnStatsData(
            lowValue=int(low) if low else None, highValue=int(high) if high else None, **counts
        )
    elif known.kind == "DOUBLE":
        data.doubleStats = hive.DoubleColumnStatsData(
            lowValue=float(low) if low else None, highValue=float(high) if high else None, **counts
        )
    elif known.kind == "DECIMAL":
        data.decimalStats = hive.DecimalColumnStatsData(
            lowValue=_as_decimal(low), highValue=_as_decimal(high), **counts
        )
    elif known.kind == "DATE":
        data.dateStats = hive.DateColumnStatsData(lowValue=_as_date(low), highValue=_as_date(high), **counts)
    elif known.kind == "STRING":
        data.stringStats = hive.StringColumnStatsData(
            maxColLen=known.maximum_length or 0, avgColLen=known.average_length or 0.0, **counts
        )
    else:
        data.binaryStats = hive.BinaryColumnStatsData(
            maxColLen=known.maximum_length or 0, avgColLen=known.average_length or 0.0, numNulls=known.nulls or 0
        )
    return hive.ColumnStatisticsObj(colName=known.column, colType=known.type, statsData=data)


def from_statistics(given: Any) -> ColumnStatistics:
    """Raises Invalid for statistics of no known kind."""
    data = given.statsData
    kind = next((kind for kind in KINDS if getattr(data, f"{kind}Stats") is not None), None)
    if kind is None:
        raise Invalid(f"The statistics of column {given.colName} are of no kind that is known.")
    own = getattr(data, f"{kind}Stats")
    read = READ.get(kind, lambda value: None if value is None else str(value))
    return ColumnStatistics(
        column=given.colName,
        type=given.colType,
        # Glue has no kind for timestamps; Hive before its version 4 gave their seconds as LONG, too.
        kind="LONG" if kind == "timestamp" else kind.upper(),
        minimum=read(getattr(own, "lowValue", None)),
        maximum=read(getattr(own, "highValue", None)),
        nulls=own.numNulls,
        distinct=getattr(own, "numDVs", None),
        average_length=getattr(own, "avgColLen", None),
        maximum_length=getattr(own, "maxColLen", None),
        trues=getattr(own, "numTrues", None),
        falses=getattr(own, "numFalses", None),
    )


def _described(table: Table, known: Sequence[ColumnStatistics], name: str | None) -> Any:
    analyzed = known[0].analyzed
    description = hive.ColumnStatisticsDesc(
        isTblLevel=name is None,
        dbName=table.database,
        tableName=table.name,
        partName=name,
        lastAnalyzed=int(analyzed.timestamp()) if analyzed else None,
    )
    return hive.ColumnStatistics(statsDesc=description, statsObj=_as_objects(known), engine=ENGINE)


def _as_objects(known: Iterable[ColumnStatistics], engine: str | None = None) -> list[Any]:
    return [as_statistics(each, engine) for each in known]


def _as_decimal(text: str | None) -> Any:
    if not text:
        return None
    # Hive has no negative scales: zeros before the point are digits.
    unscaled, scale = as_unscaled(format(Decimal(text), "f"))
    return hive.Decimal(unscaled=unscaled, scale=scale)


def _from_decimal(given: Any) -> str | None:
    return None if given is None else from_unscaled(given.unscaled, given.scale)


def _as_date(text: str | None) -> Any:
    return hive.Date(daysSinceEpoch=(date.fromisoformat(text[:10]) - EPOCH).days) if text else None


def _from_date(given: Any) -> str | None:
    if given is None:
        return None
    day = EPOCH + timedelta(days=given.daysSinceEpoch)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc).isoformat()


def _as_timestamp(text: str | None) -> Any:
    return hive.Timestamp(secondsSinceEpoch=int(text)) if text else None


def _from_timestamp(given: Any) -> str | None:
    return None if given is None else str(given.secondsSinceEpoch)


KINDS = ("boolean", "long", "double", "string", "binary", "decimal", "date", "timestamp")
READ = {"decimal": _from_decimal, "date": _from_date, "timestamp": _from_timestamp}
"""How the limits of a kind are read whose limits are not plain numbers."""
