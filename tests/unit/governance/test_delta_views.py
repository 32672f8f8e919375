"""Governed views of Delta tables: which files a log tells of, which tables are refused, and what the new log says."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from studiolo.catalog import Column
from studiolo.governance.expressions import parse
from studiolo.governance.making import delta
from studiolo.governance.making.log_files import needed
from studiolo.governance.making.task import Refused, Task

COLUMNS = (Column("id", "bigint"), Column("city", "string"), Column("ssn", "string"))
SEEN = frozenset({"id", "city"})
FIELDS = [
    {"name": "id", "type": "long", "nullable": False, "metadata": {"comment": "of ssn"}},
    {"name": "City", "type": "string", "nullable": True, "metadata": {"__CHAR_VARCHAR_TYPE_STRING": "char(5)"}},
    {"name": "ssn", "type": "string", "nullable": True, "metadata": {}},
]
PROTOCOL: dict[str, Any] = {"minReaderVersion": 1, "minWriterVersion": 2}
METADATA: dict[str, Any] = {
    "schemaString": json.dumps({"type": "struct", "fields": FIELDS}),
    "partitionColumns": ["City"],
    "configuration": {"secret": "of ssn"},
}


def add(path: str, city: str | None = "paris", **more: Any) -> dict[str, Any]:
    values = {"partitionValues": {"City": city}, "stats": "of ssn"}
    return {"add": {"path": path, "size": 1, "modificationTime": 2, **values, **more}}


def remove(path: str) -> dict[str, Any]:
    return {"remove": {"path": path}}


def commit(folder: Path, number: int, *actions: dict[str, Any]) -> str:
    path = folder / f"{number:020}.json"
    path.write_text("".join(json.dumps(each) + "\n" for each in actions))
    return str(path)


def task(target: Path, more: dict[str, Any]) -> Task:
    asked = Task("", str(target), "", "", COLUMNS, ("id", "city"), ((parse("id > 0"), SEEN),), {}, more)
    return Task.read(asked.write())


def plan(folder: Path, *files: str) -> dict[str, Any]:
    delta.planned(task(folder / "plan", {"files": files, "location": "s3://raw/t"}))
    found: dict[str, Any] = json.loads((folder / "plan").read_text())
    return found


def test_the_newest_snapshot_has_what_was_added_and_not_removed(tmp_path: Path) -> None:
    files = [
        commit(tmp_path, 0, {"protocol": PROTOCOL}, {"metaData": METADATA}, add("a"), add("City=x%20y/b", "x y")),
        commit(tmp_path, 1, remove("a"), add("c"), {"commitInfo": {}}),
        # Written again at the same place.
        commit(tmp_path, 2, add("c", "rome"), remove("c")),
    ]
    found = plan(tmp_path, *files)
    assert [(each["path"], each["values"]) for each in found["data"]] == [
        ("s3://raw/t/City=x y/b", {"city": "x y"}), ("s3://raw/t/c", {"city": "rome"}),
    ]  # fmt: skip
    assert found["keys"] == ["city"]


def test_a_checkpoint_stands_for_the_commits_before_it(tmp_path: Path) -> None:
    rows = [{"protocol": PROTOCOL}, {"metaData": {**METADATA, "configuration": None}}, remove("b"), add("a"), add("b")]
    kinds = pa.map_(pa.string(), pa.string())
    added = pa.struct(
        {"path": pa.string(), "size": pa.int64(), "modificationTime": pa.int64(), "partitionValues": kinds}
    )
    table = pa.table(
        {
            "protocol": pa.array([row.get("protocol") for row in rows]),
            "metaData": pa.array([row.get("metaData") for row in rows]),
            "remove": pa.array([row.get("remove") for row in rows]),
            "add": pa.array(
                [{**row["add"], "partitionValues": [("City", None)]} if "add" in row else None for row in rows], added
            ),
        }
    )
    pq.write_table(table, tmp_path / "checkpoint.parquet")
    found = plan(tmp_path, str(tmp_path / "checkpoint.parquet"), commit(tmp_path, 5, remove("a")))
    assert [(each["path"], each["values"]) for each in found["data"]] == [("s3://raw/t/b", {"city": None})]


def _named(*numbers: int) -> list[str]:
    return [f"{number:020}.json" for number in numbers]


def _checkpoint(number: int, part: str = "") -> str:
    return f"{number:020}.checkpoint{part}.parquet"


PARTS = [".0000000001.0000000002", ".0000000002.0000000002"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["x.crc", *_named(1, 0)], _named(0, 1)),
        ([*_named(0, 1, 2, 3), _checkpoint(2), _checkpoint(1)], [_checkpoint(2), *_named(3)]),
        ([*_named(2, 3), *(_checkpoint(2, part) for part in PARTS)], [*(_checkpoint(2, p) for p in PARTS), *_named(3)]),
        # Half of a checkpoint is none.
        ([*_named(0, 1), _checkpoint(1, PARTS[0])], _named(0, 1)),
        (_named(0, 2), None),
        (_named(1), None),
        ([], None),
        ([*_named(0), f"{0:020}.checkpoint.80a083e8-7026.parquet"], None),
    ],
)
def test_the_files_of_a_log_that_tell_its_newest_snapshot(names: list[str], wanted: list[str] | None) -> None:
    if wanted is None:
        with pytest.raises(Refused):
            needed(names)
    else:
        assert needed(names) == wanted


@pytest.mark.parametrize(
    ("protocol", "metadata", "added", "why"),
    [
        ({}, {"configuration": {"delta.columnMapping.mode": "name"}}, add("a"), "mapped columns"),
        ({}, {}, add("a", deletionVector={"storageType": "u"}), "deletion vectors"),
        ({"minReaderVersion": 3, "readerFeatures": ["typeWidening"]}, {}, add("a"), "typeWidening"),
        ({"minReaderVersion": 4}, {}, add("a"), "version 4"),
        ({"writerFeatures": ["catalogManaged"]}, {}, add("a"), "commits elsewhere"),
        ({}, {"schemaString": json.dumps({"fields": FIELDS[1:]})}, add("a"), "does not know"),
    ],
)
def test_a_table_whose_rows_are_not_those_of_its_files_is_refused(
    tmp_path: Path, protocol: Any, metadata: Any, added: Any, why: str
) -> None:
    told = {"protocol": {**PROTOCOL, **protocol}}, {"metaData": {**METADATA, **metadata}}, added
    with pytest.raises(Refused, match=why):
        plan(tmp_path, commit(tmp_path, 0, *told))


def test_features_that_are_not_used_are_no_matter(tmp_path: Path) -> None:
    features = ["deletionVectors", "columnMapping", "timestampNtz", "v2Checkpoint"]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features}
    assert plan(tmp_path, commit(tmp_path, 0, {"protocol": protocol}, {"metaData": METADATA}, add("a")))["data"]


def test_the_new_log_tells_nothing_of_what_is_hidden(tmp_path: Path) -> None:
    more = {
        "schema": FIELDS, "keys": ["city"], "id": "8b6f7a5c-7d36-4b3e-8a2e-6b1a3d1d2f11", "optional": ["id"],
        "data": [["data/0.parquet", 7, {"city": "paris"}]],
    }  # fmt: skip
    delta.described(task(tmp_path / "made", more))
    text = (tmp_path / "made").read_text()
    protocol, metadata, added = map(json.loads, text.splitlines())
    assert protocol == {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}
    assert json.loads(metadata["metaData"]["schemaString"])["fields"] == [
        {**FIELDS[0], "nullable": True, "metadata": {}}, FIELDS[1],
    ]  # fmt: skip
    assert metadata["metaData"]["partitionColumns"] == ["City"]
    assert (added["add"]["path"], added["add"]["partitionValues"]) == ("data/0.parquet", {"City": "paris"})
    assert "ssn" not in text
