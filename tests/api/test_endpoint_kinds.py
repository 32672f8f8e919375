"""Endpoints that are more than instances of one model: serverless, multi-model, several containers, through boto3."""

import base64
import json
import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api.machine_learning import LINEAR_LEARNER
from tests.conftest import Server
from tests.receiving import Receiver
from tests.waiting import kill_family, until

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def runtime(client: Client) -> Any:
    return client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))


class Made:
    """Makes what is to be served, and serves it."""

    def __init__(self, sagemaker: Any, role: str) -> None:
        self.sagemaker = sagemaker
        self._role = role

    def model(self, **what: Any) -> str:
        name = f"model-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self._role, **what)
        return name

    def config(self, *variants: dict[str, Any], **more: Any) -> str:
        name = f"config-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **more)
        return name

    def endpoint(self, *variants: dict[str, Any], **more: Any) -> str:
        name = f"endpoint-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config(*variants, **more))
        described = self.settled(name)
        assert described["EndpointStatus"] == "InService", described
        return name

    def settled(self, name: str) -> dict[str, Any]:
        def described() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return found if found["EndpointStatus"] in ("InService", "Failed") else None

        return until(described)


@pytest.fixture(scope="module")
def made(sagemaker: Any, role: str) -> Made:
    return Made(sagemaker, role)


@pytest.fixture(scope="module")
def model(made: Made, plane: str) -> str:
    return made.model(PrimaryContainer={"Image": LINEAR_LEARNER, "ModelDataUrl": plane})


def of_instances(model: str, name: str = "a", count: int = 1) -> dict[str, Any]:
    wanted = {"VariantName": name, "ModelName": model, "InitialInstanceCount": count}
    return {**wanted, "InstanceType": "ml.t2.medium"}


def score(runtime: Any, endpoint: str, **more: str) -> float:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"2,1", **more)
    return float(json.load(answer["Body"])["predictions"][0]["score"])


def processes(server: Server, endpoint: str) -> dict[str, int]:
    """Those of an endpoint, by their names."""
    return {child["name"]: int(child["pid"]) for child in server.health()["children"] if endpoint in child["name"]}


def test_a_serverless_endpoint_starts_its_process_for_a_call_and_bounds_the_calls(
    runtime: Any, made: Made, server: Server, model: str
) -> None:
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    name = made.endpoint({"VariantName": "a", "ModelName": model, "ServerlessConfig": config})
    assert score(runtime, name) == pytest.approx(5, abs=1e-3)
    [pid] = processes(server, name).values()
    kill_family(pid)
    until(lambda: not processes(server, name))
    described = made.sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"] == config

    def called(_: int) -> str:
        try:
            return str(score(runtime, name) > 4)
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(called, range(4))) == {"True", "ThrottlingException"}
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_a_multi_model_endpoint_loads_the_model_that_a_call_names(
    client: Client, runtime: Any, made: Made, server: Server, bucket: str, plane: str
) -> None:
    s3, source = client("s3"), plane.removeprefix("s3://")
    for number in range(18):
        s3.copy_object(Bucket=bucket, Key=f"many/m{number}.tar.gz", CopySource=source)
    container = {"Image": LINEAR_LEARNER, "ModelDataUrl": f"s3://{bucket}/many/", "Mode": "MultiModel"}
    name = made.endpoint(of_instances(made.model(PrimaryContainer=container)))
    assert not processes(server, name)
    for number in range(18):
        assert score(runtime, name, TargetModel=f"m{number}.tar.gz") == pytest.approx(5, abs=1e-3)
    assert 0 < len(processes(server, name)) <= 16
    with pytest.raises(runtime.exceptions.ValidationError, match="Could not find model data at .*many/none.tar.gz"):
        score(runtime, name, TargetModel="none.tar.gz")
    with pytest.raises(runtime.exceptions.ValidationError, match="Target model must be provided"):
        score(runtime, name)
    made.sagemaker.delete_endpoint(EndpointName=name)
    until(lambda: not processes(server, name))


def test_a_call_goes_to_the_container_that_it_names(runtime: Any, made: Made, server: Server, plane: str) -> None:
    containers = [
        {"Image": LINEAR_LEARNER, "ModelDataUrl": plane, "ContainerHostname": hostname} for hostname in ("one", "two")
    ]
    direct = made.model(Containers=containers, InferenceExecutionConfig={"Mode": "Direct"})
    name = made.endpoint(of_instances(direct))
    assert len(processes(server, name)) == 2
    assert score(runtime, name, TargetContainerHostname="two") == pytest.approx(5, abs=1e-3)
    with pytest.raises(runtime.exceptions.ValidationError, match="TargetContainerHostname must be provided"):
        score(runtime, name)
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_an_asynchronous_call_leaves_its_answer_or_its_failure_in_s3_and_tells_a_topic(
    client: Client, runtime: Any, made: Made, bucket: str, model: str
) -> None:
    s3, sns, receiver = client("s3"), client("sns"), Receiver()
    topic = sns.create_topic(Name=f"results-{uuid.uuid4().hex[:8]}")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url, Attributes=raw)
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(receiver.next()[1])["Token"])
    output = {
        "S3OutputPath": f"s3://{bucket}/out",
        "S3FailurePath": f"s3://{bucket}/failed",
        "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
    }
    asynchronous = {"OutputConfig": output, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2}}
    name = made.endpoint(of_instances(model), AsyncInferenceConfig=asynchronous)
    assert made.sagemaker.describe_endpoint(EndpointName=name)["AsyncInferenceConfig"] == asynchronous

    def begun(body: bytes) -> dict[str, Any]:
        s3.put_object(Bucket=bucket, Key="in/row.csv", Body=body)
        answer = runtime.invoke_endpoint_async(
            EndpointName=name, InputLocation=f"s3://{bucket}/in/row.csv", ContentType="text/csv"
        )
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
        return dict(answer)

    def content(uri: str) -> bytes | None:
        try:
            return bytes(s3.get_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"))["Body"].read())
        except ClientError:
            return None

    answered = begun(b"2,1")
    found = until(lambda: content(answered["OutputLocation"]))
    assert json.loads(found)["predictions"][0]["score"] == pytest.approx(5, abs=1e-3)
    told = json.loads(receiver.next()[1])
    assert (told["invocationStatus"], told["inferenceId"]) == ("Completed", answered["InferenceId"])
    assert told["responseParameters"]["outputLocation"] == answered["OutputLocation"]
    failed = begun(b"one,two")
    assert b"Received client error (400) from model" in until(lambda: content(failed["FailureLocation"]))
    assert content(failed["OutputLocation"]) is None
    told = json.loads(receiver.next()[1])
    assert (told["invocationStatus"], told["requestParameters"]["endpointName"]) == ("Failed", name)
    assert "Received client error (400)" in told["failureReason"]
    receiver.close()
    with pytest.raises(runtime.exceptions.ValidationError, match="InvokeEndpointAsync"):
        score(runtime, name)
    made.sagemaker.delete_endpoint(EndpointName=name)


def canary(seconds: int, **more: Any) -> dict[str, Any]:
    half = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": seconds, "CanarySize": half}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}, **more}


class Load:
    """Calls that come one after the other, from several threads; the variants that have answered."""

    def __init__(self, runtime: Any, endpoint: str) -> None:
        self.answers: list[str] = []
        self._over = threading.Event()
        self._call = lambda: runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"2,1")
        self._pool = ThreadPoolExecutor(2)

    def _work(self) -> None:
        while not self._over.is_set():
            self.answers.append(self._call()["InvokedProductionVariant"])

    def __enter__(self) -> "Load":
        self._workers = [self._pool.submit(self._work) for _ in range(2)]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for worker in self._workers:
            worker.result()


def test_a_canary_gets_its_share_of_the_calls_before_it_takes_over(runtime: Any, made: Made, model: str) -> None:
    name = made.endpoint(of_instances(model, "old"))
    config = made.config(of_instances(model, "new"))
    with Load(runtime, name) as load:
        made.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, DeploymentConfig=canary(2))
        until(lambda: "new" in load.answers)
        after = made.settled(name)
    first = load.answers.index("new")
    assert "old" in load.answers[first:]
    assert (after["EndpointConfigName"], after["LastDeploymentConfig"]) == (config, canary(2))
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_an_alarm_rolls_an_update_back(client: Client, runtime: Any, made: Made, model: str) -> None:
    alarm, cloudwatch = f"alarm-{uuid.uuid4().hex[:8]}", client("cloudwatch")
    watched = {"Namespace": "Mine", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        **watched,
    )
    name = made.endpoint(of_instances(model, "old"))
    rolled = canary(60, AutoRollbackConfiguration={"Alarms": [{"AlarmName": alarm}]})
    with Load(runtime, name) as load:
        config = made.config(of_instances(model, "new"))
        made.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, DeploymentConfig=rolled)
        until(lambda: "new" in load.answers)
        pending = made.sagemaker.describe_endpoint(EndpointName=name)["PendingDeploymentSummary"]
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="for the test")
        after = made.settled(name)
    assert pending["EndpointConfigName"] == config
    assert pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "ActivatingTraffic"
    assert (after["EndpointStatus"], after["EndpointConfigName"] == config) == ("InService", False)
    assert f"the alarm {alarm} is in the state ALARM" in after["FailureReason"]
    assert "PendingDeploymentSummary" not in after
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_a_rolling_update_replaces_instances_batch_by_batch_though_a_new_one_is_killed(
    server: Server, runtime: Any, made: Made, model: str
) -> None:
    name = made.endpoint(of_instances(model, "a", 2))
    before = set(processes(server, name))
    batch = {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 1}
    with Load(runtime, name) as load:
        config = made.config(of_instances(model, "a", 1))
        made.sagemaker.update_endpoint(
            EndpointName=name,
            EndpointConfigName=config,
            DeploymentConfig={"RollingUpdatePolicy": batch},
            RetainAllVariantProperties=True,
        )
        kill_family(until(lambda: [pid for each, pid in processes(server, name).items() if each not in before])[0])
        after = made.settled(name)
        seen = len(load.answers)
        until(lambda: len(load.answers) > seen + 5)
    assert after["EndpointConfigName"] == config
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_an_answer_is_streamed(runtime: Any, made: Made, model: str) -> None:
    name = made.endpoint(of_instances(model))
    asked = {"EndpointName": name, "ContentType": "text/csv"}
    answer = runtime.invoke_endpoint_with_response_stream(**asked, Body=b"2,1")
    content = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    assert json.loads(content)["predictions"][0]["score"] == pytest.approx(5, abs=1e-3)
    assert answer["InvokedProductionVariant"] == "a"
    with pytest.raises(runtime.exceptions.ModelError, match="numbers"):
        runtime.invoke_endpoint_with_response_stream(**asked, Body=b"one,two")
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_a_shadow_gets_copies_of_the_calls_and_answers_none(
    client: Client, runtime: Any, made: Made, model: str
) -> None:
    name = made.endpoint(of_instances(model, "a"), ShadowProductionVariants=[of_instances(model, "shadow")])
    described = made.sagemaker.describe_endpoint(EndpointName=name)
    assert described["ShadowProductionVariants"][0]["CurrentInstanceCount"] == 1
    answers = [
        runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"2,1")["InvokedProductionVariant"]
        for _ in range(3)
    ]
    assert answers == ["a"] * 3
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "shadow"}]
    present = datetime.now(timezone.utc)
    asked = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "Dimensions": dimensions, "Period": 3600}
    times = {"StartTime": present - timedelta(hours=2), "EndTime": present + timedelta(hours=2)}

    def copies() -> bool:
        found = client("cloudwatch").get_metric_statistics(**asked, **times, Statistics=["Sum"])["Datapoints"]
        return sum(point["Sum"] for point in found) == 3

    until(copies)
    made.sagemaker.delete_endpoint(EndpointName=name)


def test_calls_are_captured_in_s3_in_the_documented_layout(
    client: Client, runtime: Any, made: Made, bucket: str, model: str
) -> None:
    s3 = client("s3")
    asked = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    name = made.endpoint(of_instances(model), DataCaptureConfig=asked)
    assert made.sagemaker.describe_endpoint(EndpointName=name)["DataCaptureConfig"]["CaptureStatus"] == "Started"
    score(runtime, name, InferenceId="mine", CustomAttributes="from=test")
    [found] = until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"captured/{name}/a/").get("Contents"))
    assert re.fullmatch(rf"captured/{name}/a/\d{{4}}/\d\d/\d\d/\d\d/[-\w]+\.jsonl", found["Key"])
    line = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    sides = line["captureData"]
    assert sides["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "2,1",
        "encoding": "CSV",
    }
    assert sides["endpointOutput"]["encoding"] == "BASE64"
    assert json.loads(base64.b64decode(sides["endpointOutput"]["data"]))["predictions"]
    told = line["eventMetadata"]
    assert (told["inferenceId"], told["customAttributes"]) == ("mine", ["from=test"])
    made.sagemaker.delete_endpoint(EndpointName=name)
