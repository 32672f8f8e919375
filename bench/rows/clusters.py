"""A cluster of EMR's way to WAITING and to a first result, against bare standalone daemons and spark-submit."""

import json
import os
import shutil
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most, at_most_times
from bench.server import Server
from studiolo.config import Settings
from studiolo.runtimes import Runtimes

ROUNDS = 3
WORKERS = 2
BARE_HOST = "127.200.0.1"
MIB = 1024 * 1024

SCRIPT = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = spark.range(1000).selectExpr("id % 7 k").groupBy("k").count().collect()
assert len(rows) == 7
spark.stop()
"""

EXECUTORS = ("--executor-memory", "600m", "--executor-cores", "1", "--num-executors", "2")


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    make_roles(server)
    folder = bench.folder / "clusters"
    folder.mkdir(exist_ok=True)
    (folder / "first.py").write_text(SCRIPT)
    server.client("s3").put_object(Bucket=server.bucket(), Key="first.py", Body=SCRIPT)
    waiting, bare, first, bare_first, steps, memory = [], [], [], [], [], []
    for number in range(ROUNDS):
        server.settle()
        with _bare(folder / f"bare-{number}") as (environment, seconds):
            bare.append(seconds)
            bare_first.append(_submitted(environment, folder / "first.py"))
        server.settle()
        cluster, seconds = run_cluster(server)
        waiting.append(seconds)
        memory.append(_memory(server, cluster))
        first.append(_step(server, cluster, ["spark-submit", *EXECUTORS, f"s3://{server.bucket()}/first.py"]))
        steps.append(_step(server, cluster, ["true"]))
        server.client("emr").terminate_job_flows(JobFlowIds=[cluster])
    ours, theirs = Quantity(statistics.median(waiting), "s"), Quantity(statistics.median(bare), "s")
    yield at_most("RunJobFlow to WAITING", Quantity(2, "s"), ours)
    yield at_most_times("… against bare master and workers", 0.5, ours, theirs)
    yield at_most_times(
        "a step's first result, against bare spark-submit",
        0.6,
        Quantity(statistics.median(first), "s"),
        Quantity(statistics.median(bare_first), "s"),
    )
    yield at_most("a step that does nothing", Quantity(0.5, "s"), Quantity(statistics.median(steps), "s"))
    yield at_most("memory of an idle cluster", Quantity(350, "MB"), Quantity(statistics.median(memory), "MB"))


def make_roles(server: Server) -> None:
    """The roles of a cluster, where they have not been made."""
    iam = server.client("iam")
    if any(role["RoleName"] == "EmrBench" for role in iam.list_roles(MaxItems=1000)["Roles"]):
        return
    for name, service in (("EmrBench", "elasticmapreduce"), ("EmrBenchNodes", "ec2")):
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.create_instance_profile(InstanceProfileName="EmrBench")
    iam.add_role_to_instance_profile(InstanceProfileName="EmrBench", RoleName="EmrBenchNodes")


def run_cluster(
    server: Server, applications: Sequence[str] = ("Spark",), configurations: Sequence[Any] = ()
) -> tuple[str, float]:
    """A cluster of a master and two nodes, and the seconds until it was WAITING."""
    emr = server.client("emr")
    instances = {"MasterInstanceType": "m5.xlarge", "InstanceCount": 1 + WORKERS, "KeepJobFlowAliveWhenNoSteps": True}
    began = time.perf_counter()
    cluster: str = emr.run_job_flow(
        Name="bench",
        ReleaseLabel="emr-7.10.0",
        Applications=[{"Name": name} for name in applications],
        Configurations=list(configurations),
        Instances=instances,
        JobFlowRole="EmrBench",
        ServiceRole="EmrBench",
    )["JobFlowId"]
    _until(emr.describe_cluster, "Cluster", ("WAITING",), ClusterId=cluster)
    return cluster, time.perf_counter() - began


def _step(server: Server, cluster: str, words: Sequence[str]) -> float:
    """The seconds of a step, from AddJobFlowSteps until it is COMPLETED."""
    emr = server.client("emr")
    program = {"Jar": "command-runner.jar", "Args": list(words)}
    began = time.perf_counter()
    steps = [{"Name": "bench", "ActionOnFailure": "CONTINUE", "HadoopJarStep": program}]
    (step,) = emr.add_job_flow_steps(JobFlowId=cluster, Steps=steps)["StepIds"]
    _until(emr.describe_step, "Step", ("COMPLETED",), ClusterId=cluster, StepId=step)
    return time.perf_counter() - began


def _until(describe: Any, name: str, states: Sequence[str], **which: str) -> None:
    def there() -> bool:
        status = describe(**which)[name]["Status"]
        if status["State"] in ("FAILED", "TERMINATED", "TERMINATED_WITH_ERRORS"):
            raise RuntimeError(f"{which} is {status}")
        return status["State"] in states

    wait_until(there, 300, every=0.0)


def _memory(server: Server, cluster: str) -> float:
    """MB of all processes of a cluster that is idle."""
    server.settle()
    total = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(f"/{cluster}/" in word for word in process.cmdline()):
                total += process.memory_info().rss
    return total / MIB


@contextmanager
def _bare(folder: Path) -> Iterator[tuple[dict[str, str], float]]:
    """Spark's own master and two workers, each a JVM as its scripts start it; the seconds until they are alive."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    folder.mkdir(parents=True, exist_ok=True)
    runtimes = Runtimes(Settings(data=folder / "data"))
    java = runtimes.for_glue(runtimes.default_label()).runtime.java_home
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SPARK_HOME": str(home),
        "JAVA_HOME": str(java),
        "SPARK_LOCAL_IP": BARE_HOST,
        "SPARK_LOCAL_DIRS": str(folder),
    }
    program = [str(home / "bin" / "spark-class")]
    master = [*program, "org.apache.spark.deploy.master.Master", "--host", BARE_HOST]
    worker = [*program, "org.apache.spark.deploy.worker.Worker", "--host", BARE_HOST, "--memory", "2g", "--cores", "2"]
    began, started = time.perf_counter(), []
    try:
        with (folder / "log").open("wb") as log:
            for number, command in enumerate([master, *[worker] * WORKERS]):
                words = command if number == 0 else [*command, "--work-dir", str(folder), f"spark://{BARE_HOST}:7077"]
                started.append(subprocess.Popen(words, env=environment, stdout=log, stderr=log, cwd=folder))
        wait_until(lambda: _alive() == WORKERS, 120, every=0.02)
        yield environment, time.perf_counter() - began
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _alive() -> int:
    with suppress(OSError), urllib.request.urlopen(f"http://{BARE_HOST}:8080/json/", timeout=5) as answer:
        return int(json.load(answer)["aliveworkers"])
    return 0


def _submitted(environment: dict[str, str], script: Path) -> float:
    """The seconds of Spark's own spark-submit."""
    began = time.perf_counter()
    submit = [f"{environment['SPARK_HOME']}/bin/spark-submit", "--master", f"spark://{BARE_HOST}:7077"]
    conf = ["--conf", f"spark.driver.host={BARE_HOST}", "--conf", "spark.cores.max=2", *EXECUTORS]
    subprocess.run([*submit, *conf, str(script)], env=environment, check=True, capture_output=True, timeout=300)
    return time.perf_counter() - began
