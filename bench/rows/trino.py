"""Queries of Trino on a cluster of EMR, on tables in S3, against a bare Trino on local files of the same content."""

import json
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most_times
from bench.rows.clusters import MIB, make_roles, run_cluster
from studiolo.clusters.applications.trino import JAVA_OPTIONS, SERVER, heap
from studiolo.runtimes import trino

ROUNDS = 5
BARE_HOST = "127.200.0.2"
TPCH = {"Classification": "trino-connector-tpch", "Properties": {}}
QUERIES = {
    "an aggregate of 1,500,000 rows": "select orderpriority, count(*), sum(totalprice) from hive.bench.orders group by 1",
    "a count of one row": "select count(*) from hive.bench.regions",
}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    make_roles(server)
    folder = bench.folder / "trino"
    cluster, _ = run_cluster(server, ("Trino",), [TPCH])
    host = server.client("emr").describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    with _bare(folder):
        ours, bare = f"http://{host}:8889", f"http://{BARE_HOST}:8889"
        for address, place in ((ours, f"s3://{server.bucket()}/bench/"), (bare, "local:///bench/")):
            _ask(address, f"create schema hive.bench with (location = '{place}')")
            _ask(address, "create table hive.bench.orders as select * from tpch.sf1.orders")
            _ask(address, "create table hive.bench.regions as select * from tpch.tiny.region")
        for name, query in QUERIES.items():
            seconds: dict[str, list[float]] = {ours: [], bare: []}
            for number in range(ROUNDS + 1):
                for address, measured in seconds.items():
                    took = _ask(address, query)
                    if number > 0:
                        measured.append(took)
            medians = [Quantity(statistics.median(measured), "s") for measured in seconds.values()]
            yield at_most_times(f"Trino: {name}", 1 / 0.95, *medians)
    server.client("emr").terminate_job_flows(JobFlowIds=[cluster])


@contextmanager
def _bare(folder: Path) -> Iterator[None]:
    """A Trino as one starts it by hand, with tables in a folder."""
    files = {
        "config": {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": "8889",
            "discovery.uri": f"http://{BARE_HOST}:8889",
            "node.environment": "bench",
            "node.internal-address": BARE_HOST,
            "node.bind-ip": BARE_HOST,
            "catalog.config-dir": str(folder / "catalog"),
            "plugin.dir": str(trino().plugins),
        },
        "catalog/tpch": {"connector.name": "tpch"},
        "catalog/hive": {
            "connector.name": "hive",
            "hive.metastore": "file",
            "hive.metastore.catalog.dir": "local:///metastore",
            "fs.native-local.enabled": "true",
            "local.location": str(folder / "tables"),
        },
    }
    (folder / "catalog").mkdir(parents=True)
    (folder / "tables").mkdir()
    for name, properties in files.items():
        text = "".join(f"{key}={value}\n" for key, value in properties.items())
        (folder / f"{name}.properties").write_text(text)
    options = [
        *JAVA_OPTIONS,
        f"-Xmx{heap(psutil.virtual_memory().total // MIB)}m",
        f"-Dconfig={folder / 'config.properties'}",
    ]
    command = [str(trino().java), *options, "-cp", f"{trino().libraries}/*", SERVER]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until(_started, 300, every=0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _started() -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://{BARE_HOST}:8889/v1/info", timeout=5) as answer:
        return not json.load(answer)["starting"]
    return False


def _ask(address: str, statement: str) -> float:
    """The seconds of a statement until its last row is here."""
    began = time.perf_counter()
    headers = {"X-Trino-User": "bench"}
    asked = urllib.request.Request(f"{address}/v1/statement", statement.encode(), headers)
    while True:
        with urllib.request.urlopen(asked, timeout=300) as answer:
            found: dict[str, Any] = json.load(answer)
        if "error" in found:
            raise RuntimeError(f"{statement}: {found['error']['message']}")
        if "nextUri" not in found:
            return time.perf_counter() - began
        asked = urllib.request.Request(found["nextUri"], headers=headers)
