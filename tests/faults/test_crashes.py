"""What is left after a `kill -9` at a bad moment."""

import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.config
import botocore.exceptions
import psutil
import pytest

from tests.api.machine_learning import lasting, training_job
from tests.conftest import Server, create_role, trust_policy
from tests.waiting import hasty, lives, until


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests of this file, each of which leaves it up."""
    server = Server(tmp_path_factory.mktemp("crashing"), settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    yield server
    server.down()


@pytest.fixture(scope="module")
def crashing_role(crashing: Server) -> str:
    return create_role(crashing)


@pytest.fixture(scope="module")
def session(crashing: Server, crashing_role: str) -> str:
    """A Spark session that is ready."""
    glue = crashing.client("glue")
    glue.create_session(Id="survivor", Role=crashing_role, Command={"Name": "glueetl", "PythonVersion": "3"})
    until(lambda: glue.get_session(Id="survivor")["Session"]["Status"] != "PROVISIONING")
    assert glue.get_session(Id="survivor")["Session"]["Status"] == "READY"
    return "survivor"


def finished(glue: Any, session: str, statement: int) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = glue.get_statement(SessionId=session, Id=statement)["Statement"]
        return found if found["State"] in ("AVAILABLE", "ERROR", "CANCELLED") else None

    return until(over)


def killed(server: Server, name: Callable[[str], bool]) -> int:
    """`kill -9` the server's child of that name; its pid."""
    (child,) = [child for child in server.health()["children"] if child["alive"] and name(child["name"])]
    process = psutil.Process(child["pid"])
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs([process], timeout=10)
    return int(child["pid"])


def test_a_statement_that_runs_while_the_server_is_dead_is_there_at_the_next_up(crashing: Server, session: str) -> None:
    glue = crashing.client("glue")
    first = glue.run_statement(SessionId=session, Code="kept = spark.range(1000).count()")["Id"]
    assert finished(glue, session, first)["State"] == "AVAILABLE"
    (signal_file,) = (kernel.parent / "work" / "go" for kernel in crashing.data.glob("sessions/*/connection.json"))
    waiting = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.02)\nprint('went on')"
    running = glue.run_statement(SessionId=session, Code=waiting)["Id"]
    queued = glue.run_statement(SessionId=session, Code="print(kept + spark.range(5).count())")["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=running)["Statement"]["State"] == "RUNNING")
    crashing.kill()
    signal_file.touch()
    crashing.up()
    assert "went on" in finished(glue, session, running)["Output"]["Data"]["TextPlain"]
    assert "1005" in finished(glue, session, queued)["Output"]["Data"]["TextPlain"]


def test_a_training_job_that_runs_while_the_server_is_dead_ends_with_its_model(
    crashing: Server, crashing_role: str
) -> None:
    s3, sagemaker = crashing.client("s3"), hasty(crashing.client("sagemaker"))
    s3.create_bucket(Bucket="faults")
    short = lasting(s3, "faults", models=8)
    sagemaker.create_training_job(**training_job("survivor", crashing_role, "faults", **short))
    until(lambda: sagemaker.describe_training_job(TrainingJobName="survivor")["SecondaryStatus"] == "Training")
    crashing.kill()
    until(lambda: not any("studiolo.ml.training.runner" in process.cmdline() for process in crashing.children()))
    crashing.up()
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="survivor", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    job = sagemaker.describe_training_job(TrainingJobName="survivor")
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert job["TrainingJobStatus"] == "Completed"
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_a_batch_transform_that_runs_while_the_server_is_dead_answers_every_row(
    crashing: Server, crashing_role: str
) -> None:
    s3, sagemaker = crashing.client("s3"), hasty(crashing.client("sagemaker"))
    trained = sagemaker.describe_training_job(TrainingJobName="survivor")
    container = {
        "Image": trained["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"],
    }
    sagemaker.create_model(ModelName="applied", PrimaryContainer=container, ExecutionRoleArn=crashing_role)
    s3.put_object(Bucket="faults", Key="rows/rows.csv", Body=b"1,2,3,4,5,6,7,8\n" * 2000)
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://faults/rows/"}
    sagemaker.create_transform_job(
        TransformJobName="survivor",
        ModelName="applied",
        BatchStrategy="SingleRecord",
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": "s3://faults/applied", "Accept": "text/csv", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    until(lambda: "TransformStartTime" in sagemaker.describe_transform_job(TransformJobName="survivor"))
    crashing.kill()
    crashing.up()
    sagemaker.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName="survivor", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    answered = s3.get_object(Bucket="faults", Key="applied/rows.csv.out")["Body"].read()
    assert len(answered.splitlines()) == 2000


def test_a_killed_training_job_fails_with_the_reason_and_its_algorithm_ends(
    crashing: Server, crashing_role: str
) -> None:
    sagemaker = hasty(crashing.client("sagemaker"))
    endless = lasting(crashing.client("s3"), "faults")
    sagemaker.create_training_job(**training_job("victim", crashing_role, "faults", **endless))
    until(lambda: sagemaker.describe_training_job(TrainingJobName="victim")["SecondaryStatus"] == "Training")
    (runner,) = [child["pid"] for child in crashing.health()["children"] if "victim" in child["name"]]
    started = until(lambda: psutil.Process(runner).children(recursive=True))
    killed(crashing, lambda name: "victim" in name)
    until(lambda: not any(lives(process) for process in started), 10)
    until(lambda: sagemaker.describe_training_job(TrainingJobName="victim")["TrainingJobStatus"] == "Failed")
    assert "InternalServerError" in sagemaker.describe_training_job(TrainingJobName="victim")["FailureReason"]


def test_a_killed_serving_process_comes_back(crashing: Server, crashing_role: str) -> None:
    sagemaker, runtime = crashing.client("sagemaker"), crashing.client("sagemaker-runtime")
    job = sagemaker.describe_training_job(TrainingJobName="survivor")
    image = job["AlgorithmSpecification"]["TrainingImage"]
    container = {"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    sagemaker.create_model(ModelName="survivor", PrimaryContainer=container, ExecutionRoleArn=crashing_role)
    variant = {"VariantName": "all", "ModelName": "survivor", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    sagemaker.create_endpoint_config(EndpointConfigName="survivor", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="survivor", EndpointConfigName="survivor")
    until(lambda: sagemaker.describe_endpoint(EndpointName="survivor")["EndpointStatus"] == "InService")

    def answer() -> bytes | None:
        try:
            body: bytes = runtime.invoke_endpoint(
                EndpointName="survivor", ContentType="text/csv", Body=b"1,1,1,1,1,1,1,1"
            )["Body"].read()
        except botocore.exceptions.ClientError:
            return None
        return body

    before = until(answer)
    gone = killed(crashing, lambda name: "endpoint" in name and "survivor" in name)
    assert until(answer) == before
    assert not psutil.pid_exists(gone)

    # A restart of the server loses no call: those that come wait, and one try more is for those that were under way.
    config = botocore.config.Config(retries={"total_max_attempts": 2})
    twice, back = crashing.client("sagemaker-runtime", config=config), threading.Event()

    def call() -> None:
        while not back.is_set():
            said = twice.invoke_endpoint(EndpointName="survivor", ContentType="text/csv", Body=b"1,1,1,1,1,1,1,1")
            # An answer that was half sent when the server was killed is not asked for again by boto3.
            with suppress(botocore.exceptions.ResponseStreamingError):
                assert said["Body"].read() == before

    with ThreadPoolExecutor(4) as pool:
        try:
            calls = [pool.submit(call) for _ in range(4)]
            crashing.kill()
            crashing.up()
        finally:
            back.set()
        for made in calls:
            made.result()
    assert answer() == before


def test_a_killed_object_store_comes_back_with_what_was_in_it(crashing: Server) -> None:
    s3 = crashing.client("s3")
    s3.put_object(Bucket="faults", Key="kept", Body=b"kept")
    killed(crashing, lambda name: name == "object-store")

    def kept() -> bytes | None:
        try:
            body: bytes = s3.get_object(Bucket="faults", Key="kept")["Body"].read()
        except botocore.exceptions.ClientError:
            return None
        return body

    assert until(kept) == b"kept"


def test_a_killed_kernel_fails_its_session_with_the_reason(crashing: Server, session: str) -> None:
    glue = crashing.client("glue")
    running = glue.run_statement(SessionId=session, Code="import time; time.sleep(600)")["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=running)["Statement"]["State"] == "RUNNING")
    killed(crashing, lambda name: name.startswith("session"))
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "FAILED")
    assert "kernel" in glue.get_session(Id=session)["Session"]["ErrorMessage"]
    assert finished(glue, session, running)["State"] == "ERROR"


def test_a_full_disk_refuses_writes_in_a_sentence_and_takes_nothing_down(crashing: Server) -> None:
    iam = crashing.client("iam")
    server = psutil.Process(crashing.pid)
    unlimited = server.rlimit(resource.RLIMIT_FSIZE)
    # A file-size limit of one byte is what a full disk is to a writer, and needs no disk to be filled.
    server.rlimit(resource.RLIMIT_FSIZE, (1, unlimited[1]))
    with pytest.raises(botocore.exceptions.ClientError, match="state cannot be written") as refused:
        iam.create_role(RoleName="too-much", AssumeRolePolicyDocument=trust_policy())
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    server.rlimit(resource.RLIMIT_FSIZE, unlimited)
    assert iam.list_roles()["Roles"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="too-much")


def test_down_after_a_crash_ends_what_the_dead_server_left(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    server.kill()
    assert server.children() != []
    server.down()
    assert server.children() == []
