"""Metadata files of Iceberg tables: the first one, later ones, their names and their bytes."""

import io
import re
import uuid
from collections.abc import Iterable
from datetime import datetime

from pyiceberg.partitioning import PARTITION_FIELD_ID_START
from pyiceberg.schema import Schema
from pyiceberg.serializers import Compressor, FromByteStream
from pyiceberg.table.locations import SimpleLocationProvider
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.utils.datetime import datetime_to_millis

from studiolo.catalog import Column
from studiolo.domain import Invalid
from studiolo.iceberg.changes import check, iceberg_errors, partition_spec, sort_order
from studiolo.iceberg.model import LARGEST, NewTable
from studiolo.iceberg.types import schema_of

VERSIONS = (1, 2)
BEFORE_FIRST = PARTITION_FIELD_ID_START - 1
_NUMBER = re.compile(r"(\d+)-")


def first(asked: NewTable, columns: Iterable[Column], moment: datetime) -> TableMetadata:
    """The metadata of a new table, whose schema is of `columns` where it has none of its own. Raises Invalid."""
    if asked.format_version not in VERSIONS:
        raise Invalid(f"Iceberg tables are written in the format versions 1 and 2, not {asked.format_version}.")
    with iceberg_errors():
        schema = schema_of(columns) if asked.schema is None else Schema(**{**asked.schema, "schema-id": 0})
        schema.check_format_version_compatibility(asked.format_version)
        spec = partition_spec(asked.partition_spec, 0, (), BEFORE_FIRST)
        order = sort_order(asked.sort_order, 1)
        described = {
            "format-version": asked.format_version,
            "table-uuid": uuid.uuid4(),
            "location": asked.location.rstrip("/"),
            "last-updated-ms": datetime_to_millis(moment),
            "last-column-id": max(schema.field_ids, default=0),
            "schemas": [schema.model_dump()],
            "current-schema-id": 0,
            "partition-specs": [spec.model_dump()],
            "default-spec-id": 0,
            "last-partition-id": max([BEFORE_FIRST, *(each.field_id for each in spec.fields)]),
            "sort-orders": [order.model_dump()],
            "default-sort-order-id": order.order_id,
            "properties": dict(asked.properties),
        }
        if asked.format_version == 1:
            described.update(
                {"schema": schema.model_dump(), "partition-spec": [each.model_dump() for each in spec.fields]}
            )
        metadata = TableMetadataUtil.parse_obj(described)
        check(metadata)
        return metadata


def next_place(metadata: TableMetadata, before: str | None = None) -> str:
    """Where to write metadata, after those at `before`: `<location>/metadata/00001-<uuid>.metadata.json`."""
    found = None if before is None else _NUMBER.match(before.rpartition("/")[2])
    number = int(found[1]) + 1 if found else 0
    # Not load_location_provider: a property of the table would say which code it loads.
    return SimpleLocationProvider(metadata.location, metadata.properties).new_table_metadata_file_location(number)


def read(written: bytes, place: str) -> TableMetadata:
    """Raises Invalid for what is no metadata of a table, or more than LARGEST bytes of them."""
    with iceberg_errors():
        text = Compressor.get_compressor(place).stream_decompressor(io.BytesIO(written)).read(LARGEST + 1)
        if len(text) > LARGEST:
            raise Invalid(f"The Iceberg metadata {place} are larger than {LARGEST} bytes.")
        return FromByteStream.table_metadata(io.BytesIO(text))


def write(metadata: TableMetadata, place: str) -> bytes:
    """The bytes to write there. Raises Invalid for a format version that PyIceberg only reads."""
    try:
        text = metadata.model_dump_json()
    except NotImplementedError as error:
        raise Invalid(f"{error}.") from error
    return Compressor.get_compressor(place).bytes_compressor()(text.encode())
