"""EMR Serverless: applications, job runs and sessions."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from tests.browsing import opened_by
from tests.conftest import Server
from tests.waiting import hasty, until

OVER = ("SUCCESS", "FAILED", "CANCELLED")

SCRIPT = """
import os, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(sys.argv[1], os.environ["STAGE"], spark.conf.get("spark.sql.shuffle.partitions"), spark.range(7).count())
if sys.argv[1] == "fail":
    raise ValueError("no such air")
"""

PROGRAM = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
print(spark.range(4).selectExpr("sum(id)").collect()[0][0], spark.conf.get("spark.app.startTime"))
"""


@pytest.fixture(scope="module")
def emr(client: Callable[..., Any]) -> Any:
    """A client whose answers are not held: what is on its way is seen."""
    return hasty(client("emr-serverless"))


@pytest.fixture(scope="module")
def application(emr: Any) -> str:
    defaults = {"classification": "spark-defaults", "properties": {"spark.sql.shuffle.partitions": "3"}}
    made: str = emr.create_application(
        name="jobs",
        releaseLabel="emr-7.13.0",
        type="SPARK",
        interactiveConfiguration={"sessionEnabled": True},
        runtimeConfiguration=[defaults],
    )["applicationId"]
    return made


@pytest.fixture(scope="module")
def script(client: Callable[..., Any], bucket: str) -> str:
    client("s3").put_object(Bucket=bucket, Key="job.py", Body=SCRIPT.encode())
    return f"s3://{bucket}/job.py"


def run(emr: Any, application: str, role: str, driver: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A job run that is over."""
    started = emr.start_job_run(applicationId=application, executionRoleArn=role, jobDriver=driver, **more)
    ids = {"applicationId": application, "jobRunId": started["jobRunId"]}
    until(lambda: emr.get_job_run(**ids)["jobRun"]["state"] in OVER, seconds=240)
    found: dict[str, Any] = emr.get_job_run(**ids)["jobRun"]
    return found


def submit(script: str, *arguments: str) -> dict[str, Any]:
    parameters = "--conf spark.executor.instances=1 --conf spark.emr-serverless.driverEnv.STAGE=test"
    return {
        "sparkSubmit": {
            "entryPoint": script,
            "entryPointArguments": [*arguments],
            "sparkSubmitParameters": parameters,
        }
    }


def test_a_job_runs_as_it_was_asked_and_its_logs_are_kept(
    emr: Any, client: Callable[..., Any], application: str, role: str, script: str, bucket: str
) -> None:
    monitoring = {
        "s3MonitoringConfiguration": {"logUri": f"s3://{bucket}/logs/"},
        "cloudWatchLoggingConfiguration": {"enabled": True},
    }
    overrides = {"monitoringConfiguration": monitoring}
    job = run(emr, application, role, submit(script, "a b"), configurationOverrides=overrides)
    assert job["state"] == "SUCCESS", job["stateDetails"]
    # Two workers of four virtual CPUs, a minute at least.
    seconds = max(60, job["totalExecutionDurationSeconds"])
    assert job["billedResourceUtilization"]["vCPUHour"] == round(8 * seconds / 3600, 3)
    path = f"applications/{application}/jobs/{job['jobRunId']}/SPARK_DRIVER"
    printed = client("s3").get_object(Bucket=bucket, Key=f"logs/{path}/stdout.gz")["Body"].read()
    assert gzip.decompress(printed).decode() == "a b test 3 7\n"
    stream = {"logGroupName": "/aws/emr-serverless", "logStreamName": f"{path}/stdout"}
    assert [event["message"] for event in client("logs").get_log_events(**stream)["events"]] == ["a b test 3 7"]


def test_a_job_that_fails_says_why_and_is_tried_again(emr: Any, application: str, role: str, script: str) -> None:
    job = run(emr, application, role, submit(script, "fail"), retryPolicy={"maxAttempts": 2})
    assert (job["state"], job["attempt"]) == ("FAILED", 2)
    assert "ValueError: no such air" in job["stateDetails"]
    ids = {"applicationId": application, "jobRunId": job["jobRunId"]}
    first = emr.list_job_run_attempts(**ids, maxResults=1)
    (second,) = emr.list_job_run_attempts(**ids, nextToken=first["nextToken"])["jobRunAttempts"]
    tries = [*first["jobRunAttempts"], second]
    assert [(each["attempt"], each["state"]) for each in tries] == [(1, "FAILED"), (2, "FAILED")]
    assert tries[0]["createdAt"] < tries[1]["createdAt"]
    one = emr.get_job_run(**ids, attempt=1)["jobRun"]
    assert (one["attempt"], one["state"]) == (1, "FAILED")
    assert one["endedAt"] < job["startedAt"]
    _, page = opened_by(emr.get_dashboard_for_job_run(**ids, attempt=1)["url"])
    assert "/history/local-" in page.text, page.words
    with pytest.raises(botocore.exceptions.ClientError, match="Attempt 3"):
        emr.get_dashboard_for_job_run(**ids, attempt=3)


def test_a_job_that_waits_is_canceled_before_it_runs(emr: Any, role: str, script: str) -> None:
    application = emr.create_application(
        releaseLabel="emr-7.13.0", type="SPARK", maximumCapacity={"cpu": "8vCPU", "memory": "40GB"}
    )["applicationId"]
    ids = {"applicationId": application}
    first, ids["jobRunId"] = (
        emr.start_job_run(executionRoleArn=role, jobDriver=submit(script, "x"), **ids)["jobRunId"] for _ in range(2)
    )
    until(lambda: emr.get_job_run(**ids)["jobRun"]["state"] == "QUEUED")
    assert "8vCPU" in emr.get_job_run(**ids)["jobRun"]["stateDetails"]
    with pytest.raises(botocore.exceptions.ClientError, match="active"):
        emr.stop_application(applicationId=application)
    emr.cancel_job_run(**ids)
    assert emr.get_job_run(**ids)["jobRun"]["state"] == "CANCELLED"
    emr.cancel_job_run(applicationId=application, jobRunId=first)
    until(lambda: emr.get_job_run(applicationId=application, jobRunId=first)["jobRun"]["state"] == "CANCELLED")
    emr.stop_application(applicationId=application)
    until(lambda: emr.get_application(applicationId=application)["application"]["state"] == "STOPPED")
    emr.delete_application(applicationId=application)


def test_a_job_that_its_application_never_has_room_for_fails_at_once(emr: Any, role: str, script: str) -> None:
    application = emr.create_application(
        releaseLabel="emr-7.13.0", type="SPARK", maximumCapacity={"cpu": "2 vCPU", "memory": "10 GB"}
    )["applicationId"]
    job = run(emr, application, role, submit(script, "x"))
    assert job["state"] == "FAILED"
    assert "application has exceeded maximumCapacity settings: 2 vCPU and 10 GB" in job["stateDetails"]


def test_a_driver_of_the_initial_capacity_is_there_before_the_job_and_goes_with_the_application(
    emr: Any, client: Callable[..., Any], server: Server, role: str, bucket: str
) -> None:
    client("s3").put_object(
        Bucket=bucket, Key="who.py", Body=b"import os; raise ValueError(os.readlink('/proc/self/cwd'))"
    )
    capacity = {"DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "2vCPU", "memory": "4GB"}}}
    application = emr.create_application(releaseLabel="emr-7.13.0", type="SPARK", initialCapacity=capacity)[
        "applicationId"
    ]
    emr.start_application(applicationId=application)

    def state() -> str:
        found: str = emr.get_application(applicationId=application)["application"]["state"]
        return found

    def kept() -> list[str]:
        ready = [each.cwd() for each in server.children() if "studiolo.Ready" in each.cmdline()]
        return [folder for folder in ready if not Path(folder).parent.joinpath("claim.json").exists()]

    until(lambda: state() == "STARTED", seconds=120)
    (first,) = kept()
    job = run(emr, application, role, {"sparkSubmit": {"entryPoint": f"s3://{bucket}/who.py"}})
    assert first in job["stateDetails"]
    until(lambda: len(kept()) == 1)
    emr.stop_application(applicationId=application)
    until(lambda: state() == "STOPPED" and not kept())


def test_a_client_of_spark_connect_has_a_session_of_the_initial_capacity_until_it_is_terminated(
    emr: Any, role: str
) -> None:
    capacity = {"DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "2vCPU", "memory": "4GB"}}}
    asked = {"initialCapacity": capacity, "interactiveConfiguration": {"sessionEnabled": True}}
    application = emr.create_application(releaseLabel="emr-7.13.0", type="SPARK", **asked)["applicationId"]
    emr.start_application(applicationId=application)
    state = lambda: emr.get_application(applicationId=application)["application"]["state"]  # noqa: E731
    until(lambda: state() == "STARTED", seconds=180)
    ids = {
        "applicationId": application,
        "sessionId": emr.start_session(applicationId=application, executionRoleArn=role)["sessionId"],
    }
    until(lambda: emr.get_session(**ids)["session"]["state"] == "IDLE")
    found = emr.get_session_endpoint(**ids)
    address = f"{found['endpoint']}/;authorization=Bearer%20{found['authToken']}"
    answer = subprocess.run([sys.executable, "-c", PROGRAM, address], capture_output=True, text=True, timeout=120)
    total, began = answer.stdout.split()
    assert total == "6", answer.stderr
    # Spark was there before anybody asked for the session.
    assert int(began) < emr.get_session(**ids)["session"]["createdAt"].timestamp() * 1000
    emr.terminate_session(**ids)
    until(lambda: emr.get_session(**ids)["session"]["state"] == "TERMINATED")
    emr.stop_application(applicationId=application)
    until(lambda: state() == "STOPPED")


def test_a_role_that_emr_serverless_may_not_assume_is_refused(
    emr: Any, client: Callable[..., Any], application: str, script: str
) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "x.y"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = client("iam").create_role(RoleName="not-for-emr", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    with pytest.raises(emr.exceptions.ValidationException, match=r"emr-serverless\.amazonaws\.com"):
        emr.start_job_run(applicationId=application, executionRoleArn=role, jobDriver=submit(script, "x"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"releaseLabel": "emr-1.0.0"}, "emr-1.0.0"),
        ({"type": "FLINK"}, "FLINK"),
        (
            {"initialCapacity": {"DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "x", "memory": "1GB"}}}},
            "x",
        ),
    ],
)
def test_an_application_that_cannot_be_is_refused(emr: Any, change: dict[str, Any], word: str) -> None:
    with pytest.raises(emr.exceptions.ValidationException, match=word):
        emr.create_application(**{"releaseLabel": "emr-7.13.0", "type": "SPARK", **change})


def test_the_same_client_token_makes_one_application(emr: Any) -> None:
    asked = {"releaseLabel": "emr-7.13.0", "type": "SPARK", "clientToken": "once", "tags": {"team": "air"}}
    one, two = (emr.create_application(**asked) for _ in range(2))
    assert one["applicationId"] == two["applicationId"]
    assert emr.list_tags_for_resource(resourceArn=one["arn"])["tags"] == {"team": "air"}
    with pytest.raises(emr.exceptions.ClientError, match="token"):
        emr.create_application(**{**asked, "type": "HIVE"})
