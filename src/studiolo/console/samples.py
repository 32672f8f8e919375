"""The program that reads the first rows of tables and files, by PyArrow or PyIceberg: see `reading`, which starts it.

One request, as JSON, comes to its standard input; the answer goes to its standard output.
"""

import itertools
import json as texts
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import csv, dataset, fs, json

from studiolo.console.reading import MEMORY, SECONDS, TOO_MUCH, Store
from studiolo.console.rendering import cell, number
from studiolo.console.rows import ROWS, NoSample, format_of

TEXT_BYTES = 256 * 1024
"""Of a file of text that are read."""
COLUMNS = 200
CELL = 2000
"""Characters of a value that are told."""

Rows = dict[str, Any]
"""Columns and values, as JSON takes them."""


def main() -> None:
    for limit, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        # macOS knows no limit of the first kind.
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (most, most))
    asked = sys.stdin.read()
    if not asked:
        # The server has ended before anybody wanted rows.
        return
    request = texts.loads(asked)
    answer: dict[str, Any]
    try:
        reads: dict[str, Callable[..., Any]] = {"sample": sample, "snapshots": snapshots, "preview": preview}
        read = reads[request["what"]]
        answer = {"found": read(Store(**request["store"]), **request["given"])}
    except MemoryError:
        answer = {"why": TOO_MUCH}
    except (NoSample, OSError, ValueError) as error:
        answer = {"why": str(error)}
    texts.dump(answer, sys.stdout)
    sys.stdout.flush()
    # What PyArrow does at the end of a process can take longer than the reading.
    os._exit(0)


def files(store: Store) -> fs.S3FileSystem:
    """S3 as the person may read it."""
    place = urlsplit(store.endpoint)
    return fs.S3FileSystem(
        access_key=store.key,
        secret_key=store.secret,
        session_token=store.token,
        endpoint_override=place.netloc,
        scheme=place.scheme,
        region=store.region,
        request_timeout=10,
        connect_timeout=3,
    )


def sample(store: Store, table: Mapping[str, Any], places: Sequence[tuple[str, list[str]]], most: int) -> Rows:
    """The first rows of a table, at most that many. Raises NoSample, OSError, ValueError."""
    kind = format_of(table)
    if kind == "Iceberg":
        return _rows(_iceberg(store, table).scan(limit=most).to_arrow())
    storage = files(store)
    columns = [column["Name"] for column in table["StorageDescriptor"].get("Columns", [])]
    keys = [column["Name"] for column in table.get("PartitionKeys", [])]
    found: list[dict[str, Any]] = []
    for place, values in places:
        for path in _files(storage, place):
            for row in _read(storage, path, kind, table, columns, most).slice(0, most - len(found)).to_pylist():
                found.append({**row, **dict(zip(keys, values, strict=False))})
            if len(found) >= most:
                break
        if len(found) >= most:
            break
    if not found:
        raise NoSample("There are no rows: no file lies where the table, or its first partitions, should have them.")
    names = [*columns, *keys] or list(found[0])
    by_case = [{name.lower(): value for name, value in row.items()} for row in found]
    return _told(names, [[row.get(name.lower()) for name in names] for row in by_case])


def snapshots(store: Store, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an Iceberg table was, the latest first."""
    metadata = _iceberg(store, table).metadata
    current = metadata.current_snapshot_id
    return [
        {
            "id": each.snapshot_id,
            "at": each.timestamp_ms,
            "operation": each.summary.operation.value if each.summary is not None else "",
            "records": each.summary.get("total-records") if each.summary is not None else None,
            "current": each.snapshot_id == current,
        }
        for each in sorted(metadata.snapshots, key=lambda each: -each.timestamp_ms)
    ]


def preview(store: Store, path: str, kind: str) -> Rows:
    """The first rows of a file of data."""
    found = _read(files(store), path, kind, {"StorageDescriptor": {}}, [], ROWS).slice(0, ROWS)
    return _rows(found)


def _iceberg(store: Store, table: Mapping[str, Any]) -> Any:
    from studiolo.console.iceberg import iceberg_table

    location = table.get("Parameters", {}).get("metadata_location")
    if not location:
        raise NoSample("The table has no metadata_location yet.")
    return iceberg_table(store, location)


def _files(storage: fs.S3FileSystem, location: str) -> Iterator[str]:
    path = location.partition("://")[2].rstrip("/")
    if not path:
        raise NoSample("The table has no location.")
    for found in itertools.islice(
        storage.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True)), 200
    ):
        if found.type == fs.FileType.File and found.size and not found.base_name.startswith(("_", ".")):
            yield found.path


def _read(
    storage: fs.S3FileSystem, path: str, kind: str, table: Mapping[str, Any], columns: list[str], most: int
) -> pa.Table:
    if kind in ("Parquet", "ORC"):
        return dataset.dataset(path, filesystem=storage, format=kind.lower()).head(most)
    head = _head(storage, path)
    if kind == "JSON":
        return json.read_json(pa.BufferReader(head))
    return _csv(head, table, columns)


def _csv(head: bytes, table: Mapping[str, Any], columns: list[str]) -> pa.Table:
    storage = table["StorageDescriptor"]
    serde, parameters = storage.get("SerdeInfo", {}), table.get("Parameters", {})
    options = serde.get("Parameters", {}) or {}
    delimiter = options.get("field.delim") or options.get("separatorChar") or parameters.get("delimiter") or ","
    skip = int(parameters.get("skip.header.line.count") or 0)
    # A table without columns is a file on its own: its first line has the names.
    names = csv.ReadOptions(column_names=columns, skip_rows=skip) if columns else csv.ReadOptions()
    shape = csv.ParseOptions(
        delimiter=delimiter[:1], quote_char=options.get("quoteChar", '"')[:1], invalid_row_handler=lambda _: "skip"
    )
    return csv.read_csv(pa.BufferReader(head), names, shape)


def _head(storage: fs.S3FileSystem, path: str) -> bytes:
    """The first whole lines of a text, packed or not."""
    with storage.open_input_stream(path, compression="detect") as stream:
        taken: bytes = stream.read(TEXT_BYTES)
    whole, newline, _ = taken.rpartition(b"\n")
    return whole + newline if len(taken) == TEXT_BYTES else taken


def _rows(table: pa.Table) -> Rows:
    names = table.column_names[:COLUMNS]
    return _told(names, [[row[name] for name in names] for row in table.select(names).to_pylist()])


def _told(names: list[str], values: list[list[Any]]) -> Rows:
    """Rows as they are to be shown: numbers, nothing, and texts."""
    shown = [[each if each is None or number(each) else cell(each)[:CELL] for each in row] for row in values]
    return {"columns": names, "values": shown}


if __name__ == "__main__":
    main()
