"""Reads and writes of the Data Catalog as it grows, against moto (in memory, unsigned) and against bare SQLite."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.lake import COLUMNS, Lake, table_name, values_of
from bench.load import Load, drive
from bench.row import Quantity, Row, Unavailable, at_least_times
from bench.rows.reads import ANY_KEY, CONNECTIONS, Target, compared, emulator
from bench.signing import client, requests_of

SIZES = (1, 1000, 100_000)
MOST_OF_MOTO = 1000
"""Tables and partitions that moto is given: each batch takes it longer than the one before."""

BATCH = 100
BATCHES = 9
"""Written at each size: fewer than there are to be at the next."""

SECONDS = 1.0
DATABASE = "catalog"
STORAGE = {
    "Columns": [{"Name": column.name, "Type": column.type} for column in COLUMNS],
    "Location": "s3://lake/air",
    "SerdeInfo": {"SerializationLibrary": "parquet"},
}
AIR = {"DatabaseName": DATABASE, "TableName": "air"}

Ask = Callable[[Any], Any]


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    lake = Lake(server, DATABASE).make()
    lake.add_tables(0, 1)
    server.settle()
    glue = server.client("glue")
    ours = Target(server.port, glue, lambda: _get_table(0)(glue))
    bare = BareSqlite(bench.folder / "bare.db")
    with emulator(bench, "moto", _moto) as moto:
        yield from compared("GetTable", ours, moto, "moto", 5)
        tables, partitions = 1, 0
        rates: Mapping[str, Quantity] = {}
        for size in SIZES:
            lake.add_tables(tables, size)
            lake.add_partitions(partitions, size)
            bare.fill(size)
            if size <= MOST_OF_MOTO and isinstance(moto, Target):
                _fill(moto.client, tables, partitions, size)
                rates = _rates(moto, size)
            tables, partitions = size, size + BATCHES * BATCH
            yield from _rows(size, _rates(ours, size), moto if isinstance(moto, Unavailable) else rates, bare)
            yield from _found(ours, size)


class BareSqlite:
    """What the queries alone cost: documents by name, one thread, no server."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("CREATE TABLE documents (name TEXT PRIMARY KEY, document TEXT)")
        self._written = 0

    def fill(self, size: int) -> None:
        while self._written < size:
            self._write(min(10_000, size - self._written))

    def reads(self) -> Quantity:
        """Reads by name a second."""
        name, query = str(self._written - 1), "SELECT document FROM documents WHERE name = ?"
        count = 20_000
        began = time.perf_counter()
        for _ in range(count):
            self._database.execute(query, (name,)).fetchone()
        return Quantity(count / (time.perf_counter() - began), "/s")

    def writes(self) -> Quantity:
        """Documents a second, in transactions of as many as a batch has."""
        began = time.perf_counter()
        for _ in range(BATCHES):
            self._write(BATCH)
        return Quantity(BATCHES * BATCH / (time.perf_counter() - began), "/s")

    def _write(self, count: int) -> None:
        rows = [(str(number), str(STORAGE)) for number in range(self._written, self._written + count)]
        with self._database:
            self._database.executemany("INSERT INTO documents VALUES (?, ?)", rows)
        self._written += count


def _moto(port: int) -> Target:
    glue = client("glue", f"http://127.0.0.1:{port}", ANY_KEY)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    keys = [{"Name": "day", "Type": "int"}, {"Name": "city", "Type": "string"}]
    _create_table(glue, "air", PartitionKeys=keys)
    _create_table(glue, table_name(0))
    return Target(port, glue, lambda: _get_table(0)(glue))


def _fill(glue: Any, tables: int, partitions: int, size: int) -> None:
    for number in range(tables, size):
        _create_table(glue, table_name(number))
    for start in range(partitions, size, BATCH):
        _create_partitions(glue, range(start, min(start + BATCH, size)))


def _create_table(glue: Any, name: str, **more: Any) -> None:
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": name, "StorageDescriptor": STORAGE, **more})


def _create_partitions(glue: Any, numbers: range) -> None:
    entries = [{"Values": values_of(number), "StorageDescriptor": STORAGE} for number in numbers]
    errors = glue.batch_create_partition(**AIR, PartitionInputList=entries).get("Errors")
    if errors:
        raise RuntimeError(f"partitions were not created: {errors[0]}")


def _get_table(number: int) -> Ask:
    return lambda glue: glue.get_table(DatabaseName=DATABASE, Name=table_name(number))


def _rates(target: Target, size: int) -> Mapping[str, Quantity]:
    """What a server that holds so many tables, and a table of so many partitions, answers a second."""
    last = size - 1
    questions: Mapping[str, Ask] = {
        "GetTable": _get_table(last),
        "GetPartition": lambda glue: glue.get_partition(**AIR, PartitionValues=values_of(last)),
        "GetPartitions of one day": lambda glue: glue.get_partitions(**AIR, Expression=f"day = {last}"),
    }
    reads = {name: _read_rate(target, ask) for name, ask in questions.items()}
    return {**reads, "partitions created": _write_rate(target.client, size)}


def _found(target: Target, size: int) -> Iterator[Row]:
    """Pages of tables, and one table that is searched for, among so many."""
    rate = _read_rate(target, lambda glue: glue.get_tables(DatabaseName=DATABASE, MaxResults=100))
    yield Row(f"GetTables, a page of 100 among {size:,}", "none", rate)
    pages = target.client.get_paginator("get_tables").paginate(DatabaseName=DATABASE)
    taken = _seconds(lambda: sum(len(page["TableList"]) for page in pages), size)
    yield Row(f"GetTables, all pages of {size:,}", "none", taken)
    name = table_name(size - 1)
    taken = _seconds(lambda: len(target.client.search_tables(SearchText=f'"{name}"')["TableList"]), 1)
    yield Row(f"SearchTables for one of {size:,}", "none", taken)


def _seconds(count: Callable[[], int], least: int) -> Quantity:
    """What it takes to find so many at least."""
    began = time.perf_counter()
    found = count()
    assert found >= least, f"{found} were found"
    return Quantity(time.perf_counter() - began, "s")


def _read_rate(target: Target, ask: Ask) -> Quantity:
    requests = requests_of(target.client, lambda: ask(target.client), count=100)
    return Quantity(drive(Load("127.0.0.1", target.port, requests, CONNECTIONS, SECONDS, warm_up=0.25)).rate, "/s")


def _write_rate(glue: Any, first: int) -> Quantity:
    """Partitions a second by BatchCreatePartition, one thread of boto3."""
    began = time.perf_counter()
    for start in range(first, first + BATCHES * BATCH, BATCH):
        _create_partitions(glue, range(start, start + BATCH))
    return Quantity(BATCHES * BATCH / (time.perf_counter() - began), "/s")


def _rows(
    size: int, ours: Mapping[str, Quantity], moto: Mapping[str, Quantity] | Unavailable, bare: BareSqlite
) -> Iterator[Row]:
    queries = {"GetTable": bare.reads(), "GetPartition": bare.reads(), "partitions created": bare.writes()}
    for name, rate in ours.items():
        label = f"{name}, among {size:,}"
        if isinstance(moto, Unavailable):
            yield Row(label, "none", rate, note=f"moto could not be had: {moto}")
        else:
            note = "against moto" if size <= MOST_OF_MOTO else f"against moto among {MOST_OF_MOTO:,}"
            yield at_least_times(label, None, rate, moto[name], note=note)
        if name in queries:
            yield at_least_times(label, None, rate, queries[name], note="against the query alone, in SQLite")
