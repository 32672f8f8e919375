"""Amazon SageMaker: models."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.resources import ModelSpecification
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, refuse, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionUnionTypeDef,
        CreateModelInputTypeDef,
        CreateModelOutputTypeDef,
        DeleteModelInputTypeDef,
        DescribeModelInputTypeDef,
        DescribeModelOutputTypeDef,
        ListModelsInputTypeDef,
        ListModelsOutputTypeDef,
    )

RECORDED = ("VpcConfig", "EnableNetworkIsolation")
RECORDED_OF_CONTAINER = (
    "ContainerHostname",
    "ImageConfig",
    "InferenceSpecificationName",
    "Mode",
    "ModelPackageName",
    "MultiModelConfig",
)


@sagemaker.operation
def create_model(call: Call, request: "CreateModelInputTypeDef") -> "CreateModelOutputTypeDef":
    model = call.studio.ml.models.create(
        call.scope, call.principal, request["ModelName"], specification(call, request), tags(call, request)
    )
    return {"ModelArn": model.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_model(call: Call, request: "DeleteModelInputTypeDef") -> dict[str, object]:
    call.studio.ml.models.delete(call.scope, request["ModelName"])
    return {}


@sagemaker.operation
def describe_model(call: Call, request: "DescribeModelInputTypeDef") -> "DescribeModelOutputTypeDef":
    model = call.studio.ml.models.get(call.scope, request["ModelName"])
    containers = [as_container(container) for container in model.specification.containers]
    mode = "Direct" if model.specification.direct else "Serial"
    shown: dict[str, Any] = {"PrimaryContainer": containers[0]}
    if len(containers) > 1:
        shown = {"Containers": containers, "InferenceExecutionConfig": {"Mode": mode}}
    answer: Any = {
        "ModelName": model.name,
        "ModelArn": model.arn,
        **shown,
        "ExecutionRoleArn": model.specification.role,
        "CreationTime": model.created,
        "EnableNetworkIsolation": False,
        **kept(model.specification.recorded, RECORDED),
    }
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_models(call: Call, request: "ListModelsInputTypeDef") -> "ListModelsOutputTypeDef":
    page = call.studio.ml.models.page(call.scope, listing(request, descending=True))
    models = [{"ModelName": m.name, "ModelArn": m.arn, "CreationTime": m.created} for m in page.items]
    return {"Models": models, **next_token(page)}  # type: ignore[typeddict-item]


def specification(call: Call, request: "CreateModelInputTypeDef") -> ModelSpecification:
    primary, chain = request.get("PrimaryContainer"), request.get("Containers") or []
    if (primary is None) == (not chain):
        raise ServiceError(INVALID, "A model needs either a PrimaryContainer or Containers.")
    if "ExecutionRoleArn" not in request:
        raise ServiceError(INVALID, "A model needs an ExecutionRoleArn.")
    names = [container["ContainerHostname"] for container in chain if "ContainerHostname" in container]
    if len(set(names)) != len(names):
        raise ServiceError(INVALID, "Each ContainerHostname must be unique.")
    direct = request.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
    if direct and len(names) < max(len(chain), 2):
        raise ServiceError(INVALID, "The Mode Direct is for two containers or more, each with a ContainerHostname.")
    role = request["ExecutionRoleArn"]
    first, *further = [_served(of_package(call, container), role) for container in ([primary] if primary else chain)]
    if further and any(each.multi for each in (first, *further)):
        raise ServiceError(
            INVALID, "A container of the Mode MultiModel is not supported along with others by Studiolo."
        )
    recorded = {**first.recorded, **kept(request, RECORDED)}
    return replace(first, further=tuple(further), direct=direct, recorded=recorded)


def _served(container: "ContainerDefinitionUnionTypeDef", role: str) -> ModelSpecification:
    """What one container serves."""
    refuse(container, ["AdditionalModelDataSources"], "the container")
    if "Image" not in container:
        raise ServiceError(INVALID, "A container needs its Image.")
    data, compressed = model_data(container)
    if container.get("Mode") == "MultiModel" and not (data and compressed):
        raise ServiceError(
            INVALID, "A container of the Mode MultiModel needs a ModelDataUrl: the prefix of its models."
        )
    return ModelSpecification(
        image=container["Image"],
        data=data,
        role=role,
        environment=dict(container.get("Environment", {})),
        recorded=kept(container, RECORDED_OF_CONTAINER),
        multi=container.get("Mode") == "MultiModel",
        compressed=compressed,
    )


def of_package(call: Call, container: "ContainerDefinitionUnionTypeDef") -> "ContainerDefinitionUnionTypeDef":
    """The container with what it has of the model package that it names, if it does."""
    given: Any = container
    if "ModelPackageName" not in given:
        refuse(given, ["InferenceSpecificationName"], "a container without a ModelPackageName")
        return container
    asked = [name for name in ("Image", "ModelDataUrl", "ModelDataSource") if given.get(name)]
    if asked:
        raise ServiceError(INVALID, f"{', '.join(asked)} cannot be given along with a ModelPackageName.")
    package = call.studio.ml.registry.packages.deployed(
        call.scope, given["ModelPackageName"], given.get("InferenceSpecificationName")
    )
    own = kept(package, ["Image", "ModelDataUrl", "ModelDataSource"])
    environment = {**package.get("Environment", {}), **given.get("Environment", {})}
    whole: Any = {**given, **own, "Environment": environment}
    return whole  # type: ignore[no-any-return]


def model_data(container: "ContainerDefinitionUnionTypeDef") -> tuple[str, bool]:
    """The URI of the model, by whichever of the two members it was given, and whether it is an archive; "": none."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        return container.get("ModelDataUrl", ""), True
    kind, compression, uri = source["S3DataType"], source["CompressionType"], source["S3Uri"]
    if (kind == "S3Prefix") != uri.endswith("/"):
        raise ServiceError(
            INVALID, f"The S3Uri {uri} of a ModelDataSource must end with / for S3Prefix, and with none for S3Object."
        )
    if kind == "S3Prefix" and compression == "Gzip":
        raise ServiceError(INVALID, "The CompressionType Gzip is for one object: the S3DataType must be S3Object.")
    return uri, compression == "Gzip"


def as_container(container: ModelSpecification) -> dict[str, Any]:
    data: dict[str, Any] = {"ModelDataUrl": container.data} if container.data and container.compressed else {}
    if container.data and not container.multi:
        kind = "S3Prefix" if container.data.endswith("/") else "S3Object"
        compression = "Gzip" if container.compressed else "None"
        source = {"S3Uri": container.data, "S3DataType": kind, "CompressionType": compression}
        data["ModelDataSource"] = {"S3DataSource": source}
    return {
        "Image": container.image,
        **data,
        "Environment": dict(container.environment),
        "Mode": "SingleModel",
        **kept(container.recorded, RECORDED_OF_CONTAINER),
    }
