"""Amazon SageMaker: endpoint configurations."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.resources import Asynchronous, Capture, EndpointConfigSpecification, ProductionVariant
from studiolo.services.call import Call
from studiolo.services.sagemaker.constraints import check_endpoint_config
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, refuse, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateEndpointConfigInputTypeDef,
        CreateEndpointConfigOutputTypeDef,
        DeleteEndpointConfigInputTypeDef,
        DescribeEndpointConfigInputTypeDef,
        DescribeEndpointConfigOutputTypeDef,
        ListEndpointConfigsInputTypeDef,
        ListEndpointConfigsOutputTypeDef,
        ProductionVariantUnionTypeDef,
    )

RECORDED = (
    "KmsKeyId", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation", "DataCaptureConfig", "MetricsConfig",
)  # fmt: skip
RECORDED_OF_VARIANT = (
    "InstanceType", "AcceleratorType", "ServerlessConfig", "VolumeSizeInGB", "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds", "EnableSSMAccess", "RoutingConfig", "InferenceAmiVersion",
    "ManagedInstanceScaling",
)  # fmt: skip


@sagemaker.operation
def create_endpoint_config(
    call: Call, request: "CreateEndpointConfigInputTypeDef"
) -> "CreateEndpointConfigOutputTypeDef":
    config = call.studio.ml.endpoint_configs.create(
        call.scope, call.principal, request["EndpointConfigName"], specification(request), tags(call, request)
    )
    return {"EndpointConfigArn": config.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_endpoint_config(call: Call, request: "DeleteEndpointConfigInputTypeDef") -> dict[str, object]:
    call.studio.ml.endpoint_configs.delete(call.scope, request["EndpointConfigName"])
    return {}


@sagemaker.operation
def describe_endpoint_config(
    call: Call, request: "DescribeEndpointConfigInputTypeDef"
) -> "DescribeEndpointConfigOutputTypeDef":
    config = call.studio.ml.endpoint_configs.get(call.scope, request["EndpointConfigName"])
    answer: Any = {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "ProductionVariants": [as_variant(variant) for variant in config.specification.variants],
        **as_shadows(config.specification.shadows),
        "CreationTime": config.created,
        "EnableNetworkIsolation": False,
        **as_asynchronous(config.specification.asynchronous),
        **config.specification.recorded,
    }
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_endpoint_configs(call: Call, request: "ListEndpointConfigsInputTypeDef") -> "ListEndpointConfigsOutputTypeDef":
    page = call.studio.ml.endpoint_configs.page(call.scope, listing(request, descending=True))
    configs = [
        {"EndpointConfigName": c.name, "EndpointConfigArn": c.arn, "CreationTime": c.created} for c in page.items
    ]
    return {"EndpointConfigs": configs, **next_token(page)}  # type: ignore[typeddict-item]


def specification(request: "CreateEndpointConfigInputTypeDef") -> EndpointConfigSpecification:
    refuse(
        request,
        ["ExplainerConfig", "CrossRegionTrafficConfig"],
        "CreateEndpointConfig",
    )
    check_endpoint_config(request)
    variants = tuple(as_production_variant(variant) for variant in request["ProductionVariants"])
    shadows = tuple(as_production_variant(variant) for variant in request.get("ShadowProductionVariants", ()))
    if shadows and (len(shadows) > 1 or len(variants) > 1 or "AsyncInferenceConfig" in request):
        raise ServiceError(
            INVALID,
            "A ShadowProductionVariant goes with one production variant, and with no AsyncInferenceConfig.",
        )
    return EndpointConfigSpecification(
        variants, kept(request, RECORDED), asynchronous(request), shadows, capture(request)
    )


def asynchronous(request: Mapping[str, Any]) -> Asynchronous | None:
    """What its AsyncInferenceConfig says."""
    asked = request.get("AsyncInferenceConfig")
    if asked is None:
        return None
    output = asked["OutputConfig"]
    if not output.get("S3OutputPath", "").startswith("s3://"):
        raise ServiceError(INVALID, "AsyncInferenceConfig needs an S3OutputPath, a URI that begins with s3://.")
    most = asked.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance")
    given = {} if most is None else {"most": most}
    return Asynchronous(output["S3OutputPath"], output.get("S3FailurePath"), recorded=asked, **given)


def as_production_variant(request: "ProductionVariantUnionTypeDef") -> ProductionVariant:
    refuse(
        request,
        ["CoreDumpConfig", "CapacityReservationConfig", "InstancePools"],
        "a production variant",
    )
    variant = ProductionVariant(
        name=request["VariantName"],
        model=request.get("ModelName", ""),
        weight=request.get("InitialVariantWeight", 1.0),
        instances=request.get("InitialInstanceCount", 1),
        recorded=kept(request, RECORDED_OF_VARIANT),
    )
    if "ContainerStartupHealthCheckTimeoutInSeconds" not in request:
        return variant
    return ProductionVariant(
        **{**vars(variant), "startup_seconds": request["ContainerStartupHealthCheckTimeoutInSeconds"]}
    )


def as_variant(variant: ProductionVariant) -> dict[str, Any]:
    return {
        "VariantName": variant.name,
        **({} if variant.hosting else {"ModelName": variant.model}),
        **({} if variant.serverless else {"InitialInstanceCount": variant.instances}),
        "InitialVariantWeight": variant.weight,
        **variant.recorded,
    }


def capture(request: Mapping[str, Any]) -> Capture | None:
    """What its DataCaptureConfig says."""
    asked = request.get("DataCaptureConfig")
    if asked is None:
        return None
    if not asked["DestinationS3Uri"].startswith("s3://"):
        raise ServiceError(INVALID, "The DestinationS3Uri of DataCaptureConfig must begin with s3://.")
    modes = {mode for each in asked["CaptureOptions"] for mode in each["CaptureMode"].split("And")}
    types = asked.get("CaptureContentTypeHeader", {})
    return Capture(
        asked["DestinationS3Uri"],
        asked["InitialSamplingPercentage"],
        tuple(sorted(modes)),
        tuple(types.get("CsvContentTypes", ())),
        tuple(types.get("JsonContentTypes", ())),
        asked.get("EnableCapture", False),
    )


def as_asynchronous(given: Asynchronous | None) -> dict[str, Any]:
    return {} if given is None else {"AsyncInferenceConfig": given.recorded}


def as_shadows(shadows: Sequence[ProductionVariant]) -> dict[str, Any]:
    return {"ShadowProductionVariants": [as_variant(variant) for variant in shadows]} if shadows else {}
