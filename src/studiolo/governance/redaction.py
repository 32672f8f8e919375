"""What a table and its partitions look like to who may see a part of them: nothing of it tells of the rest.

What is kept is listed: parameters that engines and crawlers write hold schemas, counts, limits of values and file names.
"""

from collections.abc import Mapping
from dataclasses import replace

from studiolo.catalog import Partition, SerDe, StorageDescriptor, Table
from studiolo.governance.sights import Sight

PROVIDER = "spark.sql.sources.provider"
"""The parameter of a table that says which of Spark's own formats it has."""

PARAMETERS = frozenset(
    {"EXTERNAL", "classification", "comment", "compressionType", "delimiter", "skip.header.line.count", "typeOfData"}
)
"""Parameters of tables, partitions and storage that say nothing of rows and columns."""

SERDE_PARAMETERS = frozenset(
    {
        "case.insensitive", "collection.delim", "dots.in.keys", "escape.delim", "escapeChar", "field.delim",
        "ignore.malformed.json", "line.delim", "mapkey.delim", "quoteChar", "separatorChar",
        "serialization.format", "serialization.null.format", "skip.header.line.count",
    }
)  # fmt: skip
"""Parameters of SerDes that say how rows are written."""


def table_seen(table: Table, sight: Sight, location: str | None, own: Mapping[str, str]) -> Table:
    """The table with the columns that may be seen, at the place of its governed view; None where there is none.

    own: parameters of the view.
    """
    storage = _storage_seen(table.storage, sight, location)
    if own.get(PROVIDER) and storage is not None and location is not None:
        # Of tables of its own formats Spark takes the place from there.
        serde = storage.serde or SerDe()
        storage = replace(storage, serde=replace(serde, parameters={**serde.parameters, "path": location}))
    return replace(
        table,
        storage=storage,
        partition_keys=sight.shown(table.partition_keys),
        view_original_text=None,
        view_expanded_text=None,
        view_definition=None,
        last_access=None,
        last_analyzed=None,
        parameters={**_kept(table.parameters, PARAMETERS), **own},
    )


def partition_seen(partition: Partition, sight: Sight, location: str | None) -> Partition:
    """The partition in the same way."""
    return replace(
        partition,
        storage=_storage_seen(partition.storage, sight, location),
        last_access=None,
        last_analyzed=None,
        parameters=_kept(partition.parameters, PARAMETERS),
    )


def _storage_seen(storage: StorageDescriptor | None, sight: Sight, location: str | None) -> StorageDescriptor | None:
    if storage is None:
        return None
    serde = storage.serde
    return replace(
        storage,
        columns=sight.shown(storage.columns),
        location=location,
        additional_locations=(),
        # The files of a view are not those that were bucketed and sorted.
        buckets=0,
        bucket_columns=(),
        sort_columns=(),
        skewed=None,
        schema_reference=None,
        parameters=_kept(storage.parameters, PARAMETERS),
        serde=None if serde is None else replace(serde, parameters=_kept(serde.parameters, SERDE_PARAMETERS)),
    )


def _kept(parameters: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if name in names}
