"""What is left of a cluster after a `kill -9` of the server, of its daemons, of an executor."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.api.clusters import create_default_roles, ended, job_flow, state, step, text
from tests.conftest import Server
from tests.waiting import lives, until

SLOW = """
import os, signal, sys
from pathlib import Path
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
mark = sys.argv[1]
def work(number):
    if number == 0 and not Path(mark).exists():
        Path(mark).touch()
        parent = os.getppid()
        with open(f"/proc/{parent}/stat") as stat:
            os.kill(int(stat.read().split()[3]), signal.SIGKILL)
    return number
print("sum:", spark.sparkContext.parallelize(range(4), 4).map(work).sum())
"""
"""A job whose first task kills the executor that it runs on: the parent of the daemon of Python's workers."""


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("clusters"), settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    create_default_roles(server.client("iam"))
    server.client("s3").create_bucket(Bucket="faults", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield server
    server.down()


@pytest.fixture(scope="module")
def cluster(crashing: Server) -> str:
    """A cluster that waits for steps; the tests of this file are made in order, and the last one ends it."""
    emr = crashing.client("emr")
    identifier: str = emr.run_job_flow(**job_flow(nodes=2, LogUri="s3://faults/logs"))["JobFlowId"]
    until(lambda: state(emr, identifier) == "WAITING", 120)
    return identifier


def family(server: Server, cluster: str) -> list[psutil.Process]:
    """The processes of a cluster's daemons and all that they started."""
    roots = [process for process in server.children() if f"/{cluster}/" in " ".join(process.cmdline())]
    found = {process.pid: process for root in roots for process in [root, *root.children(recursive=True)]}
    return [process for process in found.values() if lives(process)]


def test_steps_go_on_while_the_server_is_dead_and_the_next_one_starts_those_that_wait(
    crashing: Server, cluster: str
) -> None:
    emr = crashing.client("emr")
    go = crashing.data / "clusters" / cluster / "node" / "home" / "go"
    waiting = step("bash", "-c", f"until [ -e {go} ]; do sleep 0.05; done; echo went on")
    first, second = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[waiting, step("true")])["StepIds"]
    until(lambda: (crashing.data / "clusters" / cluster / "steps" / first / "stdout").exists())
    crashing.kill()
    go.touch()
    crashing.up()
    emr = crashing.client("emr")
    assert [ended(emr, cluster, one)["Status"]["State"] for one in (first, second)] == ["COMPLETED"] * 2
    assert "went on" in text(crashing.client("s3"), "faults", f"logs/{cluster}/steps/{first}/stdout.gz")


def test_a_job_outlives_an_executor(crashing: Server, cluster: str) -> None:
    emr, s3 = crashing.client("emr"), crashing.client("s3")
    s3.put_object(Bucket="faults", Key="slow.py", Body=SLOW)
    mark = str(crashing.data / "clusters" / cluster / "node" / "home" / "killed")
    asked = step("spark-submit", "s3://faults/slow.py", mark)
    (identifier,) = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[asked])["StepIds"]
    assert ended(emr, cluster, identifier)["Status"]["State"] == "COMPLETED"
    assert "sum: 6" in text(s3, "faults", f"logs/{cluster}/steps/{identifier}/stdout.gz")
    assert "ExecutorLostFailure" in text(s3, "faults", f"logs/{cluster}/steps/{identifier}/stderr.gz")


def test_a_cluster_whose_daemons_are_killed_ends_with_errors_and_leaves_nothing(crashing: Server, cluster: str) -> None:
    emr: Any = crashing.client("emr")
    (running,) = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step("sleep", "600")])["StepIds"]
    until(lambda: (crashing.data / "clusters" / cluster / "steps" / running / "stdout").exists())
    started = family(crashing, cluster)
    (java,) = [process for process in started if "pyspark-shell" in process.cmdline()]
    os.kill(java.pid, signal.SIGKILL)
    until(lambda: state(emr, cluster) == "TERMINATED_WITH_ERRORS")
    reason = emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["StateChangeReason"]
    assert reason["Code"] == "INSTANCE_FAILURE"
    assert reason["Message"].startswith("The master failed: The JVM of the cluster's daemons was killed by SIGKILL.")
    assert "py4j" not in reason["Message"]
    assert ended(emr, cluster, running)["Status"]["State"] == "INTERRUPTED"
    until(lambda: not any(lives(process) for process in started), 10)
