"""Amazon SageMaker: inference components."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.names import arn
from studiolo.ml.serving.component import Component, Wanted
from studiolo.ml.serving.endpoint import CREATING, DELETING, UPDATING
from studiolo.ml.serving.rooms import Size
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.endpoints import policy
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, refuse, sagemaker, tags

Request = Mapping[str, Any]
PASSING = frozenset({CREATING, UPDATING, DELETING})
NAME = "InferenceComponentName"


@sagemaker.operation
def create_inference_component(call: Call, request: Request) -> dict[str, Any]:
    refuse(request, ["Specifications"], "CreateInferenceComponent")
    if "Specification" not in request:
        raise ServiceError(INVALID, "An inference component needs a Specification.")
    component = call.studio.ml.components.create(
        call.scope,
        request[NAME],
        request["EndpointName"],
        request.get("VariantName"),
        wanted(request["Specification"]),
        request.get("RuntimeConfig", {}).get("CopyCount", 1),
        tags(call, request),
    )
    return {"InferenceComponentArn": component.arn}


@sagemaker.operation
def delete_inference_component(call: Call, request: Request) -> dict[str, Any]:
    call.studio.ml.components.delete(call.scope, request[NAME])
    return {}


@sagemaker.patient(Patience("inference-component", NAME, ("InferenceComponentStatus",), PASSING, seconds=5))
def describe_inference_component(call: Call, request: Request) -> dict[str, Any]:
    component = call.studio.ml.components.get(call.scope, request[NAME])
    served = component.deployed or component.desired
    answer = as_summary(call, component)
    if served is not None and component.target is not None:
        answer["Specification"] = as_specification(served.wanted.recorded, component)
        answer["RuntimeConfig"] = {
            "DesiredCopyCount": component.target.count,
            "CurrentCopyCount": call.studio.ml.components.serving(call.scope, component),
        }
    if component.deployed is not None and component.deployed.policy.recorded:
        answer["LastDeploymentConfig"] = component.deployed.policy.recorded
    if component.failure is not None:
        answer["FailureReason"] = component.failure
    return answer


@sagemaker.operation
def list_inference_components(call: Call, request: Request) -> dict[str, Any]:
    page = call.studio.ml.components.page(
        call.scope,
        listing(request, descending=True),
        request.get("EndpointNameEquals"),
        request.get("VariantNameEquals"),
    )
    return {"InferenceComponents": [as_summary(call, each) for each in page.items], **next_token(page)}


@sagemaker.operation
def update_inference_component(call: Call, request: Request) -> dict[str, Any]:
    refuse(request, ["Specifications"], "UpdateInferenceComponent")
    changed = request.get("Specification")
    count = request.get("RuntimeConfig", {}).get("CopyCount")
    if changed is None and count is None:
        raise ServiceError(INVALID, "Give a Specification, a RuntimeConfig or both.")
    component = call.studio.ml.components.get(call.scope, request[NAME])
    before = {} if component.target is None else component.target.wanted.recorded
    component = call.studio.ml.components.update(
        call.scope, request[NAME], None if changed is None else wanted(merged(before, changed)), count, policy(request)
    )
    return {"InferenceComponentArn": component.arn}


@sagemaker.operation
def update_inference_component_runtime_config(call: Call, request: Request) -> dict[str, Any]:
    component = call.studio.ml.components.update(
        call.scope, request[NAME], None, request["DesiredRuntimeConfig"]["CopyCount"]
    )
    return {"InferenceComponentArn": component.arn}


def wanted(given: Mapping[str, Any]) -> Wanted:
    """What a Specification asks for."""
    refuse(given, ["BaseInferenceComponentName", "InstanceType"], "the Specification of an inference component")
    if "ComputeResourceRequirements" not in given:
        raise ServiceError(INVALID, "The Specification of an inference component needs ComputeResourceRequirements.")
    needs, container = given["ComputeResourceRequirements"], given.get("Container", {})
    least, most = needs["MinMemoryRequiredInMb"], needs.get("MaxMemoryRequiredInMb")
    if most is not None and most < least:
        raise ServiceError(
            INVALID, f"MaxMemoryRequiredInMb {most} must not be less than MinMemoryRequiredInMb {least}."
        )
    startup = given.get("StartupParameters", {}).get("ContainerStartupHealthCheckTimeoutInSeconds")
    return Wanted(
        Size(needs.get("NumberOfCpuCoresRequired", 0.0), least),
        given.get("ModelName"),
        container.get("Image"),
        container.get("ArtifactUrl"),
        container.get("Environment"),
        recorded=given,
        **({} if startup is None else {"startup_seconds": startup}),
    )


def merged(before: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """The Specification after an update: what that does not name stays, but for the model of another kind."""
    models = {"ModelName", "Container"}
    stays = {name: value for name, value in before.items() if name not in models or not models & changed.keys()}
    return {**stays, **changed}


def as_summary(call: Call, component: Component) -> dict[str, Any]:
    return {
        NAME: component.name,
        "InferenceComponentArn": component.arn,
        "EndpointName": component.endpoint,
        "EndpointArn": arn(call.scope, "endpoint", component.endpoint),
        "VariantName": component.variant,
        "InferenceComponentStatus": component.status,
        "CreationTime": component.created,
        "LastModifiedTime": component.changed,
    }


def as_specification(recorded: Mapping[str, Any], component: Component) -> dict[str, Any]:
    shown = {name: value for name, value in recorded.items() if name != "Container"}
    if "Container" in recorded:
        container = recorded["Container"]
        shown["Container"] = kept(container, ["ArtifactUrl", "Environment", "ContainerMetricsConfig"])
        if "Image" in container:
            image = container["Image"]
            deployed = {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": component.created}
            shown["Container"]["DeployedImage"] = deployed
    return shown
