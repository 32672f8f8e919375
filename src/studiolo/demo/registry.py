"""Chapter 8: the registry. The better model becomes an approved version of a group, with what was measured of it."""

import json
from dataclasses import asdict, dataclass

import sagemaker
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics

from studiolo.demo import bucket
from studiolo.demo.evaluate import Scores
from studiolo.demo.pipeline import CSV, INSTANCE, LINES, Candidate

GROUP = "air-quality-no2"


@dataclass(frozen=True)
class Version:
    """An approved version of the group."""

    package: str  # ARN
    number: int


def register(sdk: sagemaker.Session, role: str, chosen: Candidate, scores: Scores) -> Version:
    """Register the chosen model. Its metrics lie beside its artifact, as Model Monitor words those of a regression."""
    measured = {"regression_metrics": {name: {"value": value} for name, value in asdict(scores).items()}}
    key = f"{bucket.PREFIX}/models/{chosen.job}/metrics.json"
    sdk.boto_session.client("s3").put_object(Bucket=sdk.default_bucket(), Key=key, Body=json.dumps(measured).encode())
    metrics = MetricsSource("application/json", f"s3://{sdk.default_bucket()}/{key}")
    package = Model(chosen.image, chosen.artifact, role, sagemaker_session=sdk).register(
        content_types=[CSV],
        response_types=[LINES],
        inference_instances=[INSTANCE],
        transform_instances=[INSTANCE],
        model_package_group_name=GROUP,
        model_metrics=ModelMetrics(model_statistics=metrics),
        approval_status="Approved",
        description=f"The logarithm of NO2 by {chosen.algorithm}, of the training job {chosen.job}",
    )
    arn = package.model_package_arn
    return Version(arn, sdk.sagemaker_client.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"])


def artifacts(sdk: sagemaker.Session) -> list[str]:
    """The addresses of the models of all versions."""
    client, found = sdk.sagemaker_client, []
    for page in client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=GROUP):
        for version in page["ModelPackageSummaryList"]:
            described = client.describe_model_package(ModelPackageName=version["ModelPackageArn"])
            found.append(described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
    return found
