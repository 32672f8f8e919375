"""Chapter 7: the endpoint. A model, a configuration and an endpoint that answers; a second run replaces what serves."""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import sagemaker
from sagemaker import LinearLearnerModel, LinearLearnerPredictor

from studiolo.demo import bucket
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage
from studiolo.demo.train import INSTANCE, Trained

ENDPOINT = "air-quality-no2"
POLL_SECONDS = 0.25
BATCH = 500  # rows a request


def deploy(sdk: sagemaker.Session, role: str, trained: Trained, stage: Stage) -> str:
    """Serve the trained model; answers the endpoint's name. Raises StoryError when it does not come up.

    The endpoint keeps its name over all runs. What serves it, a model and an endpoint configuration, is named
    after the training job; those of earlier runs are removed once the new ones answer.
    """
    client, name = sdk.sagemaker_client, trained.job
    LinearLearnerModel(trained.artifact, role=role, name=name, sagemaker_session=sdk).create(instance_type=INSTANCE)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
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
    _remove_older(sdk, keep=name)
    return ENDPOINT


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
    """Remove the models, configurations and artifacts of earlier runs."""
    client = sdk.sagemaker_client
    for page in client.get_paginator("list_endpoint_configs").paginate(NameContains=f"{ENDPOINT}-"):
        for config in page["EndpointConfigs"]:
            if config["EndpointConfigName"] != keep:
                client.delete_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
    for page in client.get_paginator("list_models").paginate(NameContains=f"{ENDPOINT}-"):
        for model in page["Models"]:
            if model["ModelName"] != keep:
                client.delete_model(ModelName=model["ModelName"])
    bucket.clear(sdk, "models", keep=f"{keep}/")


def ask(sdk: sagemaker.Session, endpoint: str, rows: npt.NDArray[np.float32], stage: Stage) -> npt.NDArray[np.float64]:
    """The endpoint's forecasts of NO2 in µg/m³, one a row of features."""
    predictor = LinearLearnerPredictor(endpoint, sagemaker_session=sdk)
    starts = range(0, len(rows), BATCH)
    stage.plan(len(starts))
    scores: list[float] = []
    for start in starts:
        records = predictor.predict(rows[start : start + BATCH])
        scores += [record.label["score"].float32_tensor.values[0] for record in records]
        stage.step()
    return np.exp(np.asarray(scores, dtype=np.float64))
