"""Models and endpoints, through boto3."""

import io
import json
import tarfile
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.api.machine_learning import LINEAR_LEARNER, SOON, allow, limited_role, variant
from tests.conftest import Server
from tests.waiting import until

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def runtime(client: Client) -> Any:
    return client("sagemaker-runtime")


@pytest.fixture(scope="module")
def model(sagemaker: Any, role: str, plane: str) -> str:
    """A model of 3a - 2b + 1, trained."""
    return create_model(sagemaker, role, plane)


@pytest.fixture(scope="module")
def broken_model(client: Client, sagemaker: Any, role: str, bucket: str) -> str:
    """A model whose archive holds nothing that the algorithm knows."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("nothing-of-use"))
    client("s3").put_object(Bucket=bucket, Key="broken/model.tar.gz", Body=content.getvalue())
    return create_model(sagemaker, role, f"s3://{bucket}/broken/model.tar.gz")


@pytest.fixture(scope="module")
def endpoint(sagemaker: Any, model: str) -> str:
    """An endpoint in service."""
    return serve(sagemaker, variant("plane", model))


def create_model(sagemaker: Any, role: str, artifact: str) -> str:
    name = f"model-{uuid.uuid4().hex[:8]}"
    container = {"Image": LINEAR_LEARNER, "ModelDataUrl": artifact}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    return name


def configure(sagemaker: Any, *variants: dict[str, Any]) -> str:
    name = f"config-{uuid.uuid4().hex[:8]}"
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants))
    return name


def serve(sagemaker: Any, *variants: dict[str, Any]) -> str:
    name = f"endpoint-{uuid.uuid4().hex[:8]}"
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configure(sagemaker, *variants))
    settled(sagemaker, name)
    return name


def settled(sagemaker: Any, name: str) -> dict[str, Any]:
    """The endpoint, as soon as it is on its way to nothing else."""

    def described() -> dict[str, Any] | None:
        endpoint: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
        return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

    return until(described)


def score(runtime: Any, endpoint: str, **more: str) -> float:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"2,1", **more)
    return float(json.load(answer["Body"])["predictions"][0]["score"])


def test_an_endpoint_answers_with_its_model(runtime: Any, endpoint: str) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Accept="application/json", Body=b"2,1\n0,0"
    )
    assert [p["score"] for p in json.load(answer["Body"])["predictions"]] == pytest.approx([5, 1], abs=1e-3)
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "plane"


def test_an_endpoint_is_described_as_it_is(sagemaker: Any, endpoint: str) -> None:
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointArn"].endswith(f":endpoint/{endpoint}")
    (shown,) = described["ProductionVariants"]
    assert (shown["VariantName"], shown["CurrentWeight"], shown["CurrentInstanceCount"]) == ("plane", 1.0, 1)
    assert shown["DeployedImages"][0]["SpecifiedImage"] == LINEAR_LEARNER


def test_what_a_model_refuses_is_told_in_its_own_words(runtime: Any, endpoint: str) -> None:
    with pytest.raises(runtime.exceptions.ModelError) as error:
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"one,two")
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 400
    assert "numbers" in answer["OriginalMessage"]
    assert f"/aws/sagemaker/Endpoints/{endpoint}" in answer["LogStreamArn"]


def test_a_call_to_an_endpoint_that_is_not_there_is_refused(runtime: Any) -> None:
    with pytest.raises(runtime.exceptions.ValidationError, match=r"Endpoint nowhere of account \d{12} not found\."):
        runtime.invoke_endpoint(EndpointName="nowhere", Body=b"1")


def test_a_body_beyond_the_limit_is_refused(runtime: Any, endpoint: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationError, match="6291456"):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=bytes(7 * 1024 * 1024))


def test_variants_share_the_calls_by_weight(sagemaker: Any, runtime: Any, model: str) -> None:
    name = serve(sagemaker, variant("a", model, 1.0), variant("b", model, 0.0))

    def invoked(**more: str) -> str:
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"2,1", **more)
        return str(answer["InvokedProductionVariant"])

    assert Counter(invoked() for _ in range(10)) == {"a": 10}
    assert invoked(TargetVariant="b") == "b"
    with pytest.raises(runtime.exceptions.ValidationError, match="Variant c"):
        invoked(TargetVariant="c")
    weights = [{"VariantName": "a", "DesiredWeight": 0.0}, {"VariantName": "b", "DesiredWeight": 2.0}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=weights)
    assert Counter(invoked() for _ in range(10)) == {"b": 10}
    sagemaker.delete_endpoint(EndpointName=name)


def test_no_call_is_lost_while_an_endpoint_is_updated(sagemaker: Any, runtime: Any, model: str) -> None:
    name = serve(sagemaker, variant("old", model))
    answers, over = [], threading.Event()

    def call() -> None:
        while not over.is_set():
            answers.append(score(runtime, name))

    caller = threading.Thread(target=call)
    caller.start()
    try:
        config = configure(sagemaker, variant("new", model))
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        updated = settled(sagemaker, name)
        seen = len(answers)
        until(lambda: len(answers) > seen + 5)
    finally:
        over.set()
        caller.join()
    assert updated["EndpointConfigName"] == config
    assert [shown["VariantName"] for shown in updated["ProductionVariants"]] == ["new"]
    assert set(answers) == {answers[0]}
    sagemaker.delete_endpoint(EndpointName=name)


def test_instances_are_processes_that_come_and_go_without_a_lost_call(
    sagemaker: Any, runtime: Any, server: Server, model: str
) -> None:
    name = serve(sagemaker, {**variant("a", model), "InitialInstanceCount": 2})
    answers, over = [], threading.Event()

    def call() -> None:
        while not over.is_set():
            answers.append(score(runtime, name))

    def scaled(count: int) -> dict[str, Any]:
        wanted = [{"VariantName": "a", "DesiredInstanceCount": count}]
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
        (shown,) = settled(sagemaker, name)["ProductionVariants"]
        assert (shown["CurrentInstanceCount"], shown["DesiredInstanceCount"]) == (count, count)
        return until(lambda: len(processes := serving(server, name)) == count and {"pids": processes})

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    try:
        (shown,) = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        assert (shown["CurrentInstanceCount"], len(before := serving(server, name))) == (2, 2)
        assert before < scaled(3)["pids"]
        assert scaled(1)["pids"] < before
        with pytest.raises(ClientError, match="at least 1 instance"):
            scaled(0)
        with pytest.raises(ClientError, match="at most 64 instances") as error:
            scaled(65)
        assert error.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    finally:
        over.set()
        for caller in callers:
            caller.join()
    assert set(answers) == {answers[0]}
    sagemaker.delete_endpoint(EndpointName=name)


def serving(server: Server, endpoint: str) -> set[int]:
    """The processes of an endpoint."""
    return {int(child["pid"]) for child in server.health()["children"] if endpoint in child["name"]}


def test_calls_are_counted_and_measured(client: Client, sagemaker: Any, runtime: Any, model: str) -> None:
    name = serve(sagemaker, {**variant("a", model), "InitialInstanceCount": 2})
    began = datetime.now(timezone.utc) - timedelta(minutes=2)
    for _ in range(3):
        score(runtime, name)
    with pytest.raises(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"one,two")
    sagemaker.delete_endpoint(EndpointName=name)
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "a"}]

    def query(metric: str, stat: str) -> dict[str, Any]:
        wanted = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
        return {"Id": f"{metric}{stat}".lower(), "MetricStat": {"Metric": wanted, "Period": 3600, "Stat": stat}}

    asked = [
        query(metric, stat)
        for metric, stat in (
            ("Invocations", "Sum"),
            ("InvocationsPerInstance", "Sum"),
            ("Invocation4XXErrors", "Sum"),
            ("Invocation5XXErrors", "Sum"),
            ("InvocationModelErrors", "Sum"),
            ("ModelLatency", "Minimum"),
            ("OverheadLatency", "Maximum"),
        )
    ]
    end = datetime.now(timezone.utc) + timedelta(minutes=1)
    found = client("cloudwatch").get_metric_data(MetricDataQueries=asked, StartTime=began, EndTime=end)
    values = {each["Id"]: sum(each["Values"]) for each in found["MetricDataResults"]}
    assert [values[f"{query}sum"] for query in ("invocations", "invocationsperinstance")] == [4.0, 2.0]
    errors = [values[f"invocation{kind}errorssum"] for kind in ("4xx", "5xx", "model")]
    assert errors == [1.0, 0.0, 1.0]
    assert 10 < values["modellatencyminimum"] < 60e6
    assert 10 < values["overheadlatencymaximum"] < 60e6


def test_a_serverless_variant_is_shown_without_instances(sagemaker: Any, model: str) -> None:
    def asked(memory: int) -> dict[str, Any]:
        return {
            "VariantName": "plane",
            "ModelName": model,
            "ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": 5},
        }

    with pytest.raises(ClientError, match="Invalid MemorySizeInMB 1500 for production variant plane") as error:
        configure(sagemaker, asked(1500))
    assert error.value.response["Error"]["Code"] == "ValidationException"
    described = sagemaker.describe_endpoint_config(EndpointConfigName=configure(sagemaker, asked(2048)))
    assert described["ProductionVariants"] == [{**asked(2048), "InitialVariantWeight": 1.0}]


def test_an_update_that_fails_leaves_what_was_served(
    sagemaker: Any, runtime: Any, model: str, broken_model: str
) -> None:
    name = serve(sagemaker, variant("good", model))
    config = configure(sagemaker, variant("bad", broken_model))
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    after = settled(sagemaker, name)
    assert after["EndpointStatus"] == "InService"
    assert "bad did not pass the ping health check" in after["FailureReason"]
    assert after["EndpointConfigName"] != config
    assert score(runtime, name) == pytest.approx(5, abs=1e-3)
    sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_whose_model_cannot_be_loaded_fails_with_the_reason(
    sagemaker: Any, runtime: Any, broken_model: str
) -> None:
    name = serve(sagemaker, variant("bad", broken_model))
    with pytest.raises(WaiterError, match="terminal failure"):
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
    reason = sagemaker.describe_endpoint(EndpointName=name)["FailureReason"]
    assert "did not pass the ping health check" in reason
    assert "It last said:" in reason
    with pytest.raises(runtime.exceptions.ValidationError, match="not found"):
        score(runtime, name)
    sagemaker.delete_endpoint(EndpointName=name)


def test_a_deleted_endpoint_is_gone_with_its_processes(
    sagemaker: Any, runtime: Any, server: Server, model: str
) -> None:
    name = serve(sagemaker, variant("short-lived", model))
    assert any(name in child["name"] for child in server.health()["children"])
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=SOON)
    assert not any(name in child["name"] for child in server.health()["children"])
    assert not any(name in " ".join(process.cmdline()) for process in server.children())
    with pytest.raises(runtime.exceptions.ValidationError):
        score(runtime, name)


def test_only_the_server_may_call_an_endpoint_s_process(server: Server, endpoint: str) -> None:
    [child] = [child for child in server.health()["children"] if endpoint in child["name"]]
    processes = [psutil.Process(child["pid"]), *psutil.Process(child["pid"]).children(recursive=True)]
    assert not [connection for process in processes for connection in process.net_connections("inet")]
    sockets = {Path(c.laddr) for process in processes for c in process.net_connections("unix") if c.laddr}
    [socket] = [path for path in sockets if path.is_absolute()]
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & processes[-1].environ().keys()


def test_a_model_that_its_role_may_not_read_is_told_of_in_sagemaker_s_words(
    client: Client, sagemaker: Any, bucket: str, model: str
) -> None:
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    given = {"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]}
    role = limited_role(client("iam"), allow("s3:ListBucket", bucket))
    words = f'Could not access model data at {given["ModelDataUrl"]}. Please ensure that the role "{role}" exists'
    with pytest.raises(ClientError, match=words):
        sagemaker.create_model(ModelName="unreadable", PrimaryContainer=given, ExecutionRoleArn=role)


def test_an_endpoint_whose_role_lost_its_right_to_the_model_fails_with_the_reason(
    client: Client, sagemaker: Any, bucket: str, model: str
) -> None:
    artifact = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    role = limited_role(client("iam"), allow("s3:GetObject", f"{bucket}/*"))
    losing = create_model(sagemaker, role, artifact)
    client("iam").delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="limits")
    name = serve(sagemaker, variant("all", losing))
    assert '"s3:GetObject" permissions' in sagemaker.describe_endpoint(EndpointName=name)["FailureReason"]
    sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_outlives_its_model_and_configuration(sagemaker: Any, runtime: Any, role: str, model: str) -> None:
    artifact = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    passing = create_model(sagemaker, role, artifact)
    name = serve(sagemaker, variant("kept", passing))
    sagemaker.delete_endpoint_config(
        EndpointConfigName=sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    )
    sagemaker.delete_model(ModelName=passing)
    assert score(runtime, name) == pytest.approx(5, abs=1e-3)
    sagemaker.delete_endpoint(EndpointName=name)


def test_things_that_are_not_there_are_not_found_in_sagemaker_s_words(sagemaker: Any) -> None:
    for ask, words in (
        (lambda: sagemaker.describe_model(ModelName="gone"), 'Could not find model "arn:aws:sagemaker:'),
        (lambda: sagemaker.delete_model(ModelName="gone"), 'Could not find model "arn:aws:sagemaker:'),
        (
            lambda: sagemaker.describe_endpoint_config(EndpointConfigName="gone"),
            'Could not find endpoint configuration "arn:aws:sagemaker:',
        ),
        (lambda: sagemaker.describe_endpoint(EndpointName="gone"), 'Could not find endpoint "arn:aws:sagemaker:'),
        (
            lambda: sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="gone"),
            'Could not find endpoint configuration "arn:aws:sagemaker:',
        ),
        (lambda: configure(sagemaker, variant("a", "gone")), 'Could not find model "arn:aws:sagemaker:'),
    ):
        with pytest.raises(ClientError, match=words) as error:
            ask()
        assert error.value.response["Error"]["Code"] == "ValidationException"


def test_names_can_be_taken_once(sagemaker: Any, model: str, endpoint: str, role: str) -> None:
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    config = described["EndpointConfigName"]
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    for again in (
        lambda: sagemaker.create_model(
            ModelName=model,
            PrimaryContainer={"Image": container["Image"], "ModelDataUrl": container["ModelDataUrl"]},
            ExecutionRoleArn=role,
        ),
        lambda: sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant("a", model)]),
        lambda: sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config),
    ):
        with pytest.raises(ClientError, match="Cannot create already existing"):
            again()


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"Image": "example.com/own:1", "ModelDataUrl": "s3://{bucket}/broken/model.tar.gz"}, "example.com/own:1"),
        ({"Image": LINEAR_LEARNER, "ModelDataUrl": "s3://{bucket}/nothing.tar.gz"}, "Could not find model data"),
        ({"Image": LINEAR_LEARNER}, "ModelDataUrl"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused(
    sagemaker: Any, role: str, bucket: str, container: dict[str, str], words: str
) -> None:
    given = {name: value.replace("{bucket}", bucket) for name, value in container.items()}
    with pytest.raises(ClientError, match=words):
        sagemaker.create_model(ModelName="refused", PrimaryContainer=given, ExecutionRoleArn=role)


def test_a_model_is_served_from_the_objects_of_a_prefix_as_they_are(
    client: Client, sagemaker: Any, runtime: Any, role: str, bucket: str, model: str
) -> None:
    s3 = client("s3")
    artifact = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    archive = s3.get_object(Bucket=bucket, Key=artifact.split("/", 3)[3])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            if (file := members.extractfile(member)) is not None:
                s3.put_object(Bucket=bucket, Key=f"loose/{member.name}", Body=file.read())
    source = {"S3Uri": f"s3://{bucket}/loose/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"Image": LINEAR_LEARNER, "ModelDataSource": {"S3DataSource": source}}
    sagemaker.create_model(ModelName="loose", ExecutionRoleArn=role, PrimaryContainer=container)
    shown = sagemaker.describe_model(ModelName="loose")["PrimaryContainer"]
    assert (shown["ModelDataSource"]["S3DataSource"], shown.get("ModelDataUrl")) == (source, None)
    name = serve(sagemaker, variant("all", "loose"))
    assert score(runtime, name) == pytest.approx(5, abs=1e-3)
    sagemaker.delete_endpoint(EndpointName=name)


def test_a_variant_with_a_model_has_no_managed_scaling_of_instances(sagemaker: Any, model: str) -> None:
    scaled = {**variant("a", model), "ManagedInstanceScaling": {"Status": "ENABLED"}}
    with pytest.raises(ClientError, match="ManagedInstanceScaling is for variants without a ModelName"):
        sagemaker.create_endpoint_config(EndpointConfigName="refused", ProductionVariants=[scaled])


def test_models_configurations_and_endpoints_are_listed(sagemaker: Any, model: str, endpoint: str) -> None:
    assert sagemaker.list_models(NameContains=model)["Models"][0]["ModelName"] == model
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    configs = sagemaker.list_endpoint_configs(NameContains=config, SortBy="Name")["EndpointConfigs"]
    assert [found["EndpointConfigName"] for found in configs] == [config]
    endpoints = sagemaker.list_endpoints(NameContains=endpoint, StatusEquals="InService")["Endpoints"]
    assert [(found["EndpointName"], found["EndpointStatus"]) for found in endpoints] == [(endpoint, "InService")]
