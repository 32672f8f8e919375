"""EMR Serverless: StartJobRun until the run is RUNNING, and until it is over, against spark-submit of the same file."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.row import Quantity, Row, at_most, at_most_times
from bench.rows.sessions import java_home
from studiolo.patience import HEADER

ROUNDS = 3
JOB = """
from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().range(1000).selectExpr("id % 7 k").groupBy("k").count().count())
"""
OVER = ("SUCCESS", "FAILED", "CANCELLED")


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    emr, bucket = server.client("emr-serverless"), server.bucket()
    # What is on its way is to be seen.
    emr.meta.events.register("before-send", lambda request, **_: request.headers.update({HEADER: "none"}))
    server.client("s3").put_object(Bucket=bucket, Key="job.py", Body=JOB.encode())
    application = emr.create_application(releaseLabel="emr-7.13.0", type="SPARK")["applicationId"]
    asked = {
        "applicationId": application,
        "executionRoleArn": server.role(),
        "jobDriver": {"sparkSubmit": {"entryPoint": f"s3://{bucket}/job.py"}},
    }
    file = bench.folder / "job.py"
    file.write_text(JOB)
    running, whole, bare = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        server.settle()
        one, other = _run(emr, asked)
        running.append(one)
        whole.append(other)
        server.settle()
        bare.append(submitted(file))
    yield at_most("StartJobRun until RUNNING", Quantity(0.5, "s"), Quantity(statistics.median(running), "s"))
    yield at_most_times(
        "a job run, against bare spark-submit",
        1.0,
        Quantity(statistics.median(whole), "s"),
        Quantity(statistics.median(bare), "s"),
    )


def submitted(file: Path) -> float:
    """The seconds of Spark's own spark-submit of a file."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "pyspark.find_spark_home"]
    home = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    submit = [f"{home}/bin/spark-submit", "--master", "local[2]", str(file)]
    environment = {"PATH": "/usr/bin:/bin", "PYSPARK_PYTHON": sys.executable, **java_home()}
    subprocess.run(submit, env=environment, capture_output=True, check=True)
    return time.perf_counter() - began


def _run(emr: Any, asked: dict[str, Any]) -> tuple[float, float]:
    """Seconds until a run is RUNNING, and until it is over."""
    began = time.perf_counter()
    ids = {"applicationId": asked["applicationId"], "jobRunId": emr.start_job_run(**asked)["jobRunId"]}
    running = None
    while True:
        job = emr.get_job_run(**ids)["jobRun"]
        if running is None and job["state"] in ("RUNNING", *OVER):
            running = time.perf_counter() - began
        if job["state"] in OVER:
            break
        time.sleep(0.01)
    if job["state"] != "SUCCESS":
        raise RuntimeError(f"the job run is {job['state']}: {job['stateDetails']}")
    assert running is not None
    return running, time.perf_counter() - began
