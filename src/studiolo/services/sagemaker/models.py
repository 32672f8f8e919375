"""Amazon SageMaker: models."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.resources import Model, ModelSpecification
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
RECORDED_OF_CONTAINER = ("ContainerHostname", "ImageConfig", "Mode", "ModelPackageName", "InferenceSpecificationName")


@sagemaker.operation
def create_model(call: Call, request: "CreateModelInputTypeDef") -> "CreateModelOutputTypeDef":
    model = call.studio.ml.models.create(
        call.scope, call.principal, request["ModelName"], specification(call, request), tags(request)
    )
    return {"ModelArn": model.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_model(call: Call, request: "DeleteModelInputTypeDef") -> dict[str, object]:
    call.studio.ml.models.delete(call.scope, request["ModelName"])
    return {}


@sagemaker.operation
def describe_model(call: Call, request: "DescribeModelInputTypeDef") -> "DescribeModelOutputTypeDef":
    model = call.studio.ml.models.get(call.scope, request["ModelName"])
    answer: Any = {
        "ModelName": model.name,
        "ModelArn": model.arn,
        "PrimaryContainer": as_container(model),
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
    refuse(request, ["InferenceExecutionConfig"], "CreateModel")
    containers = request.get("Containers") or []
    primary = request.get("PrimaryContainer")
    if primary is not None:
        containers = [primary, *containers]
    if len(containers) != 1:
        raise ServiceError(INVALID, "A model needs one container: Studiolo runs no chains of containers.")
    container = of_package(call, containers[0])
    refuse(container, ["MultiModelConfig", "AdditionalModelDataSources"], "the container")
    if container.get("Mode") == "MultiModel":
        raise ServiceError(INVALID, "Mode MultiModel is not supported by Studiolo: a container serves one model.")
    if "Image" not in container or "ExecutionRoleArn" not in request:
        raise ServiceError(INVALID, "A model needs the Image of its container, and an ExecutionRoleArn.")
    return ModelSpecification(
        image=container["Image"],
        data=model_data(container),
        role=request["ExecutionRoleArn"],
        environment=dict(container.get("Environment", {})),
        recorded={**kept(request, RECORDED), **kept(container, RECORDED_OF_CONTAINER)},
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


def model_data(container: "ContainerDefinitionUnionTypeDef") -> str:
    """The URI of the model.tar.gz, by whichever of the two members it was given."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        if "ModelDataUrl" not in container:
            raise ServiceError(INVALID, "The container needs the ModelDataUrl of the model that it serves.")
        return container["ModelDataUrl"]
    if source["S3DataType"] != "S3Object" or source["CompressionType"] != "Gzip":
        raise ServiceError(INVALID, "Studiolo takes a ModelDataSource of S3DataType S3Object, CompressionType Gzip.")
    return source["S3Uri"]


def as_container(model: Model) -> dict[str, Any]:
    return {
        "Image": model.specification.image,
        "ModelDataUrl": model.specification.data,
        "ModelDataSource": {
            "S3DataSource": {"S3Uri": model.specification.data, "S3DataType": "S3Object", "CompressionType": "Gzip"}
        },
        "Environment": dict(model.specification.environment),
        "Mode": "SingleModel",
        **kept(model.specification.recorded, RECORDED_OF_CONTAINER),
    }
