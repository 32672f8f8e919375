"""Amazon SageMaker: endpoints."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.resources import Capture
from studiolo.ml.serving.endpoint import PASSING, DeployedVariant, Deployment, Endpoint
from studiolo.ml.serving.endpoints import Update
from studiolo.ml.serving.policy import CANARY, LINEAR, ROLLING, Policy, Size
from studiolo.ml.serving.rollout import Stage
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.endpoint_configs import as_asynchronous
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, refuse, sagemaker, tags

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
    # An endpoint that is made takes over from nothing: the policy is for its updates.
    policy(request)
    endpoint = call.studio.ml.endpoints.create(
        call.scope, request["EndpointName"], request["EndpointConfigName"], tags(call, request)
    )
    return {"EndpointArn": endpoint.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_endpoint(call: Call, request: "DeleteEndpointInputTypeDef") -> dict[str, object]:
    call.studio.ml.endpoints.delete(call.scope, request["EndpointName"])
    return {}


@sagemaker.patient(Patience("endpoint", "EndpointName", ("EndpointStatus",), PASSING, seconds=5))
def describe_endpoint(call: Call, request: "DescribeEndpointInputTypeDef") -> "DescribeEndpointOutputTypeDef":
    endpoint = call.studio.ml.endpoints.get(call.scope, request["EndpointName"])
    present = endpoint.deployed or endpoint.desired
    answer: Any = {
        **as_summary(endpoint),
        "EndpointConfigName": present.config if present else "",
    }
    endpoints = call.studio.ml.endpoints
    if endpoint.deployed is not None:
        serving = endpoints.serving(call.scope, endpoint)
        target = endpoint.target or endpoint.deployed
        for member, served, wanted in (
            ("ProductionVariants", endpoint.deployed.variants, target.variants),
            ("ShadowProductionVariants", endpoint.deployed.shadows, target.shadows),
        ):
            shown = [
                as_variant(entry, to, serving.get(entry.variant.name, 0), endpoint)
                for entry, to in zip(served, wanted, strict=True)
            ]
            answer |= {member: shown} if shown else {}
        answer |= as_asynchronous(endpoint.deployed.asynchronous)
        answer |= as_capture(endpoint.deployed.capture)
        if endpoint.deployed.policy.recorded:
            answer["LastDeploymentConfig"] = endpoint.deployed.policy.recorded
    stage = endpoints.stage(call.scope, endpoint.name)
    if stage is not None and endpoint.desired is not None and endpoint.target is not endpoint.desired:
        answer["PendingDeploymentSummary"] = as_pending(
            endpoint.desired, stage, endpoints.pending(call.scope, endpoint)
        )
    if endpoint.failure is not None:
        answer["FailureReason"] = endpoint.failure
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_endpoints(call: Call, request: "ListEndpointsInputTypeDef") -> "ListEndpointsOutputTypeDef":
    page = call.studio.ml.endpoints.page(call.scope, listing(request, descending=True))
    return {"Endpoints": [as_summary(e) for e in page.items], **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_endpoint(call: Call, request: "UpdateEndpointInputTypeDef") -> "UpdateEndpointOutputTypeDef":
    endpoint = call.studio.ml.endpoints.update(
        call.scope, request["EndpointName"], request["EndpointConfigName"], update(request)
    )
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
    images = [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": endpoint.created}]
    return {
        "VariantName": deployed.variant.name,
        **({} if deployed.hosting else {"DeployedImages": images}),
        **kept(deployed.variant.recorded, ["ManagedInstanceScaling"]),
        **({"CurrentServerlessConfig": serverless} if serverless else {}),
        "CurrentWeight": deployed.variant.weight,
        "DesiredWeight": target.variant.weight,
        "CurrentInstanceCount": 0 if serverless else serving,
        "DesiredInstanceCount": 0 if serverless else len(target.instances),
    }


def as_capture(capture: Capture | None) -> dict[str, Any]:
    if capture is None:
        return {}
    shown = {
        "EnableCapture": capture.enabled,
        "CaptureStatus": "Started" if capture.enabled else "Stopped",
        "CurrentSamplingPercentage": capture.percent,
        "DestinationS3Uri": capture.uri,
        "KmsKeyId": "",
    }
    return {"DataCaptureConfig": shown}


def as_pending(desired: Deployment, stage: Stage, serving: Mapping[str, int]) -> dict[str, Any]:
    """What is on its way, and how far it has come."""
    total = sum(each.variant.weight for each in desired.variants) or 1.0
    variants = [
        {
            "VariantName": each.variant.name,
            "CurrentWeight": stage.share * each.variant.weight / total,
            "DesiredWeight": each.variant.weight,
            "CurrentInstanceCount": serving.get(each.variant.name, 0),
            "DesiredInstanceCount": len(each.instances),
            "VariantStatus": [{"Status": stage.status, "StartTime": stage.began}],
        }
        for each in desired.variants
    ]
    return {"EndpointConfigName": desired.config, "ProductionVariants": variants, "StartTime": stage.began}


def update(request: "UpdateEndpointInputTypeDef") -> Update:
    excluded = {each["VariantPropertyType"] for each in request.get("ExcludeRetainedVariantProperties", ())}
    retains = request.get("RetainAllVariantProperties", False)
    return Update(
        policy(request),
        request.get("RetainDeploymentConfig", False),
        retains and "DesiredWeight" not in excluded,
        retains and "DesiredInstanceCount" not in excluded,
        retains and "DataCaptureConfig" not in excluded,
    )


def policy(request: Mapping[str, Any]) -> Policy | None:
    """What its DeploymentConfig says."""
    asked: Mapping[str, Any] | None = request.get("DeploymentConfig")
    if asked is None:
        return None
    rolling, blue_green = asked.get("RollingUpdatePolicy"), asked.get("BlueGreenUpdatePolicy")
    if rolling and blue_green:
        raise ServiceError(
            INVALID, "A DeploymentConfig has a BlueGreenUpdatePolicy or a RollingUpdatePolicy, not both."
        )
    alarms = tuple(each["AlarmName"] for each in asked.get("AutoRollbackConfiguration", {}).get("Alarms", ()))
    if rolling:
        batch = size(rolling["MaximumBatchSize"])
        return Policy(ROLLING, batch, rolling["WaitIntervalInSeconds"], 0, alarms, asked)
    if blue_green is None:
        return Policy(alarms=alarms, recorded=asked)
    routing = blue_green["TrafficRoutingConfiguration"]
    kind, member = routing["Type"], {CANARY: "CanarySize", LINEAR: "LinearStepSize"}.get(routing["Type"])
    if member is not None and member not in routing:
        raise ServiceError(INVALID, f"A TrafficRoutingConfiguration of the Type {kind} needs its {member}.")
    step = size(routing[member]) if member is not None else None
    return Policy(
        kind,
        step,
        routing["WaitIntervalInSeconds"],
        blue_green.get("TerminationWaitInSeconds", 0),
        alarms,
        asked,
    )


def size(given: Mapping[str, Any]) -> Size:
    return Size(given["Value"], given["Type"] == "CAPACITY_PERCENT")
