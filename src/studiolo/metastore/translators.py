"""Between the catalog's words and Hive's: what either side cannot say is kept from `before`, and nothing is lost.

Hive's clients fetch a thing, change it and send it whole. What comes back as it was shown is left as it is; of what
was changed, the parts that Hive has no word for (a column's parameters, a table's description …) stay.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from hive_metastore import ttypes as hive

from studiolo.catalog import (
    Column,
    Database,
    Function,
    Order,
    Partition,
    Resource,
    SerDe,
    SkewedInfo,
    StorageDescriptor,
    Table,
)

CATALOG = "hive"
"""The one catalog of a metastore, by the name that Hive 3 gives it."""

TABLE_TYPES = ("MANAGED_TABLE", "EXTERNAL_TABLE", "VIRTUAL_VIEW", "MATERIALIZED_VIEW")


def as_database(database: Database, location: str) -> Any:
    """`location` is where the database's tables go if it names no place of its own: Spark cannot do without one."""
    return hive.Database(
        name=database.name,
        description=database.description or "",
        locationUri=database.location or location,
        parameters=dict(database.parameters),
        ownerName=database.owner,
        ownerType=_owner_type(database),
        catalogName=CATALOG,
        type=hive.DatabaseType.NATIVE,
    )


def from_database(given: Any, location: str, before: Database | None = None) -> Database:
    """`location` as for `as_database`, which is not written down."""
    known = before or Database(given.name)
    same = before is not None and given.ownerType == _owner_type(known)
    owner_type = known.owner_type if same else hive.PrincipalType._VALUES_TO_NAMES.get(given.ownerType)
    return replace(
        known,
        name=given.name,
        description=_kept(given.description, known.description),
        location=known.location if given.locationUri == (known.location or location) else given.locationUri,
        parameters=dict(given.parameters or {}),
        owner=given.ownerName,
        owner_type=owner_type,
    )


def _owner_type(database: Database) -> int | None:
    """Spark names an owner without saying of what type, and Trino cannot do without it."""
    named = database.owner_type or ("USER" if database.owner else "")
    known: int | None = hive.PrincipalType._NAMES_TO_VALUES.get(named)
    return known


def as_columns(columns: Iterable[Column]) -> list[Any]:
    return [hive.FieldSchema(name=each.name, type=each.type or "string", comment=each.comment) for each in columns]


def from_columns(given: Sequence[Any] | None, before: Sequence[Column] = ()) -> tuple[Column, ...]:
    if given is not None and list(given) == as_columns(before):
        return tuple(before)
    known = {column.name: column for column in before}
    return tuple(_from_column(each, known.get(each.name) or known.get(each.name.lower())) for each in given or ())


def _from_column(given: Any, before: Column | None) -> Column:
    if before is None:
        return Column(given.name.lower(), given.type, given.comment)
    column_type = before.type if given.type == (before.type or "string") else given.type
    return replace(before, type=column_type, comment=given.comment)


def as_storage(storage: StorageDescriptor | None) -> Any:
    """Never None, nor without a SerDe and what is skewed: Hive's Java classes follow these references unchecked."""
    storage = storage or StorageDescriptor()
    serde = storage.serde or SerDe()
    return hive.StorageDescriptor(
        cols=as_columns(storage.columns),
        location=storage.location,
        inputFormat=storage.input_format,
        outputFormat=storage.output_format,
        compressed=storage.compressed,
        numBuckets=storage.buckets,
        serdeInfo=hive.SerDeInfo(name=serde.name, serializationLib=serde.library, parameters=dict(serde.parameters)),
        bucketCols=list(storage.bucket_columns),
        sortCols=[hive.Order(col=each.column, order=each.sort_order) for each in storage.sort_columns],
        parameters=dict(storage.parameters),
        skewedInfo=_as_skewed(storage.skewed or SkewedInfo()),
        storedAsSubDirectories=storage.stored_as_subdirectories,
    )


def from_storage(given: Any, before: StorageDescriptor | None = None) -> StorageDescriptor | None:
    if given is None or given == as_storage(before):
        return before
    known = before or StorageDescriptor()
    shown = as_storage(before)
    return replace(
        known,
        columns=from_columns(given.cols, known.columns),
        location=given.location,
        input_format=given.inputFormat,
        output_format=given.outputFormat,
        compressed=bool(given.compressed),
        buckets=given.numBuckets or 0,
        serde=known.serde if given.serdeInfo == shown.serdeInfo else _from_serde(given.serdeInfo),
        bucket_columns=tuple(given.bucketCols or ()),
        sort_columns=tuple(Order(each.col, each.order) for each in given.sortCols or ()),
        parameters=dict(given.parameters or {}),
        skewed=known.skewed if given.skewedInfo == shown.skewedInfo else _from_skewed(given.skewedInfo),
        stored_as_subdirectories=bool(given.storedAsSubDirectories),
    )


def _from_serde(given: Any) -> SerDe | None:
    return given and SerDe(given.name, given.serializationLib, dict(given.parameters or {}))


def _as_skewed(skewed: SkewedInfo) -> Any:
    return hive.SkewedInfo(
        skewedColNames=list(skewed.column_names),
        skewedColValues=[_split(value) for value in skewed.column_values],
        skewedColValueLocationMaps={tuple(_split(value)): at for value, at in skewed.locations.items()},
    )


def _from_skewed(given: Any) -> SkewedInfo | None:
    if given is None or not given.skewedColNames:
        return None
    return SkewedInfo(
        tuple(given.skewedColNames),
        tuple(_joined(values) for values in given.skewedColValues or ()),
        {_joined(values): at for values, at in (given.skewedColValueLocationMaps or {}).items()},
    )


def _joined(values: Sequence[str]) -> str:
    """One string of several, as AWS's own Hive client for the Data Catalog writes them: `1$a2$bc`."""
    return "".join(f"{len(value)}${value}" for value in values)


def _split(text: str) -> list[str]:
    values, rest = [], text
    while (match := re.match(r"(\d+)\$", rest)) is not None:
        end = match.end() + int(match[1])
        values.append(rest[match.end() : end])
        rest = rest[end:]
    return [text] if rest or not values else values


def as_table(table: Table) -> Any:
    return hive.Table(
        tableName=table.name,
        dbName=table.database,
        owner=table.owner,
        createTime=_seconds(table.created),
        lastAccessTime=_seconds(table.last_access),
        retention=table.retention,
        sd=as_storage(table.storage),
        partitionKeys=as_columns(table.partition_keys),
        parameters=_shown(table),
        viewOriginalText=table.view_original_text,
        viewExpandedText=table.view_expanded_text,
        tableType=table_type(table),
        catName=CATALOG,
    )


def _shown(table: Table) -> dict[str, str]:
    """The parameters, and what Hive's clients look for there and Glue has elsewhere."""
    shown = {"comment": table.description} if table.description else {}
    if table.is_iceberg:
        # Else a Spark without Iceberg's catalog takes the table for one of text files, and misses files that never were.
        shown["spark.sql.sources.provider"] = "iceberg"
    return {**shown, **table.parameters}


def table_type(table: Table) -> str:
    """One of Hive's types. Tables made through Glue's API may have none, or one that Hive does not know."""
    if table.type in TABLE_TYPES:
        return str(table.type)
    return "VIRTUAL_VIEW" if table.view_original_text else "EXTERNAL_TABLE"


def from_table(given: Any, before: Table | None = None) -> Table:
    known = before or Table(given.tableName, given.dbName)
    shown = as_table(known) if before else hive.Table()
    told, seen = given.parameters or {}, shown.parameters or {}
    return replace(
        known,
        name=given.tableName,
        database=given.dbName,
        # Hive keeps a table's description as its parameter `comment`: one that Glue has only as such stays so.
        description=known.description if told.get("comment") == seen.get("comment") else told.get("comment"),
        owner=given.owner,
        last_access=known.last_access
        if given.lastAccessTime == shown.lastAccessTime
        else _moment(given.lastAccessTime),
        retention=given.retention or 0,
        storage=from_storage(given.sd, known.storage),
        partition_keys=from_columns(given.partitionKeys, known.partition_keys),
        view_original_text=given.viewOriginalText,
        view_expanded_text=given.viewExpandedText,
        type=known.type if before and given.tableType == shown.tableType else _given_type(given),
        parameters={key: text for key, text in told.items() if key in known.parameters or seen.get(key) != text},
    )


def _given_type(given: Any) -> str:
    """Hive's rule: the parameter EXTERNAL makes a table external, whatever else its type says."""
    external = (given.parameters or {}).get("EXTERNAL", "").upper() == "TRUE"
    if external and given.tableType in (None, "MANAGED_TABLE"):
        return "EXTERNAL_TABLE"
    return given.tableType or "MANAGED_TABLE"


def as_partition(partition: Partition) -> Any:
    return hive.Partition(
        values=list(partition.values),
        dbName=partition.database,
        tableName=partition.table,
        createTime=_seconds(partition.created),
        lastAccessTime=_seconds(partition.last_access),
        sd=as_storage(partition.storage),
        parameters=dict(partition.parameters),
        catName=CATALOG,
    )


def as_partitions(partitions: Iterable[Partition]) -> list[Any]:
    """Many partitions. Those of the same columns, as most of a table are, share them."""
    shared: dict[int, list[Any]] = {}
    made = []
    for partition in partitions:
        storage = partition.storage
        if storage is None:
            made.append(as_partition(partition))
            continue
        made.append(as_partition(replace(partition, storage=replace(storage, columns=()))))
        if id(storage.columns) not in shared:
            shared[id(storage.columns)] = as_columns(storage.columns)
        made[-1].sd.cols = shared[id(storage.columns)]
    return made


def from_partition(given: Any, before: Partition | None = None) -> Partition:
    known = before or Partition(tuple(given.values), given.dbName, given.tableName)
    seen = given.lastAccessTime
    return replace(
        known,
        values=tuple(given.values),
        last_access=known.last_access if seen == _seconds(known.last_access) else _moment(seen),
        storage=from_storage(given.sd, known.storage),
        parameters=dict(given.parameters or {}),
    )


def as_function(function: Function) -> Any:
    return hive.Function(
        functionName=function.name,
        dbName=function.database,
        className=function.class_name,
        ownerName=function.owner,
        ownerType=hive.PrincipalType._NAMES_TO_VALUES.get(function.owner_type or "", hive.PrincipalType.USER),
        createTime=_seconds(function.created),
        functionType=hive.FunctionType.JAVA,
        resourceUris=[
            hive.ResourceUri(resourceType=hive.ResourceType._NAMES_TO_VALUES.get(each.kind), uri=each.uri)
            for each in function.resources
        ],
        catName=CATALOG,
    )


def from_function(given: Any, before: Function | None = None) -> Function:
    return replace(
        before or Function(given.functionName, given.dbName),
        name=given.functionName,
        class_name=given.className,
        owner=given.ownerName,
        owner_type=hive.PrincipalType._VALUES_TO_NAMES.get(given.ownerType),
        resources=tuple(
            Resource(hive.ResourceType._VALUES_TO_NAMES.get(each.resourceType, "JAR"), each.uri)
            for each in given.resourceUris or ()
        ),
    )


def properties(context: Any) -> Mapping[str, str]:
    """What an environment context says, if there is one."""
    return (context and context.properties) or {}


def _kept(given: str | None, before: str | None) -> str | None:
    return before if given == (before or "") else given


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, timezone.utc) if seconds else None
