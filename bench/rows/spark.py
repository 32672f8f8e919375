"""Spark reading the object store against local files: the same data, in one session, in turns."""

import csv
import gzip
import random
from collections.abc import Iterator
from pathlib import Path

from bench.bench import Bench
from bench.row import Quantity, Row, at_most_times
from bench.server import Session

ROUNDS = 5
FILES = 12
ROWS = 35_064
HEADER = ("No", "year", "month", "day", "hour", "PM2.5", "NO2", "TEMP", "WSPM", "station")
TIMES = """
import statistics, time
def bench_csv(path):
    read = spark.read.csv(path, header=True, nullValue="NA")
    return read.groupBy("station").agg({"NO2": "avg", "TEMP": "avg", "WSPM": "max"}).collect()
def bench_parquet(path):
    return spark.read.parquet(path).groupBy("station").agg({"NO2": "avg", "TEMP": "avg", "WSPM": "max"}).collect()
def bench_turns(read, paths, rounds):
    taken = {path: [] for path in paths}
    for number in range(rounds + 1):
        for path in paths:
            began = time.perf_counter()
            answer = sorted(read(path))
            if number:
                taken[path].append(time.perf_counter() - began)
    return [statistics.median(taken[path]) for path in paths]
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    source = bench.source or generate(bench.folder / "generated")
    bucket, s3 = server.bucket(), server.client("s3")
    for path in sorted(source.glob("*.csv.gz")):
        s3.upload_file(str(path), bucket, f"csv/{path.name}")
    parquet = bench.folder / "parquet"
    session = Session(server, "spark")
    session.start()
    session.run(TIMES)
    local, remote = f"file://{source}/*.csv.gz", f"s3://{bucket}/csv/"
    session.run(
        f"read = spark.read.csv({local!r}, header=True, nullValue='NA', inferSchema=True)\n"
        f"read.write.parquet('file://{parquet}')\nread.write.parquet('s3://{bucket}/parquet/')"
    )
    yield _row(session, "csv.gz", "bench_csv", remote, local)
    yield _row(session, "Parquet", "bench_parquet", f"s3://{bucket}/parquet/", f"file://{parquet}")
    session.stop()


def _row(session: Session, kind: str, read: str, remote: str, local: str) -> Row:
    answer = session.run(f"bench_turns({read}, [{remote!r}, {local!r}], {ROUNDS})")
    ours, theirs = (float(part) for part in answer.strip("[] \n").split(","))
    name = f"Spark scan and aggregate of {kind}: s3:// against file://"
    return at_most_times(name, 1.15, Quantity(ours, "s"), Quantity(theirs, "s"))


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
