"""Texts: lines of fields (LazySimpleSerDe), CSV (OpenCSVSerde) and JSON, row by row. What is left is as it was written."""

import bz2
import csv
import gzip
import json
import lzma
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from studiolo.catalog import Column
from studiolo.governance.expressions import Type, columns_of, type_of
from studiolo.governance.making.masks import Masks
from studiolo.governance.making.task import Refused, Task

BATCH = 50_000
LONGEST_LINE = 64 * 1024 * 1024
_OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_REFUSED = (".snappy", ".lz4", ".zst", ".zstd", ".lzo", ".deflate", ".zip", ".br")
_TYPES: Mapping[str, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "decimal": pa.decimal128(38, 18),
}
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_BITS = {"tinyint": 7, "smallint": 15, "int": 31, "integer": 31}


def lines_filtered(task: Task) -> bool:
    """Fields with a delimiter between them, and no quotes (Hive's LazySimpleSerDe). Raises Refused."""
    serde = task.serde
    if serde.get("escape.delim"):
        raise Refused("Its fields are escaped (escape.delim), which is not read here.")
    delimiter = _delimiter(serde.get("field.delim") or serde.get("serialization.format") or "1")
    if len(delimiter) != 1 or serde.get("line.delim", "\n") != "\n":
        raise Refused("Its fields or lines end in a way that is not read here.")
    if serde.get("serialization.encoding", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused("It is text in another encoding than UTF-8.")
    null = serde.get("serialization.null.format", "\\N")

    def read(file: IO[str]) -> Iterator[list[str | None]]:
        for line in _lines(file):
            yield list(line.split(delimiter))

    def write(file: IO[str], row: Sequence[str | None]) -> None:
        file.write(delimiter.join(null if each is None else each for each in row) + "\n")

    return _filtered(task, read, write, null)


def csv_filtered(task: Task) -> bool:
    """CSV with quotes (OpenCSVSerde). Raises Refused."""
    serde = task.serde
    form = {
        "delimiter": serde.get("separatorChar", ","),
        "quotechar": serde.get("quoteChar", '"'),
        "escapechar": serde.get("escapeChar", "\\"),
    }
    if any(len(each) != 1 for each in form.values()):
        raise Refused("Its separator, quote or escape is not one character.")
    doubled = form["escapechar"] == form["quotechar"]
    reading: dict[str, Any] = {**form, "escapechar": None if doubled else form["escapechar"], "doublequote": True}

    def read(file: IO[str]) -> Iterator[list[str | None]]:
        try:
            for row in csv.reader(_plain(file, **form), strict=True, **reading):
                yield list(row)
        except csv.Error as error:
            raise Refused(f"It cannot be read as CSV: {error}") from error

    def write(file: IO[str], row: Sequence[str | None]) -> None:
        quote, escape = form["quotechar"], form["escapechar"]
        fields = [(each or "").replace(quote, escape + quote) for each in row]
        if not doubled:
            fields = [(each or "").replace(escape, escape * 2).replace(quote, escape + quote) for each in row]
        file.write(form["delimiter"].join(f"{quote}{each}{quote}" for each in fields) + "\n")

    return _filtered(task, read, write, None)


def _plain(file: IO[str], delimiter: str, quotechar: str, escapechar: str) -> Iterator[str]:
    """The lines, of which all readers of CSV make the same fields: a quote or escape stands in quotes alone."""
    apart, quote, escape = map(re.escape, (delimiter, quotechar, escapechar))
    escaped = "" if quotechar == escapechar else f"|{escape}."
    quoted = f"{quote}(?:[^{quote}{escape}]|{quote}{quote}{escaped})*{quote}"
    field = f"(?:{quoted}|[^{apart}{quote}{escape}]*)"
    whole = re.compile(f"{field}(?:{apart}{field})*\n?", re.DOTALL)
    for line in _lines(file):
        if (quotechar in line or escapechar in line) and whole.fullmatch(line) is None:
            raise Refused("It has a value of several lines, or a quote or escape in a field without quotes.")
        yield f"{line}\n"


def _delimiter(said: str) -> str:
    """What parts fields: Hive takes a number for the code of a character."""
    if not said.lstrip("+-").isdigit():
        return said
    code = int(said)
    return chr(code) if 0 <= code < 128 else said if code > 127 else ""


def json_filtered(task: Task) -> bool:
    """An object a line (Hive's and OpenX's JsonSerDe). Raises Refused."""
    if any(name.startswith("mapping.") for name in task.serde):
        raise Refused("Its fields are mapped to columns of other names.")
    kinds = _kinds(task)
    columns = {column.name.lower(): column for column in task.columns}
    shown = set(task.shown)
    opener = _opener(task.name)
    left, target = False, None
    with opener(task.source, "rt", encoding="utf-8", newline=None) as source:
        rows = _objects(source)
        try:
            while batch := list(islice(rows, BATCH)):
                texts = {name: [_scalar(row.get(name)) for row in batch] for name in kinds}
                masks = Masks(columns, _finder(texts, kinds, None), len(batch))
                keep = masks.where(task.rows).to_pylist()
                own = {name: masks.where(task.rows_of(name)).to_pylist() for name in _cut(task)}
                if any(keep) and target is None:
                    target = opener(task.target, "wt", encoding="utf-8", newline="\n")
                for number, row in enumerate(batch):
                    if keep[number]:
                        seen = {k: v for k, v in row.items() if k in shown and own.get(k, keep)[number]}
                        written = json.dumps(seen, ensure_ascii=False, separators=(",", ":"))
                        target.write(written + "\n")  # type: ignore[union-attr]  # it was opened before the first of them
                        left = True
        finally:
            if target is not None:
                target.close()
    return left


def _objects(source: IO[str]) -> Iterator[dict[str, Any]]:
    for line in _lines(source):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=_number, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise Refused("It has a line that is not JSON.") from error
        if not isinstance(row, dict):
            raise Refused("It has a line that is not a JSON object.")
        yield {name.lower(): value for name, value in row.items()}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, of which no name stands twice: which of the values counted would be the reader's choice."""
    if len({name.lower() for name, _ in pairs}) != len(pairs):
        raise Refused("It has an object with a name that stands twice in it.")
    return dict(pairs)


def _number(text: str) -> float:
    value = float(text)
    if Decimal(text) != Decimal(repr(value)):
        raise Refused("It has numbers of more digits than can be written again as they are.")
    return value


def _scalar(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    return json.dumps(value) if not isinstance(value, str) else value


def _filtered(
    task: Task,
    read: Callable[[IO[str]], Iterator[list[str | None]]],
    write: Callable[[IO[str], Sequence[str | None]], None],
    null: str | None,
) -> bool:
    """Rows of fields, in the order of the table's columns."""
    names = [column.name.lower() for column in task.columns]
    columns = dict(zip(names, task.columns, strict=True))
    places = [names.index(name) for name in task.shown]
    kinds, cut = _kinds(task), _cut(task)
    opener = _opener(task.name)
    header = int(task.serde.get("skip.header.line.count") or 0)
    left, target = False, None
    # Engines end a line at each of CR, LF and CRLF: so must what is filtered by lines.
    with opener(task.source, "rt", encoding="utf-8", newline=None) as source:
        rows = read(source)
        heads = list(islice(rows, header))
        try:
            while batch := list(islice(rows, BATCH)):
                texts = {name: [_field(row, names.index(name), null) for row in batch] for name in kinds}
                masks = Masks(columns, _finder(texts, kinds, null), len(batch))
                keep = masks.where(task.rows).to_pylist()
                own = {name: masks.where(task.rows_of(name)).to_pylist() for name in cut}
                if any(keep) and target is None:
                    target = opener(task.target, "wt", encoding="utf-8", newline="\n")
                    for _ in heads:
                        # What is skipped may be a row: the names stand there in its place.
                        write(target, list(task.shown))
                for number, row in enumerate(batch):
                    if not keep[number]:
                        continue
                    left = True
                    seen = [row[each] if each < len(row) else None for each in places]
                    for place, name in enumerate(task.shown):
                        if name in own and not own[name][number]:
                            seen[place] = None
                    write(target, seen)  # type: ignore[arg-type]  # as above
        finally:
            if target is not None:
                target.close()
    return left


def _field(row: Sequence[str | None], place: int, null: str | None) -> str | None:
    """A field as it is compared; NULL for one that is missing."""
    value = row[place] if place < len(row) else None
    return None if value == null else value


def _kinds(task: Task) -> dict[str, tuple[Type, Column]]:
    """The columns that filters ask about."""
    columns = {column.name.lower(): column for column in task.columns}
    found = {}
    for name in {each for rows, _ in task.cells for each in columns_of(rows)}:
        kind = type_of(columns[name]) if name in columns else None
        if kind is None:
            raise Refused(f"A filter asks about the column {name}, which has no type that it can be compared as.")
        found[name] = kind, columns[name]
    return found


def _cut(task: Task) -> list[str]:
    """The columns that show in some of the rows alone."""
    return [name for name in task.shown if task.rows_of(name) != task.rows]


def _finder(
    texts: Mapping[str, Sequence[str | None]], kinds: Mapping[str, tuple[Type, Column]], _null: str | None
) -> Callable[[str], Any]:
    def find(name: str) -> Any:
        kind, column = kinds[name]
        return pa.array([_value(kind, column, text) for text in texts[name]], _TYPES[kind.name])

    return find


def _value(kind: Type, column: Column, text: str | None) -> Any:
    """The value that a text is of its column's type; what is none of it is NULL, as engines read it."""
    if text is None:
        return None
    try:
        value = kind.read(text)
    except ValueError:
        return None
    if kind.name == "integer":
        bits = _BITS.get((column.type or "").lower(), 63)
        return int(value) if _INTEGER.fullmatch(text) and -(2**bits) <= value < 2**bits else None
    if kind.name == "decimal" and (abs(value) >= 10**20 or value != round(value, 18)):
        return None
    return value


def _lines(file: IO[str]) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if not line.endswith("\n") and len(line) == LONGEST_LINE:
            raise Refused("It has a line of more than 64 MiB.")
        yield line.removesuffix("\n")


def _opener(name: str) -> Callable[..., Any]:
    ending = Path(name).suffix.lower()
    if ending in _REFUSED:
        raise Refused(f"It is compressed in a way that is not read here ({ending}).")
    return _OPENERS.get(ending, open)
