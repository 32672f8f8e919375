"""A table of 100,000 partitions in Spark: their names, and a query of one of them."""

from collections.abc import Iterator

from bench.bench import Bench
from bench.lake import Lake
from bench.row import Quantity, Row, at_most_times
from bench.server import Session

PARTITIONS = 100_000
ROWS = 1000
ROUNDS = 3
DATABASE = "listing"
DEFINITIONS = f"""
import statistics, time
import boto3
def bench_prepare(folder):
    spark.sql(f"create database {DATABASE} location '{{folder}}'")
    rows = spark.range({ROWS}).selectExpr("cast(id as double) pm", "0 day", "'city 0' city")
    rows.write.partitionBy("day", "city").format("parquet").saveAsTable("{DATABASE}.air")
def bench_shown():
    return len(spark.sql("show partitions {DATABASE}.air").collect())
def bench_listed():
    pages = boto3.client("glue").get_paginator("get_partitions").paginate(
        DatabaseName="{DATABASE}", TableName="air", ExcludeColumnSchema=True
    )
    return sum(len(page["Partitions"]) for page in pages)
def bench_pruned():
    return spark.table("{DATABASE}.air").where("day = 0").agg({{"pm": "count"}}).first()[0]
def bench_read(folder):
    path = f"{{folder}}/air/day=0/city=city 0"
    return spark.read.schema("pm double").parquet(path).agg({{"pm": "count"}}).first()[0]
def bench_median(action, expected):
    taken = []
    for _ in range({ROUNDS} + 1):
        began = time.perf_counter()
        found = action()
        taken.append(time.perf_counter() - began)
        assert found == expected, found
    return statistics.median(taken[1:])
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    folder = f"s3://{server.bucket()}/{DATABASE}"
    session = Session(server, "listing")
    session.start()
    session.run(DEFINITIONS)
    session.run(f"bench_prepare({folder!r})")
    Lake(server, DATABASE).add_partitions(1, PARTITIONS)
    server.settle()
    shown, listed = (_median(session, action, PARTITIONS) for action in ("bench_shown", "bench_listed"))
    yield at_most_times(
        f"SHOW PARTITIONS of {PARTITIONS:,} in Spark, against GetPartitions by boto3", None, shown, listed
    )
    pruned = _median(session, "bench_pruned", ROWS)
    read = _median(session, f"lambda: bench_read({folder!r})", ROWS)
    yield at_most_times(
        f"query of one of {PARTITIONS:,} partitions in Spark, against its folder read by path", None, pruned, read
    )
    session.stop()


def _median(session: Session, action: str, expected: int) -> Quantity:
    return Quantity(float(session.run(f"bench_median({action}, {expected})")), "s")
