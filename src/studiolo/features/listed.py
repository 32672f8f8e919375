"""The tables of offline stores in the Data Catalog."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from studiolo.catalog import Column, Database, Partition, SerDe, StorageDescriptor, Table
from studiolo.domain import AlreadyExists, Invalid
from studiolo.features.files import PARTITIONS, folder
from studiolo.features.model import Feature, FeatureGroup, TableName
from studiolo.governance import GovernedCatalog

TYPES = {"Integral": "bigint", "Fractional": "double", "String": "string"}
ADDED = (Column("write_time", "timestamp"), Column("api_invocation_time", "timestamp"), Column("is_deleted", "boolean"))
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def managed_table(group: FeatureGroup) -> TableName | None:
    """The table that is kept for a group; None where it has none, or its owner keeps it."""
    offline = group.specification.offline
    return None if offline is None or not offline.managed else offline.table


def make_table(catalog: GovernedCatalog, group: FeatureGroup) -> None:
    """Make the table of a group, and its database, unless they are there. Raises Denied, and Invalid for another's."""
    name = managed_table(group)
    if name is None:
        return
    with suppress(AlreadyExists):
        catalog.create_database(group.scope, Database(name.database))
    with suppress(AlreadyExists):
        catalog.create_table(group.scope, name.database, _table(group, name))
    _own_table(catalog, group, name)


def add_columns(catalog: GovernedCatalog, group: FeatureGroup) -> None:
    """Give the table of a group the columns of features that came. Raises NotFound, Denied, and Invalid for another's."""
    name = managed_table(group)
    if name is None:
        return
    table = _own_table(catalog, group, name)
    storage = table.storage or StorageDescriptor()
    known = {column.name for column in storage.columns}
    added = [column for column in map(_column, group.specification.features) if column.name not in known]
    if added:
        columns = (*storage.columns, *added)
        catalog.update_table(group.scope, name.database, replace(table, storage=replace(storage, columns=columns)))


def add_partitions(catalog: GovernedCatalog, group: FeatureGroup, partitions: Iterable[tuple[str, ...]]) -> None:
    """Register partitions. Raises NotFound, Denied, and Invalid for a table that is another's."""
    name = managed_table(group)
    if name is None:
        return
    table = _own_table(catalog, group, name)
    storage = table.storage or StorageDescriptor()
    made = [
        Partition(values, storage=replace(storage, location=f"{storage.location}/{folder(values)}"))
        for values in partitions
    ]
    catalog.add_partitions(group.scope, name.database, name.table, made, if_not_exists=True)


def _own_table(catalog: GovernedCatalog, group: FeatureGroup, name: TableName) -> Table:
    """The table of a group. IAM is not asked for the catalog: what is not the group's own, by its location, is not touched.

    Raises NotFound, Denied and Invalid.
    """
    table = catalog.table(group.scope, name.database, name.table)
    offline = group.specification.offline
    if offline is None or table.storage is None or table.storage.location != offline.resolved:
        raise Invalid(
            f"The table {name.database}.{name.table} is not of FeatureGroup {group.name}: with DisableGlueTableCreation it "
            "is yours to keep, and another TableName makes a new one."
        )
    return table


def _table(group: FeatureGroup, name: TableName) -> Table:
    offline = group.specification.offline
    return Table(
        name.table,
        storage=StorageDescriptor(
            columns=(*map(_column, group.specification.features), *ADDED),
            location=None if offline is None else offline.resolved,
            input_format=f"{PARQUET}.MapredParquetInputFormat",
            output_format=f"{PARQUET}.MapredParquetOutputFormat",
            serde=SerDe(library=f"{PARQUET}.serde.ParquetHiveSerDe", parameters={"serialization.format": "1"}),
        ),
        partition_keys=tuple(Column(key, "string") for key in PARTITIONS),
        type="EXTERNAL_TABLE",
        parameters={"EXTERNAL": "TRUE", "classification": "parquet"},
    )


def _column(feature: Feature) -> Column:
    kind = TYPES[feature.type]
    return Column(feature.name.lower(), kind if feature.collection is None else f"array<{kind}>")
