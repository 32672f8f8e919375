"""Spark reading the object store against local files: the same bytes, in one session, in turns; and Sail."""

import csv
import gzip
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.bench import Bench
from bench.row import Quantity, Row, at_most_times
from bench.server import Server, Session

ROUNDS = 5
WARM_UP = 3
FILES = 12
COPIES = 8
"""Of the CSV's rows in the Parquet, each a little different: it is the reading that is to be measured."""
ROWS = 35_064
HEADER = ("No", "year", "month", "day", "hour", "PM2.5", "NO2", "TEMP", "WSPM", "station")
DEFINITIONS = f"""
import statistics, time
from pyspark.sql import functions as F
def bench_prepare(path, parquet):
    read = spark.read.csv(path, header=True, nullValue="NA", inferSchema=True).crossJoin(spark.range({COPIES}))
    for name in ("NO2", "TEMP", "WSPM"):
        read = read.withColumn(name, F.col(name) + F.rand(1) / 100)
    read.write.option("maxRecordsPerFile", {COPIES * ROWS}).parquet(parquet)
def bench_csv(path):
    read = spark.read.csv(path, header=True, nullValue="NA")
    return read.groupBy("station").agg({{"NO2": "avg", "TEMP": "avg", "WSPM": "max"}}).collect()
def bench_parquet(path):
    return spark.read.parquet(path).groupBy("station").agg({{"NO2": "avg", "TEMP": "avg", "WSPM": "max"}}).collect()
def bench_turns(read, paths, rounds):
    taken = {{path: [] for path in paths}}
    for number in range({WARM_UP} + rounds):
        for path in paths:
            began = time.perf_counter()
            answer = sorted(read(path))
            if number >= {WARM_UP}:
                taken[path].append(time.perf_counter() - began)
    return [statistics.median(taken[path]) for path in paths]
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    session = Session(server, "spark")
    session.start()
    # A session sees the files of its own folder alone.
    folder = Path(session.run("import os\nprint(os.getcwd())").strip())
    source, parquet, bucket = folder / "source", folder / "parquet", server.bucket()
    if bench.source is None:
        generate(source)
    else:
        shutil.copytree(bench.source, source)
    session.run(DEFINITIONS)
    session.run(f"bench_prepare('file://{source}/*.csv.gz', 'file://{parquet}')")
    sizes = [
        _upload(server, bucket, "csv", source, "*.csv.gz"),
        _upload(server, bucket, "parquet", parquet, "*.parquet"),
    ]
    server.settle()
    yield _row(session, "csv.gz", "bench_csv", f"s3://{bucket}/csv/", f"file://{source}/*.csv.gz", sizes[0])
    yield _row(session, "Parquet", "bench_parquet", f"s3://{bucket}/parquet/", f"file://{parquet}", sizes[1])
    yield _sail_row(server, session, f"s3://{bucket}/parquet/", sizes[1])
    session.stop()


def _upload(server: Server, bucket: str, prefix: str, folder: Path, pattern: str) -> str:
    """Put the same bytes into the bucket; how many there are."""
    s3 = server.client("s3")
    paths = sorted(folder.glob(pattern))
    for path in paths:
        s3.upload_file(str(path), bucket, f"{prefix}/{path.name}")
    return f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1e6:.0f} MB"


def _row(session: Session, kind: str, read: str, remote: str, local: str, size: str) -> Row:
    answer = session.run(f"bench_turns({read}, [{remote!r}, {local!r}], {ROUNDS})")
    ours, theirs = (float(part) for part in answer.strip("[] \n").split(","))
    name = f"Spark scan and aggregate of {kind}: s3:// against file://"
    return at_most_times(name, 1.15, Quantity(ours, "s"), Quantity(theirs, "s"), size)


def _sail_row(server: Server, spark: Session, remote: str, size: str) -> Row:
    """The same scan in a session on Sail, after that of Spark: both are warm, and neither shares the cores."""
    sail = Session(server, "sail", SessionType="SPARK_CONNECT", DefaultArguments={"--spark-connect-engine": "sail"})
    sail.start()
    sail.run(DEFINITIONS)
    taken = [
        float(session.run(f"bench_turns(bench_parquet, [{remote!r}], {ROUNDS})").strip("[] \n"))
        for session in (sail, spark)
    ]
    sail.stop()
    name = "scan and aggregate of Parquet at s3://: Sail against Spark"
    return at_most_times(name, 1, *(Quantity(seconds, "s") for seconds in taken), note=size)


def generate(folder: Path) -> Path:
    """Measurements of the size and form of the demo's, made up."""
    folder.mkdir()
    draw = random.Random(1)
    for number in range(FILES):
        with gzip.open(folder / f"station-{number}.csv.gz", "wt", newline="", compresslevel=6) as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            for hour in range(ROWS):
                values = [f"{draw.gauss(mean, spread):.1f}" for mean, spread in ((80, 40), (50, 20), (13, 11), (2, 1))]
                values[0] = "NA" if hour % 50 == 0 else values[0]
                writer.writerow(
                    [
                        hour + 1,
                        2013 + hour // 8766,
                        hour // 730 % 12 + 1,
                        hour // 24 % 28 + 1,
                        hour % 24,
                        *values,
                        f"s{number}",
                    ]
                )
    return folder
