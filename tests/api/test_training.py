"""Training jobs, through boto3 and the SageMaker SDK."""

import gzip
import io
import json
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.api.machine_learning import HYPERPARAMETERS, ROWS, SOON, allow, channel, lasting, limited_role, training_job
from tests.conftest import REGION, Server
from tests.waiting import hasty, until

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return hasty(client("sagemaker"))


@pytest.fixture(scope="module")
def data(client: Client, bucket: str) -> str:
    """The bucket, with rows to learn from."""
    client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    return bucket


@pytest.fixture(scope="module")
def start(sagemaker: Any, role: str, data: str) -> Callable[..., str]:
    """Start a job, with changes to its request: its name."""

    def start(name: str = "", **changes: Any) -> str:
        name = name or f"job-{uuid.uuid4().hex[:8]}"
        sagemaker.create_training_job(**training_job(name, role, data, **changes))
        return name

    return start


@pytest.fixture(scope="module")
def never_ending(client: Client, data: str) -> dict[str, Any]:
    """Changes to a job's request."""
    return lasting(client("s3"), data)


@pytest.fixture(scope="module")
def trained(sagemaker: Any, start: Callable[..., str]) -> dict[str, Any]:
    """A completed job, as it is described."""
    return ended(sagemaker, start("trained", Tags=[{"Key": "team", "Value": "air"}]))


def ended(sagemaker: Any, name: str) -> dict[str, Any]:
    over = ("Completed", "Failed", "Stopped")

    def described() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in over else None

    return until(described)


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_job_trains_a_model_and_leaves_it_in_s3(client: Client, trained: dict[str, Any]) -> None:
    assert trained["TrainingJobStatus"] == "Completed"
    bucket, _, key = trained["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    assert key == "output/trained/output/model.tar.gz"
    archive = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames()


def test_a_job_tells_how_it_went(trained: dict[str, Any]) -> None:
    transitions = trained["SecondaryStatusTransitions"]
    assert [t["Status"] for t in transitions] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [t["EndTime"] for t in transitions[:-1]] == [t["StartTime"] for t in transitions[1:]]
    assert trained["CreationTime"] <= trained["TrainingStartTime"] <= trained["TrainingEndTime"]
    assert trained["TrainingTimeInSeconds"] == trained["BillableTimeInSeconds"] >= 1
    metrics = {metric["MetricName"]: metric["Value"] for metric in trained["FinalMetricDataList"]}
    assert metrics["train:mse"] == pytest.approx(0, abs=1e-3)


def test_a_job_s_metrics_are_cloudwatch_s_too(client: Client, trained: dict[str, Any]) -> None:
    [final] = [metric for metric in trained["FinalMetricDataList"] if metric["MetricName"] == "train:mse"]
    points = client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="train:mse",
        Dimensions=[{"Name": "TrainingJobName", "Value": trained["TrainingJobName"]}],
        StartTime=trained["CreationTime"] - timedelta(minutes=1),
        EndTime=trained["TrainingEndTime"] + timedelta(minutes=1),
        Period=3600,
        Statistics=["Minimum"],
    )["Datapoints"]
    assert min(point["Minimum"] for point in points) == pytest.approx(final["Value"])


def test_what_was_asked_for_is_shown_again(trained: dict[str, Any], role: str, data: str) -> None:
    asked = training_job("trained", role, data)
    assert trained["HyperParameters"] == HYPERPARAMETERS
    for name in ("RoleArn", "ResourceConfig", "StoppingCondition"):
        assert trained[name] == asked[name]
    assert trained["OutputDataConfig"] == {**asked["OutputDataConfig"], "KmsKeyId": "", "CompressionType": "GZIP"}
    source = trained["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["S3Uri"] == f"s3://{data}/train/"


def test_a_metric_of_ones_own_is_picked_from_the_log(
    sagemaker: Any, start: Callable[..., str], trained: dict[str, Any]
) -> None:
    own = {"Name": "own:loss", "Regex": r"train objective_loss <loss>=(\S+)"}
    specification = {**trained["AlgorithmSpecification"], "MetricDefinitions": [{**own, "Regex": r"=([-+.e\d]+)"}]}
    specification.pop("EnableSageMakerMetricsTimeSeries")
    job = ended(sagemaker, start(AlgorithmSpecification=specification))
    assert "own:loss" in [metric["MetricName"] for metric in job["FinalMetricDataList"]]


def test_a_compressed_channel_is_read(client: Client, sagemaker: Any, start: Callable[..., str], data: str) -> None:
    client("s3").put_object(Bucket=data, Key="packed/rows.csv.gz", Body=gzip.compress(ROWS.encode()))
    job = ended(sagemaker, start(InputDataConfig=[channel(f"s3://{data}/packed/", CompressionType="Gzip")]))
    assert job["TrainingJobStatus"] == "Completed"


def test_data_that_cannot_be_read_fails_the_job_in_the_algorithm_s_words(
    client: Client, sagemaker: Any, start: Callable[..., str], data: str
) -> None:
    client("s3").put_object(Bucket=data, Key="words/rows.csv", Body=b"a,b,c\nd,e,f\n")
    name = start(InputDataConfig=[channel(f"s3://{data}/words/")])
    with pytest.raises(WaiterError, match="terminal failure"):
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=SOON)
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    assert job["FailureReason"].endswith(", exit code: 1")
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == job["FailureReason"]


def test_a_job_that_is_stopped_is_stopped(
    sagemaker: Any, start: Callable[..., str], never_ending: dict[str, Any]
) -> None:
    name = start(**never_ending)
    until(lambda: sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training")
    sagemaker.stop_training_job(TrainingJobName=name)
    assert sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = ended(sagemaker, name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName=name)


def test_a_job_that_is_stopped_at_once_is_stopped(
    sagemaker: Any, start: Callable[..., str], never_ending: dict[str, Any]
) -> None:
    name = start(**never_ending)
    sagemaker.stop_training_job(TrainingJobName=name)
    assert ended(sagemaker, name)["TrainingJobStatus"] == "Stopped"


def test_a_job_that_takes_too_long_is_stopped(
    sagemaker: Any, start: Callable[..., str], never_ending: dict[str, Any]
) -> None:
    name = start(**never_ending, StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = ended(sagemaker, name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_jobs_beyond_the_cores_wait_as_pending(
    sagemaker: Any, server: Server, start: Callable[..., str], never_ending: dict[str, Any]
) -> None:
    names = [start(**never_ending)]
    while sagemaker.describe_training_job(TrainingJobName=names[-1])["SecondaryStatus"] != "Pending":
        names.append(start(**never_ending))
    waiting = names[-1]
    sagemaker.stop_training_job(TrainingJobName=names[0])
    until(lambda: sagemaker.describe_training_job(TrainingJobName=waiting)["SecondaryStatus"] == "Training")
    for name in names[1:]:
        sagemaker.stop_training_job(TrainingJobName=name)
    assert {ended(sagemaker, name)["TrainingJobStatus"] for name in names} == {"Stopped"}
    until(lambda: not any(child["name"].startswith("training-") for child in server.health()["children"]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"HyperParameters": {**HYPERPARAMETERS, "predictor_type": "oracle"}}, "predictor_type"),
        ({"HyperParameters": {**HYPERPARAMETERS, "unheard_of": "1"}}, "unheard_of"),
        ({"InputDataConfig": [channel("s3://not-a-bucket-of-ours/train/")]}, "No S3 objects found"),
        ({"InputDataConfig": [channel("s3://{data}/nothing/")]}, "No S3 objects found"),
        ({"InputDataConfig": [channel("s3://{data}/train/", name="other")]}, "it needs train"),
        ({"InputDataConfig": [channel("s3://{data}/train/", ContentType="image/png")]}, "image/png"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://not-a-bucket-of-ours/out"}}, "not-a-bucket-of-ours"),
        (
            {"AlgorithmSpecification": {"TrainingImage": "example.com/own:1", "TrainingInputMode": "File"}},
            "example.com/own:1.*linear-learner",
        ),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "needs a TrainingImage"),
        ({"TrainingJobName": "under_score"}, "under_score"),
        ({"Tags": [{"Key": "aws:owner", "Value": "me"}]}, "aws:owner"),
        ({"Tags": [{"Key": "team", "Value": "air"}, {"Key": "team", "Value": "water"}]}, "Duplicate tag keys.*team"),
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "nobody"),
        ({"CheckpointConfig": {"S3Uri": "s3://not-a-bucket-of-ours/c"}}, "not-a-bucket-of-ours"),
    ],
)
def test_a_job_that_cannot_work_is_refused_when_it_is_made(
    sagemaker: Any, role: str, data: str, changes: dict[str, Any], words: str
) -> None:
    for given in changes.get("InputDataConfig", []):
        source = given["DataSource"]["S3DataSource"]
        source["S3Uri"] = source["S3Uri"].replace("{data}", data)
    with pytest.raises(ClientError, match=words) as error:
        sagemaker.create_training_job(**{**training_job("refused", role, data), **changes})
    assert refused(error) == "ValidationException"


def test_a_job_reads_and_writes_what_its_role_may_and_nothing_else(
    client: Client, sagemaker: Any, data: str, trained: dict[str, Any]
) -> None:
    s3, secret = client("s3"), f"secret-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=secret, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=secret, Key="train/rows.csv", Body=ROWS.encode())
    role = limited_role(
        client("iam"),
        allow("s3:ListBucket", data, secret),
        allow(["s3:GetObject", "s3:PutObject"], f"{data}/train/*", f"{data}/output/*"),
    )

    def run(source: str, output: str) -> dict[str, Any]:
        name = f"job-{uuid.uuid4().hex[:8]}"
        asked = training_job(name, role, data, OutputDataConfig={"S3OutputPath": f"s3://{output}"})
        asked["InputDataConfig"] = [channel(f"s3://{source}/train/")]
        sagemaker.create_training_job(**asked)
        return ended(sagemaker, name)

    assert run(data, f"{data}/output")["TrainingJobStatus"] == "Completed"
    read = run(secret, f"{data}/output")["FailureReason"]
    assert read.startswith(
        f"ClientError: Data download failed:Unable to download object s3://{secret}/train/rows.csv (Acc"
    )
    written = run(data, secret)["FailureReason"]
    assert written.startswith(f"ClientError: Artifact upload failed:s3://{secret}/")
    assert "/opt/ml/model is lost" in written
    assert "AccessDenied" in written


def test_a_role_that_sees_no_objects_is_told_so_in_sagemaker_s_words(client: Client, sagemaker: Any, data: str) -> None:
    role = limited_role(client("iam"), allow("s3:GetObject", f"{data}/*"))
    with pytest.raises(ClientError, match=f'that the role "{role}" has "s3:ListBucket" permissions on bucket "{data}"'):
        sagemaker.create_training_job(**training_job("blind", role, data))


def test_a_job_s_processes_hold_no_key_and_are_given_their_role_s_until_they_end(
    server: Server, client: Client, sagemaker: Any, data: str, start: Callable[..., str], never_ending: dict[str, Any]
) -> None:
    secret = f"secret-{uuid.uuid4().hex[:8]}"
    client("s3").create_bucket(Bucket=secret, CreateBucketConfiguration={"LocationConstraint": REGION})
    role = limited_role(
        client("iam"), allow("s3:ListBucket", data), allow(["s3:GetObject", "s3:PutObject"], f"{data}/*")
    )
    name = start(RoleArn=role, **never_ending)
    until(lambda: sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training")
    (runner,) = [child["pid"] for child in server.health()["children"] if name in child["name"]]
    processes = until(lambda: started_by(runner, "linear_learner"))
    store = json.loads((server.data / "object-store/identities.json").read_text())["identities"]
    secrets = [*server.key(), *(key[part] for identity in store for key in identity["credentials"] for part in key)]
    for process in processes:
        held = [*process.cmdline(), *process.environ().values()]
        assert not [secret for secret in secrets if any(secret in value for value in held)]
        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & process.environ().keys()
    folder = next((server.data / "ml/jobs").glob("*/algo-1/ml")).parents[1]
    files = [file for file in folder.rglob("*") if file.is_file() and "input/data" not in str(file)]
    token = processes[0].environ()["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert not [file for file in files for secret in [*secrets, token] if secret in file.read_text(errors="replace")]
    address = processes[0].environ()["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    given = credentials(address, token)
    as_role = server.client(
        "s3",
        endpoint_url=server.s3_endpoint,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["Token"],
    )
    assert as_role.list_objects_v2(Bucket=data)["KeyCount"]
    with pytest.raises(ClientError, match="AccessDenied"):
        as_role.list_objects_v2(Bucket=secret)

    sagemaker.stop_training_job(TrainingJobName=name)
    ended(sagemaker, name)
    until(lambda: not folder.exists())
    with pytest.raises(urllib.error.HTTPError):
        credentials(address, token)


def test_an_environment_changes_nothing_of_a_built_in_algorithm(
    client: Client, sagemaker: Any, start: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('another program')")
    name = start(Environment={"PYTHONPATH": str(tmp_path), "LD_PRELOAD": "/nowhere.so", "AWS_REGION": "eu-west-3"})
    assert ended(sagemaker, name)["TrainingJobStatus"] == "Completed"
    group = "/aws/sagemaker/TrainingJobs"
    [stream] = client("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    events = client("logs").get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
    )["events"]
    assert [event["message"].split()[2] for event in events[:2]] == ["LD_PRELOAD", "PYTHONPATH"]
    assert "not passed on" in events[0]["message"]
    assert not [event for event in events if "ld.so" in event["message"]]


def started_by(runner: int, program: str) -> list[psutil.Process] | None:
    """The runner and all it has started, once the program is among them."""
    processes = [psutil.Process(runner), *psutil.Process(runner).children(recursive=True)]
    return processes if any(program in " ".join(process.cmdline()[1:4]) for process in processes[1:]) else None


def credentials(address: str, token: str) -> dict[str, str]:
    """What an SDK is given there."""
    asked = urllib.request.Request(address, headers={"Authorization": token})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        given: dict[str, str] = json.load(answer)
        return given


def test_a_name_can_be_taken_once(start: Callable[..., str], trained: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="must be unique") as error:
        start(trained["TrainingJobName"])
    assert refused(error) == "ResourceInUse"


def test_a_job_that_is_not_there_is_not_found_in_sagemaker_s_words(sagemaker: Any) -> None:
    for ask in (sagemaker.describe_training_job, sagemaker.stop_training_job):
        with pytest.raises(ClientError, match=r"Requested resource not found\.") as error:
            ask(TrainingJobName="unheard-of")
        assert refused(error) == "ValidationException"


def test_lists_are_filtered_sorted_and_paged(sagemaker: Any, start: Callable[..., str]) -> None:
    names = [f"listed-{letter}" for letter in "bca"]
    for name in names:
        start(name)
    for name in names:
        ended(sagemaker, name)
    asked: dict[str, Any] = {"NameContains": "listed-", "StatusEquals": "Completed"}

    def listed(**order: str) -> list[str]:
        pages = sagemaker.get_paginator("list_training_jobs").paginate(
            **asked, **order, PaginationConfig={"PageSize": 2}
        )
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    assert listed() == names
    assert listed(SortOrder="Descending") == names[::-1]
    assert listed(SortBy="Name") == sorted(names)
    assert listed(SortBy="Status", SortOrder="Descending") == sorted(names)[::-1]
    second = sagemaker.describe_training_job(TrainingJobName=names[1])["CreationTime"]
    asked["CreationTimeAfter"] = second
    assert listed() in ([names[2]], names[1:])  # the answer's times have milliseconds, the service's have more
    asked["StatusEquals"] = "Failed"
    assert listed() == []


def test_tags_of_a_job_can_be_changed(sagemaker: Any, trained: dict[str, Any]) -> None:
    arn = trained["TrainingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "water"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["stage"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "water"}]
    with pytest.raises(ClientError, match="cannot be found"):
        sagemaker.list_tags(ResourceArn=arn + "-gone")


def test_a_job_that_has_ended_can_be_deleted(sagemaker: Any, start: Callable[..., str]) -> None:
    name = start()
    ended(sagemaker, name)
    sagemaker.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError, match="not found"):
        sagemaker.describe_training_job(TrainingJobName=name)


def test_the_sagemaker_sdk_trains_serves_transforms_and_registers(server: Server, role: str, bucket: str) -> None:
    script = Path(__file__).with_name("sdk_linear_learner.py")
    run = subprocess.run(
        [sys.executable, str(script), role, bucket],
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "Training - Training image download completed. Training in progress." in run.stdout
    assert "#quality_metric" in run.stdout
    assert "Training seconds:" in run.stdout
    assert "worst error below 0.01: True" in run.stdout
    assert "attached: 1 True True" in run.stdout
    assert "doubles" in run.stdout
    assert "processed: 4" in run.stdout
    assert "told Amazon: []" in run.stdout
    assert "[sagemaker logs]: MaxConcurrentTransforms=" in run.stdout
    assert "transformed: 10 True" in run.stdout
    assert "registered: model-package/sdk-planes/1" in run.stdout
    assert "served from the registry: 5" in run.stdout
