"""Governed views of Iceberg tables: of the rows and columns that show, without rows that are deleted."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, StringType

from studiolo.catalog import Column
from studiolo.governance.expressions import parse
from studiolo.governance.making import iceberg
from studiolo.governance.making.iceberg import Left
from studiolo.governance.making.task import Refused, Task

NOW = Schema(
    NestedField(1, "id", LongType()), NestedField(2, "town", StringType()), NestedField(3, "ssn", StringType())
)
COLUMNS = (Column("id", "bigint"), Column("town", "string"), Column("ssn", "string"))
SEEN = frozenset({"id", "town"})
DATA, AT, BY = DataFileContent.DATA, DataFileContent.POSITION_DELETES, DataFileContent.EQUALITY_DELETES


class _Deletes(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def _file(path: Path, ids: dict[str, int], **columns: Any) -> str:
    fields = [(name, pa.array(values), ids[name]) for name, values in columns.items()]
    schema = pa.schema(
        [pa.field(name, of.type, metadata={"PARQUET:field_id": str(number)}) for name, of, number in fields]
    )
    pq.write_table(pa.table([of for _, of, _ in fields], schema=schema), path)
    return str(path)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A table with deletes of both kinds; the column `town` was `city` when its first file was written."""
    old, new = {"id": 1, "city": 2, "ssn": 3}, {"id": 1, "town": 2, "ssn": 3}
    first = _file(
        tmp_path / "first.parquet", old, id=[1, 2, 3, 4], city=["paris", "paris", "rome", "paris"], ssn=list("abcd")
    )
    second = _file(tmp_path / "second.parquet", new, id=[4, 5], town=["paris", "rome"], ssn=list("ef"))
    deletes = {"file_path": 2147483546, "pos": 2147483545}
    at = _file(tmp_path / "at.parquet", deletes, file_path=[first, "other"], pos=[0, 1])
    by = _file(tmp_path / "by.parquet", {"id": 1}, id=[4])
    spec, manifests = UNPARTITIONED_PARTITION_SPEC, []
    # Each with its sequence number: what was written after a delete by values is not deleted by it.
    for number, (path, content, sequence) in enumerate([(first, DATA, 1), (at, AT, 2), (by, BY, 2), (second, DATA, 3)]):
        kind = ManifestWriterV2 if content is DATA else _Deletes
        target = Left(str(tmp_path / f"manifest-{number}"), tmp_path / f"manifest-{number}")
        with kind(spec, NOW, target, 7, "null") as writer:
            file = DataFile.from_args(
                content=content, file_path=path, file_format=FileFormat.PARQUET, partition=Record(), record_count=1,
                file_size_in_bytes=Path(path).stat().st_size, equality_ids=[1] if content is BY else None,
            )  # fmt: skip
            writer.add_entry(
                ManifestEntry.from_args(
                    status=ManifestEntryStatus.ADDED,
                    snapshot_id=7,
                    sequence_number=sequence,
                    file_sequence_number=sequence,
                    data_file=file,
                )
            )
        manifests.append(writer.to_manifest_file())
        manifests[-1].sequence_number = sequence
    with write_manifest_list(2, Left(str(tmp_path / "list"), tmp_path / "list"), 7, None, 3, "null") as lists:
        lists.add_manifests(manifests)
    place = tmp_path / "raw.metadata.json"
    snapshot = {
        "snapshot-id": 7, "sequence-number": 3, "timestamp-ms": 1, "manifest-list": str(tmp_path / "list"),
        "summary": {"operation": "append", "secret": "abcdef"}, "schema-id": 0,
    }  # fmt: skip
    told = {
        "format-version": 2, "table-uuid": "8b6f7a5c-7d36-4b3e-8a2e-6b1a3d1d2f10", "location": str(tmp_path),
        "last-sequence-number": 3, "last-updated-ms": 1, "last-column-id": 3, "schemas": [NOW.model_dump()],
        "current-schema-id": 0, "partition-specs": [spec.model_dump()], "default-spec-id": 0, "last-partition-id": 999,
        "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0, "snapshots": [snapshot],
        "current-snapshot-id": 7, "properties": {"owner": "somebody"},
    }  # fmt: skip
    place.write_text(json.dumps(told))
    return place


def task(source: Path | str, target: Path, more: dict[str, Any], rows: str = "town = 'paris'") -> Task:
    cells = ((parse(rows), SEEN),)
    asked = Task(str(source), str(target), "", "", COLUMNS, ("id", "town"), cells, {}, more)
    return Task.read(asked.write())


def planned(raw: Path) -> dict[str, Any]:
    files, target = {str(raw): str(raw)}, raw.parent / "plan"
    while True:
        iceberg.planned(task(raw, target, {"files": files, "metadata": str(raw)}))
        plan: dict[str, Any] = json.loads(target.read_text())
        if "needs" not in plan:
            return plan
        files.update({place: place for place in plan["needs"]})


def test_a_view_has_the_rows_that_show_and_are_not_deleted(raw: Path) -> None:
    plan, made = planned(raw), []
    for number, data in enumerate(plan["data"]):
        target = raw.parent / f"made-{number}.parquet"
        more = {"fields": plan["fields"], **data}
        if rows := iceberg.filtered(task(data["path"], target, more)):
            made.append([str(target), target.stat().st_size, rows])
    folder = raw.parent / "made"
    folder.mkdir()
    places = {name: str(folder / name) for name in ("metadata", "list", "manifest")}
    more = {
        "metadata": str(raw), "location": str(folder), "uuid": "8b6f7a5c-7d36-4b3e-8a2e-6b1a3d1d2f11", "snapshot": 8,
        "places": places, "data": made, "optional": [],
    }  # fmt: skip
    assert iceberg.described(task(raw, folder, more))
    (folder / "metadata").rename(folder / "x.metadata.json")
    table = StaticTable.from_metadata(str(folder / "x.metadata.json"))
    assert sorted(table.scan().to_arrow().to_pylist(), key=str) == [
        {"id": 2, "town": "paris"},
        {"id": 4, "town": "paris"},
    ]
    assert [field.field_id for field in table.schema().fields] == [1, 2]
    for path in [*folder.iterdir(), *(Path(place) for place, _, _ in made)]:
        for hidden in (b"rome", b"ssn", b"abcdef", b"somebody", b"first.parquet"):
            assert hidden not in path.read_bytes()


def test_a_file_without_field_ids_or_without_what_it_is_partitioned_by_is_refused(raw: Path, tmp_path: Path) -> None:
    plan = planned(raw)
    more = {"fields": plan["fields"], **plan["data"][0]}
    with pytest.raises(Refused, match="partitioned"):
        iceberg.filtered(task(plan["data"][0]["path"], tmp_path / "x", {**more, "constant": [9]}))
    pq.write_table(pa.table({"id": [1], "town": ["paris"]}), tmp_path / "plain.parquet")
    with pytest.raises(Refused, match="field ids"):
        iceberg.filtered(task(tmp_path / "plain.parquet", tmp_path / "x", more))
