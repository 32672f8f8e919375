"""The first rows of a table, read by PyArrow (or PyIceberg) with the person's own keys, so that policies hold.

PyArrow takes a second and 80 MB to load: what imports this does so when rows are asked for.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import csv, dataset, fs, json

from studiolo.console.people import Clients
from studiolo.console.rows import NoSample, Rows, format_of

ROWS = 25
FOLDERS = 5
"""Partitions that are looked into for rows."""
TEXT_BYTES = 256 * 1024
"""Of a file of text that are read."""
COLUMNS = 200


def files(person: Clients) -> fs.S3FileSystem:
    """S3 as the person may read it."""
    place = urlsplit(person.s3_endpoint)
    return fs.S3FileSystem(
        access_key=person.key.id,
        secret_key=person.key.secret,
        session_token=person.key.token,
        endpoint_override=place.netloc,
        scheme=place.scheme,
        region=person.region,
        request_timeout=10,
        connect_timeout=3,
    )


def sample(person: Clients, glue: Any, table: Mapping[str, Any], most: int = ROWS) -> Rows:
    """The first rows of a table, at most that many. Raises NoSample, OSError, ValueError."""
    kind = format_of(table)
    if kind == "Iceberg":
        return _rows(_iceberg(person, table).scan(limit=most).to_arrow())
    if kind in ("View", "Delta", "Hudi", "Avro", "Unknown"):
        raise NoSample(f"The rows of {kind} tables are read by Spark: ask for them under Query.")
    storage = files(person)
    columns = [column["Name"] for column in table["StorageDescriptor"].get("Columns", [])]
    keys = [column["Name"] for column in table.get("PartitionKeys", [])]
    found: list[dict[str, Any]] = []
    for place, values in _places(glue, table):
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
    return Rows(names, [tuple(row.get(name.lower()) for name in names) for row in by_case])


def snapshots(person: Clients, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an Iceberg table was, the latest first."""
    metadata = _iceberg(person, table).metadata
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


def preview(storage: fs.S3FileSystem, path: str, kind: str) -> Rows:
    """The first rows of a file of data."""
    found = _read(storage, path, kind, {"StorageDescriptor": {}}, [], ROWS).slice(0, ROWS)
    return _rows(found)


def _iceberg(person: Clients, table: Mapping[str, Any]) -> Any:
    from studiolo.console.iceberg import iceberg_table

    location = table.get("Parameters", {}).get("metadata_location")
    if not location:
        raise NoSample("The table has no metadata_location yet.")
    return iceberg_table(person, location)


def _places(glue: Any, table: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if not table.get("PartitionKeys"):
        yield table["StorageDescriptor"].get("Location", ""), []
        return
    found = glue.get_partitions(DatabaseName=table["DatabaseName"], TableName=table["Name"], MaxResults=FOLDERS)
    for partition in found["Partitions"]:
        yield partition["StorageDescriptor"].get("Location", ""), partition["Values"]


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
    return Rows(names, [tuple(row[name] for name in names) for row in table.select(names).to_pylist()])
