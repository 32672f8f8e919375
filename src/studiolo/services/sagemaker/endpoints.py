"""Amazon SageMaker: endpoints."""

from typing import TYPE_CHECKING, Any

from studiolo.ml.serving.endpoint import PASSING, DeployedVariant, Endpoint
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.endpoint_configs import as_asynchronous
from studiolo.services.sagemaker.service import listing, next_token, refuse, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateEndpointInputTypeDef,
        CreateEndpointOutputTypeDef,
        DeleteEndpointInputTypeDef,
        DescribeEndpointInputTypeDef,
        DescribeEndpointOutputTypeDef,
        ListEndpointsInputTypeDef,
        ListEndpointsOutputTypeDef,
        UpdateEndpointInputTypeDef,
        UpdateEndpointOutputTypeDef,
        UpdateEndpointWeightsAndCapacitiesInputTypeDef,
        UpdateEndpointWeightsAndCapacitiesOutputTypeDef,
    )


@sagemaker.operation
def create_endpoint(call: Call, request: "CreateEndpointInputTypeDef") -> "CreateEndpointOutputTypeDef":
    refuse(request, ["DeploymentConfig"], "CreateEndpoint")
    endpoint = call.studio.ml.endpoints.create(
        call.scope, request["EndpointName"], request["EndpointConfigName"], tags(request)
    )
    return {"EndpointArn": endpoint.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_endpoint(call: Call, request: "DeleteEndpointInputTypeDef") -> dict[str, object]:
    call.studio.ml.endpoints.delete(call.scope, request["EndpointName"])
    return {}


@sagemaker.patient(Patience("endpoint", "EndpointName", ("EndpointStatus",), PASSING, seconds=5))
def describe_endpoint(call: Call, request: "DescribeEndpointInputTypeDef") -> "DescribeEndpointOutputTypeDef":
    endpoint = call.studio.ml.endpoints.get(call.scope, request["EndpointName"])
    shown = endpoint.deployed or endpoint.desired
    answer: Any = {
        **as_summary(endpoint),
        "EndpointConfigName": shown.config if shown else "",
    }
    if endpoint.deployed is not None:
        serving = call.studio.ml.endpoints.serving(call.scope, endpoint)
        targets = endpoint.target.variants if endpoint.target else ()
        answer["ProductionVariants"] = [
            as_variant(entry, target, serving.get(entry.variant.name, 0), endpoint)
            for entry, target in zip(endpoint.deployed.variants, targets, strict=True)
        ]
        answer |= as_asynchronous(endpoint.deployed.asynchronous)
    if endpoint.failure is not None:
        answer["FailureReason"] = endpoint.failure
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_endpoints(call: Call, request: "ListEndpointsInputTypeDef") -> "ListEndpointsOutputTypeDef":
    page = call.studio.ml.endpoints.page(call.scope, listing(request, descending=True))
    return {"Endpoints": [as_summary(e) for e in page.items], **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_endpoint(call: Call, request: "UpdateEndpointInputTypeDef") -> "UpdateEndpointOutputTypeDef":
    refuse(
        request,
        [
            "DeploymentConfig",
            "RetainAllVariantProperties",
            "ExcludeRetainedVariantProperties",
            "RetainDeploymentConfig",
        ],
        "UpdateEndpoint",
    )
    endpoint = call.studio.ml.endpoints.update(call.scope, request["EndpointName"], request["EndpointConfigName"])
    return {"EndpointArn": endpoint.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_endpoint_weights_and_capacities(
    call: Call, request: "UpdateEndpointWeightsAndCapacitiesInputTypeDef"
) -> "UpdateEndpointWeightsAndCapacitiesOutputTypeDef":
    desired = request["DesiredWeightsAndCapacities"]
    for entry in desired:
        refuse(entry, ["ServerlessUpdateConfig"], "DesiredWeightsAndCapacities")
    endpoint = call.studio.ml.endpoints.reweigh(
        call.scope,
        request["EndpointName"],
        {entry["VariantName"]: entry["DesiredWeight"] for entry in desired if "DesiredWeight" in entry},
        {entry["VariantName"]: entry["DesiredInstanceCount"] for entry in desired if "DesiredInstanceCount" in entry},
    )
    return {"EndpointArn": endpoint.arn}  # type: ignore[typeddict-item]


def as_summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.changed,
    }


def as_variant(deployed: DeployedVariant, target: DeployedVariant, serving: int, endpoint: Endpoint) -> dict[str, Any]:
    """A variant that is served by so many processes, on its way to `target`."""
    image = deployed.model.image
    serverless = deployed.variant.serverless
    return {
        "VariantName": deployed.variant.name,
        **({"CurrentServerlessConfig": serverless} if serverless else {}),
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": endpoint.created}],
        "CurrentWeight": deployed.variant.weight,
        "DesiredWeight": target.variant.weight,
        "CurrentInstanceCount": 0 if serverless else serving,
        "DesiredInstanceCount": 0 if serverless else len(target.instances),
    }
