"""Images of a person's own that a container engine runs, where one is there and the setting allows it."""

import io
import os
import signal
import tarfile
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import engines
from tests.api.machine_learning import ROWS, training_job, variant
from tests.conftest import Server, create_role
from tests.waiting import until

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def engine() -> str:
    program = engines.engine()
    if program is None:
        pytest.skip("no Docker, nor Podman, that runs containers is here")
    return program


@pytest.fixture(scope="module")
def house(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"STUDIOLO_WARM_SESSIONS": "0", "STUDIOLO_DOCKER": engine}
    server = Server(tmp_path_factory.mktemp("engine"), settings=settings).up()
    s3 = server.client("s3", config=Config(retries={"total_max_attempts": 10}))
    s3.create_bucket(Bucket="rows", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_object(Bucket="rows", Key="train/rows.csv", Body=f"{ROWS}\n".encode())
    yield server
    server.down()
    assert not engines.containers(engine)


@pytest.fixture(scope="module")
def role(house: Server) -> str:
    return create_role(house)


def start(house: Server, role: str, hyperparameters: dict[str, str], **changes: Any) -> str:
    name = f"own-{uuid.uuid4().hex[:8]}"
    specification = {"TrainingImage": engines.IMAGE, "TrainingInputMode": "File", **changes.pop("specification", {})}
    request = training_job(name, role, "rows", **changes)
    request.update(AlgorithmSpecification=specification, HyperParameters=hyperparameters)
    house.client("sagemaker").create_training_job(**request)
    return name


def described(house: Server, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = house.client("sagemaker").describe_training_job(TrainingJobName=name)
    return answer


def ended(house: Server, name: str) -> dict[str, Any]:
    until(lambda: described(house, name)["TrainingJobStatus"] not in ("InProgress", "Stopping"), 120)
    return described(house, name)


def log(house: Server, name: str) -> str:
    logs = house.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    events = [logs.get_log_events(logGroupName=group, logStreamName=each["logStreamName"]) for each in streams]
    return "\n".join(event["message"] for each in events for event in each["events"])


def model_of(house: Server, job: dict[str, Any]) -> str:
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    body = house.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        member = tar.extractfile("model")
        assert member is not None
        return member.read().decode()


@pytest.fixture(scope="module")
def trained(house: Server, role: str) -> dict[str, Any]:
    metrics = [{"Name": "rmse", "Regex": "rmse=(.*?);"}]
    return ended(house, start(house, role, {"bucket": "rows"}, specification={"MetricDefinitions": metrics}))


def test_an_image_trains_on_its_channel_as_its_role_alone(house: Server, role: str, trained: dict[str, Any]) -> None:
    assert trained["TrainingJobStatus"] == "Completed", trained.get("FailureReason")
    assert model_of(house, trained) == str(ROWS.count("\n") + 1)
    assert trained["FinalMetricDataList"][0]["Value"] == 0.25
    said = log(house, trained["TrainingJobName"])
    assert "arguments [] region eu-central-1" in said
    assert f"assumed-role/{role.rpartition('/')[2]}/SageMaker" in said
    assert house.client("s3").get_object(Bucket="rows", Key="from-the-container")["Body"].read() == b"hello"


def test_a_failure_is_told_in_the_container_s_words(house: Server, role: str) -> None:
    failed = ended(house, start(house, role, {"fail": "no such column"}))
    assert failed["FailureReason"] == "AlgorithmError: no such column, exit code: 3"


def test_an_entry_point_with_its_arguments_takes_the_image_s_place(house: Server, role: str) -> None:
    code = "import sys, os; print('own', sys.argv[1:], os.environ['GREETING']); sys.exit(5)"
    entry = {"ContainerEntrypoint": ["python3", "-c", code], "ContainerArguments": ["--rate", "a b"]}
    name = start(house, role, {}, specification=entry, Environment={"GREETING": "two\nlines"})
    assert ended(house, name)["FailureReason"].endswith("exit code: 5")
    assert "own ['--rate', 'a b'] two\nlines" in log(house, name)


def test_an_image_that_is_nowhere_is_the_client_s_error(house: Server, role: str) -> None:
    job = ended(house, start(house, role, {}, specification={"TrainingImage": "localhost:1/nobody/nothing:9"}))
    assert job["FailureReason"].startswith(
        "ClientError: Cannot pull the container image 'localhost:1/nobody/nothing:9'"
    )


def test_a_stop_lets_the_container_save_what_it_has(house: Server, role: str, engine: str) -> None:
    name = start(house, role, {"last": "saving"})
    until(lambda: "lasting" in log(house, name))
    house.client("sagemaker").stop_training_job(TrainingJobName=name)
    stopped = ended(house, name)
    assert stopped["TrainingJobStatus"] == "Stopped"
    assert model_of(house, stopped) == "stopped"
    assert not engines.containers(engine)


def test_a_container_goes_on_over_the_server_s_end_and_is_ended_with_what_runs_it(
    house: Server, role: str, engine: str
) -> None:
    name = start(house, role, {"last": "deaf"})
    until(lambda: "lasting" in log(house, name))
    running = engines.containers(engine)
    house.kill()
    house.up()
    assert described(house, name)["TrainingJobStatus"] == "InProgress"
    assert engines.containers(engine) == running
    [runner] = [each for each in house.children() if "studiolo.containers.runner" in each.cmdline()]
    os.kill(runner.pid, signal.SIGKILL)
    assert "ended unexpectedly" in ended(house, name)["FailureReason"]
    until(lambda: not engines.containers(engine))


def test_down_ends_a_container_that_heeds_nothing(house: Server, role: str, engine: str) -> None:
    name = start(house, role, {"last": "deaf"})
    until(lambda: "lasting" in log(house, name))
    house.down()
    until(lambda: not engines.containers(engine))
    house.up()
    assert ended(house, name)["TrainingJobStatus"] in ("Stopped", "Failed")


def test_an_image_is_served_at_its_port_and_transforms(house: Server, role: str, trained: dict[str, Any]) -> None:
    sagemaker = house.client("sagemaker")
    model = {"Image": engines.IMAGE, "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"]}
    sagemaker.create_model(ModelName="own", PrimaryContainer=model, ExecutionRoleArn=role)
    both = [{**variant(name, "own"), "InitialVariantWeight": 1} for name in ("a", "b")]
    sagemaker.create_endpoint_config(EndpointConfigName="own", ProductionVariants=both)
    sagemaker.create_endpoint(EndpointName="own", EndpointConfigName="own")
    until(lambda: sagemaker.describe_endpoint(EndpointName="own")["EndpointStatus"] != "Creating", 120)
    assert sagemaker.describe_endpoint(EndpointName="own")["EndpointStatus"] == "InService"
    runtime = house.client("sagemaker-runtime")
    rows = str(ROWS.count("\n") + 1).encode()
    for name in ("a", "b"):
        answer = runtime.invoke_endpoint(EndpointName="own", Body=b"what", TargetVariant=name)["Body"].read()
        assert answer == b"what by " + rows + b" with keys 200"
    sagemaker.delete_endpoint(EndpointName="own")
    sagemaker.create_transform_job(
        TransformJobName="own",
        ModelName="own",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://rows/from-the"}}},
        TransformOutput={"S3OutputPath": "s3://rows/transformed"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    until(lambda: sagemaker.describe_transform_job(TransformJobName="own")["TransformJobStatus"] != "InProgress", 120)
    done = house.client("s3").get_object(Bucket="rows", Key="transformed/from-the-container.out")["Body"].read()
    assert done.startswith(b"hello by ")


def test_an_image_processes_what_a_script_is_given(house: Server, role: str) -> None:
    sagemaker = house.client("sagemaker")
    code = "open('/opt/ml/processing/out/sum', 'w').write(str(len(open('/opt/ml/processing/in/rows.csv').readlines())))"
    given = {"S3Uri": "s3://rows/train/", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix"}
    taken = {"S3Uri": "s3://rows/processed", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    sagemaker.create_processing_job(
        ProcessingJobName="own",
        RoleArn=role,
        AppSpecification={"ImageUri": engines.IMAGE, "ContainerEntrypoint": ["python3", "-c", code]},
        ProcessingInputs=[{"InputName": "in", "S3Input": {**given, "S3InputMode": "File"}}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": taken}]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )
    until(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="own")["ProcessingJobStatus"] != "InProgress", 120
    )
    job = sagemaker.describe_processing_job(ProcessingJobName="own")
    assert job["ProcessingJobStatus"] == "Completed", job
    done = house.client("s3").get_object(Bucket="rows", Key="processed/sum")["Body"].read()
    assert done == str(ROWS.count("\n") + 1).encode()


def test_what_is_an_image_of_aws_s_is_still_refused_by_name(house: Server, role: str) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/mxnet-training:1.9.0-cpu-py38"
    with pytest.raises(ClientError, match="mxnet-training"):
        start(house, role, {}, specification={"TrainingImage": image})
