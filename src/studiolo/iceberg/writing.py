"""What the server itself writes into Iceberg tables: rows and columns that come."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata

from studiolo.catalog import Column
from studiolo.iceberg.changes import iceberg_errors
from studiolo.iceberg.types import schema_of

MARK = "studiolo.batch"
"""The property of a snapshot that says which batch of rows it appended."""


def appended(base: TableMetadata, place: str, rows: pa.Table, mark: str, io: FileIO) -> TableMetadata:
    """The metadata after the rows are appended, whose files are written; `base` itself where the mark's were before.

    place: of the metadata; rows: with the columns of the table, in any order. Raises Invalid.
    """
    if any(each.summary is not None and each.summary.get(MARK) == mark for each in base.snapshots):
        return base
    with iceberg_errors():
        schema = schema_to_pyarrow(base.schema(), include_field_ids=False)
        table = Table(("writing",), base, place, io, _Commits("writing"))
        table.append(rows.select(schema.names).cast(schema), snapshot_properties={MARK: mark})
        return table.metadata


def extended(base: TableMetadata, place: str, columns: Iterable[Column]) -> TableMetadata:
    """The metadata after the columns are added that the table lacks; `base` itself where it lacks none. Raises Invalid."""
    known = {field.name for field in base.schema().fields}
    fields = [field for field in schema_of(columns).fields if field.name not in known]
    if not fields:
        return base
    with iceberg_errors():
        table = Table(("writing",), base, place, PyArrowFileIO(), _Commits("writing"))
        with table.update_schema() as update:
            for field in fields:
                update.add_column(field.name, field.field_type)
        return table.metadata


class _Commits(NoopCatalog):
    """Takes what a table is to be without keeping it: that is done in the Data Catalog."""

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        metadata = update_table_metadata(table.metadata, updates)
        response: dict[str, Any] = {"metadata": metadata, "metadata-location": table.metadata_location}
        return CommitTableResponse(**response)
