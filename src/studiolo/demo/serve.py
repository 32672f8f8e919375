"""Chapter 9: the endpoint. A registered model answers, is watched and scaled; a second run replaces what serves."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sagemaker

from studiolo.demo import bucket, registry, train
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage
from studiolo.demo.pipeline import CSV, INSTANCE, LINES, concentrations

ENDPOINT = "air-quality-no2"
VARIANT = "AllTraffic"
POLL_SECONDS = 0.25
BATCH = 500  # rows a request
MOST_INSTANCES = 4
CALLS_A_MINUTE = 1000.0  # of each instance: what target tracking keeps to
LOAD_CALLS, LOAD_THREADS = 400, 4


@dataclass(frozen=True)
class Latency:
    """How long calls of one row took under a short load, as the client sees it, signing included."""

    calls: int
    threads: int
    p50: float  # ms
    p99: float  # ms
    per_second: float  # calls

    @property
    def text(self) -> str:
        """As p50 3.1 ms, p99 8.0 ms, 900 a second."""
        return f"p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms, {self.per_second:.0f} a second"


def deploy(sdk: sagemaker.Session, role: str, version: registry.Version, stage: Stage) -> str:
    """Serve a version of the registry; answers the endpoint's name. Raises StoryError when it does not come up.

    The endpoint keeps its name over all runs. What serves it, a model and an endpoint configuration, is named
    after the version; those of earlier runs are removed once the new ones answer.
    """
    client, name = sdk.sagemaker_client, f"{ENDPOINT}-{version.number}"
    client.create_model(ModelName=name, PrimaryContainer={"ModelPackageName": version.package}, ExecutionRoleArn=role)
    variant = {
        "VariantName": VARIANT,
        "ModelName": name,
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": captured(sdk),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": [CSV], "JsonContentTypes": [LINES]},
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture)
    status = _settled(client, stage)
    if status == "InService":
        client.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=name)
    else:
        if status is not None:  # failed: AWS updates only what serves
            client.delete_endpoint(EndpointName=ENDPOINT)
            client.get_waiter("endpoint_deleted").wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 1})
        client.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=name)
    status = _settled(client, stage)
    served = client.describe_endpoint(EndpointName=ENDPOINT)
    if status != "InService" or served["EndpointConfigName"] != name:
        raise StoryError(f"The endpoint {ENDPOINT} is {status}: {served.get('FailureReason', 'no reason was given')}")
    _scale(sdk)
    _remove_older(sdk, keep=name)
    return ENDPOINT


def captured(sdk: sagemaker.Session) -> str:
    """Where requests and answers are kept."""
    return f"s3://{sdk.default_bucket()}/{bucket.PREFIX}/captured"


def _scale(sdk: sagemaker.Session) -> None:
    """Let the variant have more instances while each has too many calls."""
    scaling = sdk.boto_session.client("application-autoscaling")
    variant = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{ENDPOINT}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    calls = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=MOST_INSTANCES)
    scaling.put_scaling_policy(
        **variant,
        PolicyName="calls",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": CALLS_A_MINUTE,
            "PredefinedMetricSpecification": calls,
        },
    )


def _settled(client: Any, stage: Stage) -> str | None:
    """The endpoint's status once nothing is under way; None when there is no such endpoint."""
    while True:
        listed = client.list_endpoints(NameContains=ENDPOINT)["Endpoints"]
        status: str | None = next((one["EndpointStatus"] for one in listed if one["EndpointName"] == ENDPOINT), None)
        if status is None or not status.endswith("ing"):  # Creating, Updating, SystemUpdating, RollingBack, Deleting
            return status
        stage.doing(f"endpoint: {status}")
        time.sleep(POLL_SECONDS)


def _remove_older(sdk: sagemaker.Session, keep: str) -> None:
    """Remove the models and configurations of earlier runs, and artifacts that no version of the registry names."""
    client = sdk.sagemaker_client
    for page in client.get_paginator("list_endpoint_configs").paginate(NameContains=f"{ENDPOINT}-"):
        for config in page["EndpointConfigs"]:
            if config["EndpointConfigName"] != keep:
                client.delete_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
    for page in client.get_paginator("list_models").paginate(NameContains=f"{ENDPOINT}-"):
        for model in page["Models"]:
            if model["ModelName"] != keep:
                client.delete_model(ModelName=model["ModelName"])
    jobs = [address.split("/models/")[1].split("/")[0] for address in registry.artifacts(sdk)]
    bucket.clear(sdk, "models", keep=tuple(f"{job}/" for job in jobs))


def ask(sdk: sagemaker.Session, endpoint: str, rows: npt.NDArray[np.float32], stage: Stage) -> npt.NDArray[np.float64]:
    """The endpoint's forecasts of NO2 in µg/m³, one a row of features."""
    runtime = sdk.boto_session.client("sagemaker-runtime")
    starts = range(0, len(rows), BATCH)
    stage.plan(len(starts))
    found = []
    for start in starts:
        found.append(_invoke(runtime, endpoint, train.csv(rows[start : start + BATCH])))
        stage.step()
    return np.concatenate(found)


def load(sdk: sagemaker.Session, endpoint: str, rows: npt.NDArray[np.float32], stage: Stage) -> Latency:
    """Ask about single rows, from several threads at once."""
    runtime = sdk.boto_session.client("sagemaker-runtime")
    bodies = [train.csv(row[None, :]) for row in rows[:LOAD_CALLS]]
    stage.plan(LOAD_CALLS)

    def call(number: int) -> float:
        started = time.perf_counter()
        _invoke(runtime, endpoint, bodies[number % len(bodies)])
        stage.step()
        return time.perf_counter() - started

    started = time.perf_counter()
    with ThreadPoolExecutor(LOAD_THREADS) as threads:
        seconds = list(threads.map(call, range(LOAD_CALLS)))
    p50, p99 = (1000 * float(np.quantile(seconds, part)) for part in (0.5, 0.99))
    return Latency(LOAD_CALLS, LOAD_THREADS, p50, p99, LOAD_CALLS / (time.perf_counter() - started))


def _invoke(runtime: Any, endpoint: str, body: bytes) -> npt.NDArray[np.float64]:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=CSV, Accept=LINES, Body=body)
    return concentrations(answer["Body"].read())
