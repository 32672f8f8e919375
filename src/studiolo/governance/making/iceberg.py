"""Iceberg: which files a snapshot has, what may be seen of each, and a table of its own of what is left of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import InputFile, OutputFile
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    read_manifest_list,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema, prune_columns
from pyiceberg.serializers import Compressor, FromByteStream
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record

from studiolo.governance.making import parquet
from studiolo.governance.making.task import Refused, Task, Unread

PATH, POSITION = "file_path", "pos"
"""The columns of a file of position deletes ("Iceberg Table Spec", Row-level Deletes)."""

_FIELD_ID = b"PARQUET:field_id"


class Given(PyArrowFileIO):
    """Files by the places that metadata name, of which those are here that were brought. missing: the others."""

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__()
        self._files = files
        self.missing: list[str] = []

    def new_input(self, location: str) -> Any:
        if location not in self._files:
            self.missing.append(location)
            raise FileNotFoundError(location)
        return super().new_input(self._files[location])


class Left(OutputFile):
    """A file that is written here, and will be at a place in S3."""

    def __init__(self, location: str, path: Path) -> None:
        super().__init__(location)
        self._path = path

    def __len__(self) -> int:
        return self._path.stat().st_size

    def exists(self) -> bool:
        return self._path.exists()

    def to_input_file(self) -> InputFile:
        return PyArrowFileIO().new_input(str(self._path))

    def create(self, overwrite: bool = False) -> Any:
        return self._path.open("wb")


def planned(task: Task) -> int:
    """Write, as JSON, the files that a table's present snapshot has with what deletes rows of each.

    more: `files`, paths here by places; `metadata`, the place of the table's. Where others are needed to tell, their
    places are written as `needs`. Raises Refused.
    """
    io = Given(task.more["files"])
    metadata = _metadata(task.source, task.more["metadata"])
    fields = {field.name.lower(): field.field_id for field in metadata.schema().fields}
    if len(fields) != len(metadata.schema().fields):
        raise Refused("It has columns whose names differ in case alone.")
    try:
        plan: dict[str, Any] = {"fields": fields, "data": _planned(metadata, io)}
    except FileNotFoundError:
        plan = {"needs": io.missing}
    Path(task.target).write_text(json.dumps(plan))
    return 1


def _metadata(path: str, place: str) -> TableMetadata:
    with Path(path).open("rb") as file:
        text = Compressor.get_compressor(place).stream_decompressor(file)
        metadata = FromByteStream.table_metadata(text)
    if metadata.format_version > 2:
        raise Unread(f"It is of version {metadata.format_version} of Iceberg's format, of which 1 and 2 are read here.")
    return metadata


def _planned(metadata: TableMetadata, io: Given) -> list[dict[str, Any]]:
    snapshot = metadata.current_snapshot()
    if snapshot is None:
        return []
    if not snapshot.manifest_list:
        raise Refused("Its snapshot has no manifest list.")
    specs = metadata.specs()
    constant = {
        number: [field.source_id for field in spec.fields if isinstance(field.transform, IdentityTransform)]
        for number, spec in specs.items()
    }
    entries = _entries(list(read_manifest_list(io.new_input(snapshot.manifest_list))), io)
    data: list[tuple[int, ManifestEntry]] = []
    deletes: list[tuple[int, ManifestEntry]] = []
    for spec, entry in entries:
        file = entry.data_file
        if file.file_format is not FileFormat.PARQUET:
            raise Unread(f"It has files of {file.file_format.name}, and only those of Parquet are read here.")
        (data if file.content is DataFileContent.DATA else deletes).append((spec, entry))
    return [
        {
            "path": entry.data_file.file_path,
            "constant": constant[spec],
            "deletes": [
                [
                    each.data_file.file_path,
                    list(each.data_file.equality_ids or ())
                    if each.data_file.content is DataFileContent.EQUALITY_DELETES
                    else None,
                ]
                for own, each in deletes
                if _applies(spec, entry, own, each, everywhere=specs[own].is_unpartitioned())
            ],
        }
        for spec, entry in data
    ]


def _entries(manifests: Sequence[ManifestFile], io: Given) -> list[tuple[int, ManifestEntry]]:
    """All live entries, each with the partition spec it is of. Asks for all manifests that are not here at once."""
    found = []
    for manifest in manifests:
        try:
            found += [(manifest.partition_spec_id, entry) for entry in manifest.fetch_manifest_entry(io)]
        except FileNotFoundError:
            continue
    if io.missing:
        raise FileNotFoundError
    return found


def _applies(spec: int, entry: ManifestEntry, own: int, delete: ManifestEntry, *, everywhere: bool) -> bool:
    """Whether deletes are of rows of a data file ("Scan Planning"): those by values are of older files alone."""
    by_values = delete.data_file.content is DataFileContent.EQUALITY_DELETES
    mine, its = entry.sequence_number or 0, delete.sequence_number or 0
    if its < mine or (by_values and its == mine):
        return False
    alike = own == spec and repr(entry.data_file.partition) == repr(delete.data_file.partition)
    return alike or (by_values and everywhere)


def filtered(task: Task) -> int:
    """Write what may be seen of a data file, without the rows that are deleted; how many are left. Raises Refused.

    more: `fields`, the ids of columns by their names today; `path`, of the file in the table; `constant`, the ids of
    columns that its partition has one value of; `deletes`, pairs of a file here and the ids whose values delete a row,
    None where it says positions.
    """
    with parquet.opened(task) as file:
        names = {_id_of(field): field.name for field in file.schema_arrow}
        if None in names or len(names) != len(file.schema_arrow):
            raise Refused("Its columns have no field ids.")
        there = {name: names[number] for name, number in task.more["fields"].items() if number in names}
        if set(task.more["constant"]) - set(names):
            raise Refused("It lacks columns that its table is partitioned by.")
        deleted = _deleted(task, names)
        return parquet.written(task, file, there, deleted, [names[each] for each in _by_values(task) if each in names])


def _id_of(field: pa.Field) -> int | None:
    told = (field.metadata or {}).get(_FIELD_ID)
    return None if told is None else int(told)


def _by_values(task: Task) -> list[int]:
    return sorted({number for _, ids in task.more["deletes"] for number in ids or ()})


def _deleted(task: Task, names: Mapping[Any, str]) -> Callable[[pa.Table, int], Any] | None:
    """Tells which rows of a row group are deleted, whose first is the file's row of that number; None for no deletes."""
    positions: list[Any] = []
    values: list[tuple[list[str | None], set[tuple[Any, ...]]]] = []
    for path, ids in task.more["deletes"]:
        if ids is None:
            found = pq.read_table(path, columns=[PATH, POSITION])
            mine = found.filter(pc.equal(found.column(PATH), task.more["path"]))
            positions += mine.column(POSITION).to_pylist()
            continue
        found = pq.read_table(path)
        own = {_id_of(field): field for field in found.schema}
        if not ids or set(ids) - set(own) or any(pa.types.is_floating(own[each].type) for each in ids):
            raise Refused("It has deletes by values that are not read here.")
        rows = zip(*(found.column(own[each].name).to_pylist() for each in ids), strict=True)
        values.append(([names.get(each) for each in ids], set(rows)))
    if not positions and not values:
        return None
    gone = set(positions)

    def deleted(table: pa.Table, start: int) -> Any:
        mask = [start + number in gone for number in range(table.num_rows)]
        for columns, rows in values:
            nothing = [None] * table.num_rows
            own = [nothing if name is None else table.column(name).to_pylist() for name in columns]
            mask = [before or row in rows for before, row in zip(mask, zip(*own, strict=True), strict=True)]
        return pa.array(mask, pa.bool_())

    return deleted


def described(task: Task) -> int:
    """Write the metadata of a table of what is left: `metadata`, `list` and `manifest` in the folder `task.target`.

    more: `metadata`, the place of the raw table's; `location`, `uuid` and `snapshot` of the new one; `places` of the
    three; `data`, the place, size and count of rows of each file; `optional`, columns that are NULL in some rows.
    """
    more, folder = task.more, Path(task.target)
    raw = _metadata(task.source, more["metadata"])
    schema = _seen(raw.schema(), set(task.shown), set(more["optional"]))
    snapshots = []
    if more["data"]:
        _write_manifests(more, folder, schema)
        at = raw.current_snapshot()
        snapshots = [
            Snapshot.model_validate(
                {
                    "snapshot-id": more["snapshot"],
                    "sequence-number": 1,
                    "timestamp-ms": raw.last_updated_ms if at is None else at.timestamp_ms,
                    "manifest-list": more["places"]["list"],
                    "summary": Summary(Operation.APPEND),
                    "schema-id": 0,
                }
            ).model_dump()
        ]
    told = {
        "format-version": 2,
        "table-uuid": more["uuid"],
        "location": more["location"],
        "last-sequence-number": 1,
        "last-updated-ms": raw.last_updated_ms,
        "last-column-id": schema.highest_field_id,
        "schemas": [schema.model_dump()],
        "current-schema-id": 0,
        "partition-specs": [UNPARTITIONED_PARTITION_SPEC.model_dump()],
        "default-spec-id": 0,
        "last-partition-id": 999,
        "sort-orders": [{"order-id": 0, "fields": []}],
        "default-sort-order-id": 0,
        "snapshots": snapshots,
        **({"current-snapshot-id": more["snapshot"]} if snapshots else {}),
    }
    (folder / "metadata").write_text(TableMetadataUtil.parse_obj(told).model_dump_json())
    return 1


def _seen(raw: Schema, shown: set[str], optional: set[str]) -> Schema:
    """The columns that show, with their ids; those that are NULL in some rows are optional."""
    ids = {field.field_id for field in raw.fields if field.name.lower() in shown}
    if not ids:
        raise Refused("It has none of the columns that may be seen.")
    pruned = prune_columns(raw, ids, select_full_types=True)
    fields = [
        field.model_copy(update={"required": False}) if field.name.lower() in optional else field
        for field in pruned.fields
    ]
    return Schema(*fields, schema_id=0)


def _write_manifests(more: Mapping[str, Any], folder: Path, schema: Schema) -> None:
    snapshot, places = more["snapshot"], more["places"]
    spec = UNPARTITIONED_PARTITION_SPEC
    with write_manifest(2, spec, schema, Left(places["manifest"], folder / "manifest"), snapshot, "deflate") as writer:
        for path, size, rows in more["data"]:
            file = DataFile.from_args(
                content=DataFileContent.DATA, file_path=path, file_format=FileFormat.PARQUET, partition=Record(),
                record_count=rows, file_size_in_bytes=size,
            )  # fmt: skip
            writer.add_entry(
                ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=snapshot, data_file=file)
            )
    listed = Left(places["list"], folder / "list")
    with write_manifest_list(2, listed, snapshot, None, 1, "deflate") as lists:
        lists.add_manifests([writer.to_manifest_file()])
