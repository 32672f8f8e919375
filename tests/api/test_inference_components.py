"""Inference components: models that share the instances of an endpoint, through boto3 and the SDK."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api import stacks
from tests.api.machine_learning import LINEAR_LEARNER
from tests.conftest import Server
from tests.waiting import kill_family, until

Client = Callable[..., Any]
COPIES = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"}
ENDPOINT = "shared"


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def runtime(client: Client) -> Any:
    return client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(scope="module")
def endpoint(sagemaker: Any, role: str, plane: str) -> Iterator[str]:
    """Of one or two instances, each of 2 cores and 8 GiB."""
    sagemaker.create_model(
        ModelName=ENDPOINT,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": LINEAR_LEARNER, "ModelDataUrl": plane},
    )
    scaling = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}
    room = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=ENDPOINT,
        ExecutionRoleArn=role,
        ProductionVariants=[{**room, "ManagedInstanceScaling": scaling}],
    )
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
    until(lambda: sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService")
    yield ENDPOINT
    sagemaker.delete_endpoint(EndpointName=ENDPOINT)


@pytest.fixture(autouse=True)
def none_left(sagemaker: Any, endpoint: str) -> Iterator[None]:
    """A test that failed leaves the room of its components to the next."""
    yield
    for left in sagemaker.list_inference_components(EndpointNameEquals=endpoint)["InferenceComponents"]:
        drop(sagemaker, left["InferenceComponentName"])


def specification(cores: float = 1.0, **more: Any) -> dict[str, Any]:
    needs = {"NumberOfCpuCoresRequired": cores, "MinMemoryRequiredInMb": 512}
    return {"ComputeResourceRequirements": needs, "ModelName": ENDPOINT, **more}


def create(sagemaker: Any, name: str, copies: int = 1, **more: Any) -> None:
    sagemaker.create_inference_component(
        InferenceComponentName=name,
        EndpointName=ENDPOINT,
        VariantName="AllTraffic",
        RuntimeConfig={"CopyCount": copies},
        Specification=specification(**more),
    )


def settled(sagemaker: Any, name: str) -> dict[str, Any]:
    def described() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_inference_component(InferenceComponentName=name)
        return found if found["InferenceComponentStatus"] in ("InService", "Failed") else None

    return until(described)


def drop(sagemaker: Any, name: str) -> None:
    sagemaker.delete_inference_component(InferenceComponentName=name)

    def gone() -> bool:
        listed = sagemaker.list_inference_components(EndpointNameEquals=ENDPOINT, NameContains=name)
        return not listed["InferenceComponents"]

    until(gone)


def score(runtime: Any, name: str) -> float:
    answer = runtime.invoke_endpoint(
        EndpointName=ENDPOINT, ContentType="text/csv", Body=b"2,1", InferenceComponentName=name
    )
    return float(json.load(answer["Body"])["predictions"][0]["score"])


def processes(server: Server, name: str) -> list[int]:
    """Those of a component's copies."""
    return [int(child["pid"]) for child in server.health()["children"] if f"-{name}-" in child["name"]]


def instances(sagemaker: Any) -> int:
    [variant] = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"]
    return int(variant["CurrentInstanceCount"])


def test_copies_come_and_go_die_and_come_back_on_the_instances_that_they_need(
    sagemaker: Any, runtime: Any, server: Server, endpoint: str, client: Client
) -> None:
    with pytest.raises(runtime.exceptions.ValidationError, match="Inference Component Name header is required"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"2,1")
    create(sagemaker, "one")
    described = settled(sagemaker, "one")
    assert described["InferenceComponentStatus"] == "InService", described
    assert described["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    assert described["Specification"] == specification()
    assert score(runtime, "one") == pytest.approx(5, abs=1e-3)
    assert instances(sagemaker) == 1

    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="one", DesiredRuntimeConfig={"CopyCount": 3}
    )
    assert settled(sagemaker, "one")["RuntimeConfig"]["CurrentCopyCount"] == 3
    assert instances(sagemaker) == 2
    pids = processes(server, "one")
    assert len(pids) == 3
    kill_family(pids[0])
    until(lambda: pids[0] not in processes(server, "one"))
    assert score(runtime, "one") == pytest.approx(5, abs=1e-3)
    until(lambda: len(processes(server, "one")) == 3)
    assert settled(sagemaker, "one")["RuntimeConfig"]["CurrentCopyCount"] == 3

    before, batch = set(processes(server, "one")), {"Type": "COPY_COUNT", "Value": 1}
    rolling = {"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": 0}}
    sagemaker.update_inference_component(
        InferenceComponentName="one", Specification={"ModelName": ENDPOINT}, DeploymentConfig=rolling
    )
    until(lambda: 0 < len(before & set(processes(server, "one"))) < len(before))
    assert score(runtime, "one") == pytest.approx(5, abs=1e-3)
    rolled = settled(sagemaker, "one")
    assert rolled["LastDeploymentConfig"] == rolling
    assert rolled["RuntimeConfig"]["CurrentCopyCount"] == 3

    with pytest.raises(ClientError, match="There is no capacity for 2 copies of two, each of 1 cores and 512 MiB"):
        create(sagemaker, "two", copies=2)
    with pytest.raises(ClientError, match=r"A copy of two needs 3 cores .* an instance ml.m5.large has 2 cores"):
        create(sagemaker, "two", cores=3)
    with pytest.raises(ClientError, match="has the inference component one: delete that first"):
        sagemaker.delete_endpoint(EndpointName=endpoint)
    with pytest.raises(ClientError, match="need 2 of them, not 1 instances"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}],
        )

    sagemaker.update_inference_component(InferenceComponentName="one", RuntimeConfig={"CopyCount": 0})
    assert settled(sagemaker, "one")["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    until(lambda: not processes(server, "one"))
    until(lambda: instances(sagemaker) == 1)
    with pytest.raises(runtime.exceptions.ValidationError, match="has no capacity to process this request"):
        score(runtime, "one")
    drop(sagemaker, "one")
    with pytest.raises(ClientError, match="Could not find inference component"):
        sagemaker.describe_inference_component(InferenceComponentName="one")

    told = client("cloudwatch").list_metrics(Dimensions=[{"Name": "InferenceComponentName", "Value": "one"}])
    assert {"Invocations", "InvocationsPerCopy", "ModelLatency", "NoCapacityInvocationFailures"} <= {
        metric["MetricName"] for metric in told["Metrics"]
    }


def test_a_component_that_does_not_come_up_says_why_and_an_update_that_does_not_leaves_what_served(
    sagemaker: Any, runtime: Any, endpoint: str, bucket: str, client: Client
) -> None:
    client("s3").put_object(Bucket=bucket, Key="broken/model.tar.gz", Body=b"no archive")
    broken = {"Image": LINEAR_LEARNER, "ArtifactUrl": f"s3://{bucket}/broken/model.tar.gz"}
    create(sagemaker, "broken", Container=broken)
    failed = settled(sagemaker, "broken")
    assert failed["InferenceComponentStatus"] == "Failed"
    assert "cannot be started" in failed["FailureReason"]
    assert failed["RuntimeConfig"]["CurrentCopyCount"] == 0
    sagemaker.update_inference_component(InferenceComponentName="broken", Specification={"ModelName": ENDPOINT})
    assert settled(sagemaker, "broken")["InferenceComponentStatus"] == "InService"
    assert score(runtime, "broken") == pytest.approx(5, abs=1e-3)
    sagemaker.update_inference_component(InferenceComponentName="broken", Specification={"Container": broken})
    kept = settled(sagemaker, "broken")
    assert kept["InferenceComponentStatus"] == "InService"
    assert "cannot be started" in kept["FailureReason"]
    assert kept["Specification"]["ModelName"] == ENDPOINT
    assert score(runtime, "broken") == pytest.approx(5, abs=1e-3)
    drop(sagemaker, "broken")


def test_auto_scaling_changes_the_number_of_copies(sagemaker: Any, endpoint: str, client: Client) -> None:
    scaling, cloudwatch = client("application-autoscaling"), client("cloudwatch")
    create(sagemaker, "scaled")
    settled(sagemaker, "scaled")
    resource = {**COPIES, "ResourceId": "inference-component/scaled"}
    scaling.register_scalable_target(**resource, MinCapacity=0, MaxCapacity=2)
    metric = {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"}
    policy = scaling.put_scaling_policy(
        **resource,
        PolicyName="calls",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0, "PredefinedMetricSpecification": metric},
    )
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[policy["Alarms"][0]["AlarmName"]])["MetricAlarms"]
    watched = alarm["MetricName"], alarm["Dimensions"]
    assert watched == ("InvocationsPerCopy", [{"Name": "InferenceComponentName", "Value": "scaled"}])
    cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="a test")
    until(lambda: settled(sagemaker, "scaled")["RuntimeConfig"]["CurrentCopyCount"] == 2)
    [activity] = until(
        lambda: [
            each
            for each in scaling.describe_scaling_activities(**resource)["ScalingActivities"]
            if each["StatusCode"] == "Successful"
        ]
    )
    assert activity["Description"] == "Setting desired copy count to 2."
    scaling.deregister_scalable_target(**resource)
    drop(sagemaker, "scaled")


def test_a_stack_has_an_inference_component(sagemaker: Any, endpoint: str, client: Client) -> None:
    cloudformation = client("cloudformation")

    def template(copies: int) -> dict[str, Any]:
        properties = {"EndpointName": endpoint, "RuntimeConfig": {"CopyCount": copies}, "Specification": wanted}
        return {
            "Resources": {"It": {"Type": "AWS::SageMaker::InferenceComponent", "Properties": properties}},
            "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["It", "InferenceComponentName"]}}},
        }

    wanted = specification()
    stack = stacks.create(cloudformation, template(1))
    name = stacks.outputs(cloudformation, stack)["Name"]
    stacks.update(cloudformation, stack, template(2))
    described = sagemaker.describe_inference_component(InferenceComponentName=name)
    assert described["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    stacks.delete(cloudformation, stack)
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.describe_inference_component(InferenceComponentName=name)


def test_the_sdk_deploys_a_model_as_an_inference_component(server: Server, role: str, plane: str) -> None:
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("sdk_inference_component.py"), role, plane, LINEAR_LEARNER],
        env={**server.environment(), "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.strip().endswith("predicted 5, gone")
