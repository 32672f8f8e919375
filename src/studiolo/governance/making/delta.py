"""Delta: which files the newest snapshot of a table has, and a log of its own of what is left of them.

Names of actions and their fields are those of Delta's transaction log protocol.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq

from studiolo.governance.expressions import columns_of
from studiolo.governance.making.task import Refused, Task

_STATE = ("add", "metaData", "protocol")
_NTZ = "timestampNtz"
_READ = frozenset({_NTZ, "vacuumProtocolCheck"})
"""Features for readers that change nothing of what is read here."""

_UNUSED = frozenset({"columnMapping", "deletionVectors", "v2Checkpoint"})
"""Those that a table may have and not use, which is looked at."""

_KEPT = "__CHAR_VARCHAR_TYPE_STRING"
"""What is kept of the metadata of a column: Spark's name of the true type of a text."""


def planned(task: Task) -> int:
    """Write, as JSON, what a table's newest snapshot is: its data files, schema and partition columns. Raises Refused.

    more: `files`, paths here of the log's files in their order; `location`, the table's.
    """
    live: dict[str, Mapping[str, Any]] = {}
    protocol: Mapping[str, Any] = {}
    metadata: Mapping[str, Any] = {}
    for path in task.more["files"]:
        actions = list(_actions(path))
        for each in actions:
            protocol, metadata = each.get("protocol") or protocol, each.get("metaData") or metadata
            if each.get("remove"):
                live.pop(each["remove"]["path"], None)
        # A commit that takes rows from a file removes it and adds it again.
        live.update({each["add"]["path"]: each["add"] for each in actions if each.get("add")})
    _require_read(protocol, metadata, live.values())
    schema = json.loads(metadata["schemaString"])["fields"]
    names = {field["name"].lower() for field in schema}
    if {name for rows, _ in task.cells for name in columns_of(rows)} - names:
        raise Refused("A filter asks about a column that its log does not know.")
    location = task.more["location"]
    plan = {
        "schema": schema,
        "keys": [name.lower() for name in metadata.get("partitionColumns") or ()],
        "data": [
            {
                "path": unquote(path) if "://" in path else f"{location}/{unquote(path)}",
                "stamp": [add["size"], add["modificationTime"]],
                "values": {name.lower(): value for name, value in dict(add["partitionValues"] or {}).items()},
            }
            for path, add in live.items()
        ],
    }
    Path(task.target).write_text(json.dumps(plan))
    return 1


def _actions(path: str) -> Iterator[Mapping[str, Any]]:
    """What a file of the log says."""
    if not path.endswith(".parquet"):
        with Path(path).open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.strip())
        return
    with pq.ParquetFile(path) as checkpoint:
        # What it remembers of files that are no more is for who deletes them.
        known = [name for name in _STATE if name in checkpoint.schema_arrow.names]
        for batch in checkpoint.iter_batches(columns=known):
            yield from batch.to_pylist()


def _require_read(protocol: Mapping[str, Any], metadata: Mapping[str, Any], live: Any) -> None:
    """Raise Refused for a table whose rows are not those of its files as they are."""
    if not protocol or not metadata:
        raise Refused("Its log does not tell its protocol and schema.")
    configuration = dict(metadata.get("configuration") or {})
    features = set(protocol.get("readerFeatures") or ())
    if configuration.get("delta.columnMapping.mode", "none") != "none":
        raise Refused("It has mapped columns (delta.columnMapping.mode), which are not read here.")
    if any(each.get("deletionVector") for each in live):
        raise Refused("It has deletion vectors, which are not read here.")
    unknown = sorted(features - _READ - _UNUSED)
    if unknown or protocol["minReaderVersion"] > 3:
        told = ", ".join(unknown) or f"version {protocol['minReaderVersion']}"
        raise Refused(f"It needs a reader with {told} of Delta's protocol, which is not read here.")
    managed = [each for each in protocol.get("writerFeatures") or () if each.startswith(("catalog", "coordinated"))]
    if managed:
        raise Refused(f"It has commits elsewhere ({managed[0]}), which are not read here.")


def described(task: Task) -> int:
    """Write the commit that makes a table of what is left, at `task.target`.

    more: the plan's `schema` and `keys`; `id` of the new table; `optional`, columns that are NULL in some rows; `data`, the
    place in the table, the bytes and the values of partition columns of each file.
    """
    more, shown = task.more, set(task.shown)
    fields = [_field(each, set(more["optional"])) for each in more["schema"] if each["name"].lower() in shown]
    if not fields:
        raise Refused("It has none of the columns that may be seen.")
    keys = {each["name"].lower(): each["name"] for each in fields if each["name"].lower() in set(more["keys"])}
    protocol: dict[str, Any] = {"minReaderVersion": 1, "minWriterVersion": 2}
    if "timestamp_ntz" in json.dumps([each["type"] for each in fields]):
        features = {"readerFeatures": [_NTZ], "writerFeatures": [_NTZ]}
        protocol = {"minReaderVersion": 3, "minWriterVersion": 7, **features}
    metadata = {
        "id": more["id"],
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": [keys[name] for name in more["keys"] if name in keys],
        "configuration": {},
        "createdTime": 0,
    }
    added = [
        {
            "path": path,
            "partitionValues": {keys[name]: value for name, value in values.items() if name in keys},
            "size": size,
            "modificationTime": 0,
            "dataChange": True,
        }
        for path, size, values in more["data"]
    ]
    actions = [{"protocol": protocol}, {"metaData": metadata}, *({"add": each} for each in added)]
    Path(task.target).write_text("".join(json.dumps(each) + "\n" for each in actions))
    return 1


def _field(field: Mapping[str, Any], optional: set[str]) -> dict[str, Any]:
    """A column as it is in the new table: without what its writers have noted of it."""
    told = field.get("metadata") or {}
    return {
        "name": field["name"],
        "type": field["type"],
        "nullable": field["nullable"] or field["name"].lower() in optional,
        "metadata": {_KEPT: told[_KEPT]} if _KEPT in told else {},
    }
