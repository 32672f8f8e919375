"""Avro: record by record. What is written has the file's schema without the columns that are hidden."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.compute as pc
from fastavro.read import LOGICAL_READERS

from studiolo.governance.expressions import columns_of
from studiolo.governance.making.masks import Masks
from studiolo.governance.making.task import Refused, Task

# Values are to be written as they were read, and not as the dates and decimals that they stand for.
LOGICAL_READERS.clear()

BATCH = 50_000
_TYPES: Mapping[str, Any] = {
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "enum": pa.string(),
    "float": pa.float32(),
    "int": pa.int32(),
    "long": pa.int64(),
    "null": pa.null(),
    "string": pa.string(),
}


def filtered(task: Task) -> int:
    """Write what may be seen of a file; how many rows that is. Raises Refused."""
    if "avro.schema.url" in task.serde or '"aliases"' in task.serde.get("avro.schema.literal", ""):
        raise Refused("Its table has a schema elsewhere (avro.schema.url), or aliases in it, which are not read here.")
    with ExitStack() as files:
        try:
            reader = fastavro.reader(files.enter_context(Path(task.source).open("rb")))
        except (ValueError, KeyError, EOFError, fastavro.schema.SchemaParseException) as error:
            raise Refused(f"It cannot be read as Avro: {type(error).__name__}") from error
        schema = json.loads(reader.metadata["avro.schema"])
        fields = _fields(task, schema)
        target = files.enter_context(Path(task.target).open("wb"))
        rows = _Rows(task, fields)
        try:
            fastavro.writer(target, _seen(task, schema, fields), rows.of(reader), codec=reader.codec)
        except fastavro.schema.UnknownType as error:
            raise Refused("It has types that are told in a column that is hidden.") from error
        except (ValueError, EOFError) as error:
            raise Refused(f"It cannot be read as Avro: {type(error).__name__}") from error
    return rows.count


def _fields(task: Task, schema: Any) -> dict[str, Mapping[str, Any]]:
    """The columns that show or are asked about, as the file tells of them, by the table's names. Raises Refused."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise Refused("It has no records.")
    there = {field["name"].lower(): field for field in schema["fields"]}
    if len(there) != len(schema["fields"]):
        raise Refused("It has columns whose names differ in case alone.")
    needed = {*task.shown, *(name for rows, _ in task.cells for name in columns_of(rows))}
    if needed - set(there):
        # Who reads it with a schema of his own may have another value there than NULL.
        raise Refused("It lacks columns of its table.")
    return {name: there[name] for name in there if name in needed}


def _seen(task: Task, schema: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of what is left: columns have the table's names. Raises Refused."""
    left = []
    for name, field in fields.items():
        if name not in task.shown:
            continue
        kind = field["type"]
        _require_plain(kind)
        if task.rows_of(name) != task.rows and not _is_optional(kind):
            kind = ["null", kind]
        left.append({"name": name, "type": kind})
    if not left:
        raise Refused("It has none of the columns that may be seen.")
    return {"type": "record", **{key: schema[key] for key in ("name", "namespace") if key in schema}, "fields": left}


def _is_optional(kind: Any) -> bool:
    return kind == "null" or (isinstance(kind, list) and "null" in kind)


def _require_plain(kind: Any) -> None:
    """Raise Refused for a choice of several types: of which one a value was would be a guess when it is written."""
    if isinstance(kind, list):
        others = [each for each in kind if each != "null"]
        if len(others) > 1:
            raise Refused("It has columns of one type or another, which cannot be written again as they are.")
        kind = others[0] if others else "null"
    if isinstance(kind, dict):
        for part in (kind.get("items"), kind.get("values"), *(each["type"] for each in kind.get("fields", ()))):
            _require_plain(part)
        if isinstance(kind["type"], dict | list):
            _require_plain(kind["type"])


class _Rows:
    """Those that are left. fields: of the file, by the table's names; count: how many there have been."""

    def __init__(self, task: Task, fields: Mapping[str, Mapping[str, Any]]) -> None:
        self._task = task
        self._fields = fields
        self._columns = {column.name.lower(): column for column in task.columns}
        self._shown = {name: str(field["name"]) for name, field in fields.items() if name in task.shown}
        self._cut = [name for name in self._shown if task.rows_of(name) != task.rows]
        self.count = 0

    def of(self, reader: Iterator[Any]) -> Iterator[dict[str, Any]]:
        """The rows of a file, without what is hidden."""
        while batch := list(islice(reader, BATCH)):
            masks = Masks(self._columns, partial(self._array, batch), len(batch))
            keep = masks.where(self._task.rows)
            own = {name: masks.where(self._task.rows_of(name)).to_pylist() for name in self._cut}
            for number in pc.indices_nonzero(keep).to_pylist():
                row = batch[number]
                yield {
                    name: row[written] if name not in own or own[name][number] else None
                    for name, written in self._shown.items()
                }
                self.count += 1

    def _array(self, batch: Sequence[Mapping[str, Any]], name: str) -> Any:
        """A column as it is compared. Raises Refused."""
        kind = self._fields[name]["type"]
        if isinstance(kind, list):
            (kind,) = [each for each in kind if each != "null"] or ["null"]
        told = kind if isinstance(kind, dict) else {"type": kind}
        values = [row[self._fields[name]["name"]] for row in batch]
        if told.get("logicalType") == "decimal":
            scale, digits = told.get("scale", 0), told["precision"]
            return pa.array(
                [None if each is None else _decimal(each, scale) for each in values], pa.decimal256(digits, scale)
            )
        if told["type"] not in _TYPES:
            raise Refused(f"The column {name} is of a type that cannot be asked about.")
        return pa.array(values, _TYPES[told["type"]])


def _decimal(value: bytes, scale: int) -> Decimal:
    """What bytes are that stand for a decimal (Avro's specification, "Decimal")."""
    return Decimal(f"{int.from_bytes(value, 'big', signed=True)}E-{scale}")
