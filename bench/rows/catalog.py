"""Reads and writes of the Data Catalog as it grows, against moto (in memory, unsigned) and against bare SQLite."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.bench import Bench
from bench.children import free_port
from bench.load import Load, drive
from bench.row import Quantity, Row, Unavailable, at_least_times
from bench.rows.reads import ANY_KEY, CONNECTIONS, ROUNDS, SECONDS, Target, compared, emulator, median
from bench.signing import client, requests_of

SIZES = (1, 1000, 100_000)
MOST_OF_MOTO = 1000
BATCH = 100
WRITES = 20
COLUMNS = [{"Name": f"column_{number}", "Type": "double"} for number in range(20)]
STORAGE = {"Columns": COLUMNS, "Location": "s3://lake/air", "SerdeInfo": {"SerializationLibrary": "parquet"}}
NAMES = {"DatabaseName": "bench", "TableName": "air"}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    server.settle()
    ours = server.client("glue")
    port = int(server.endpoint.rpartition(":")[2])
    prepare(ours)
    with emulator(bench, "moto", _moto) as moto:
        reading = Target(port, ours, lambda: get_table(ours))
        yield from compared("GetTable", reading, moto, "moto", 5)
        yield _against_sqlite(bench, reading)
        present = 0
        for size in SIZES:
            other = moto if size <= MOST_OF_MOTO else Unavailable("moto takes minutes to be filled so far")
            for glue in (ours, *(() if isinstance(other, Unavailable) else (other.client,))):
                fill(glue, present, size)
            present = size + WRITES * BATCH
            yield from _reads(size, port, ours, other)
            yield _writes(size, ours, other)


def prepare(glue: Any) -> None:
    glue.create_database(DatabaseInput={"Name": "bench"})
    keys = [{"Name": "day", "Type": "int"}, {"Name": "city", "Type": "string"}]
    table = {"Name": "air", "StorageDescriptor": STORAGE, "PartitionKeys": keys}
    glue.create_table(DatabaseName="bench", TableInput=table)


def get_table(glue: Any) -> Any:
    return glue.get_table(DatabaseName="bench", Name="air")


def fill(glue: Any, first: int, last: int) -> None:
    """Partitions from one number up to another."""
    for start in range(first, last, BATCH):
        batch(glue, range(start, min(start + BATCH, last)))


def batch(glue: Any, numbers: range) -> None:
    entries = [{"Values": [str(number), f"city {number}"], "StorageDescriptor": STORAGE} for number in numbers]
    glue.batch_create_partition(**NAMES, PartitionInputList=entries)


def _moto(port: int) -> Target:
    glue = client("glue", f"http://127.0.0.1:{port}", ANY_KEY)
    prepare(glue)
    return Target(port, glue, lambda: get_table(glue))


def _against_sqlite(bench: Bench, reading: Target) -> Row:
    """The rate of a handler that did nothing but this read, on one thread."""
    database = sqlite3.connect(bench.folder / f"bare-{free_port()}.db")
    database.execute("CREATE TABLE tables (name TEXT PRIMARY KEY, document TEXT)")
    database.execute("INSERT INTO tables VALUES ('air', ?)", (json.dumps(STORAGE),))
    database.commit()

    def read() -> float:
        began, count = time.perf_counter(), 20_000
        for _ in range(count):
            database.execute("SELECT document FROM tables WHERE name = ?", ("air",)).fetchone()
        return count / (time.perf_counter() - began)

    note = "the whole request, against the query alone"
    rates = median(reading.raw() for _ in range(ROUNDS)), median(read() for _ in range(ROUNDS))
    return at_least_times("signed GetTable, against a bare read of SQLite", None, *rates, note=note)


def _reads(size: int, port: int, ours: Any, moto: Target | Unavailable) -> Iterator[Row]:
    expression = f"day = {size - 1}"
    questions: dict[str, Callable[[Any], Any]] = {
        "GetPartition": lambda glue: glue.get_partition(**NAMES, PartitionValues=[str(size - 1), f"city {size - 1}"]),
        "GetPartitions of one day": lambda glue: glue.get_partitions(**NAMES, Expression=expression),
    }
    for name, ask in questions.items():
        label = f"{name} among {size:,}, {CONNECTIONS} connections"
        rate = _rate(port, ours, ask)
        if isinstance(moto, Unavailable):
            yield Row(label, "none", rate, note=f"comparison could not be had: {moto}")
        else:
            yield at_least_times(label, None, rate, _rate(moto.port, moto.client, ask), note="against moto")


def _rate(port: int, glue: Any, ask: Callable[[Any], Any]) -> Quantity:
    requests = requests_of(glue, lambda: ask(glue))
    return median(drive(Load("127.0.0.1", port, requests, CONNECTIONS, SECONDS)).rate for _ in range(ROUNDS))


def _writes(size: int, ours: Any, moto: Target | Unavailable) -> Row:
    label = f"partitions by BatchCreatePartition into {size:,}, one thread of boto3"
    rate = _write_rate(ours, size)
    if isinstance(moto, Unavailable):
        return Row(label, "none", rate, note=f"comparison could not be had: {moto}")
    return at_least_times(label, None, rate, _write_rate(moto.client, size), note="against moto")


def _write_rate(glue: Any, size: int) -> Quantity:
    began = time.perf_counter()
    for number in range(WRITES):
        first = size + number * BATCH
        batch(glue, range(first, first + BATCH))
    return Quantity(WRITES * BATCH / (time.perf_counter() - began), "/s")
