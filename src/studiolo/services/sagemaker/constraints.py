"""What the API Reference says of requests in words alone, which the model's shapes do not hold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.services.sagemaker.instances import PREFERENCES, check_preferences, selected
from studiolo.services.sagemaker.service import INVALID

MEMORY_STEP = 1024
SMALLEST_MEMORY, LARGEST_MEMORY = 1024, 6144
LONGEST_RUN = 28 * 24 * 60 * 60
"""Seconds: the 28 days that CreateTrainingJob names for MaxRuntimeInSeconds."""

TRANSFORMED = ("S3Prefix", "ManifestFile")
MOST_INSTANCES = 20
MOST_ROOMS = 64
"""Instances of a variant, where MaxInstanceCount does not say."""
LIMIT = "ResourceLimitExceeded"

OF_INSTANCES = (
    "InstanceType", "InitialInstanceCount", "AcceleratorType", "VolumeSizeInGB", "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds", "EnableSSMAccess", "InferenceAmiVersion",
)  # fmt: skip
"""The members of a variant that are about its instances, of which a serverless one has none."""


def check_endpoint_config(request: Mapping[str, Any]) -> None:
    """ProductionVariant, ProductionVariantServerlessConfig, and "Serverless Inference: Feature exclusions"."""
    variants: Sequence[Mapping[str, Any]] = request["ProductionVariants"]
    serverless = [variant for variant in variants if "ServerlessConfig" in variant]
    for variant in variants:
        where = f"production variant {variant['VariantName']}"
        if variant in serverless:
            _check_serverless(variant, where)
        else:
            _require(variant, ("InstanceType", "InitialInstanceCount"), f"The {where}, which has no ServerlessConfig,")
    _check_rooms(request, [variant for variant in variants if "ModelName" not in variant])
    if serverless and len(variants) > 1:
        raise _invalid("An endpoint configuration with a ServerlessConfig has one production variant, no more.")
    excluded = [name for name in ("VpcConfig", "EnableNetworkIsolation", "DataCaptureConfig") if request.get(name)]
    if serverless and excluded:
        raise _invalid(f"{', '.join(excluded)} cannot be specified with a ServerlessConfig.")
    if not sum(variant.get("InitialVariantWeight", 1.0) for variant in variants):
        raise _invalid("The InitialVariantWeight of at least one production variant must be above 0.")


def check_training_job(request: Mapping[str, Any]) -> None:
    """StoppingCondition, ResourceConfig, AlgorithmSpecification, and what CreateTrainingJob says of a network."""
    resources: Mapping[str, Any] = request.get("ResourceConfig", {})
    grouped = "InstanceGroups" in resources
    asked = [name for name in ("InstanceType", "InstanceCount") if name in resources]
    if grouped and asked:
        raise _invalid(f"{' and '.join(asked)} cannot be specified in ResourceConfig along with InstanceGroups.")
    spot = request.get("EnableManagedSpotTraining", False)
    if PREFERENCES in resources:
        check_preferences(resources, ("InstanceGroups", "InstancePlacementConfig"))
        if spot:
            raise _invalid(f"EnableManagedSpotTraining cannot be specified along with {PREFERENCES}.")
    elif not grouped:
        _require(resources, ("InstanceType", "InstanceCount"), "ResourceConfig, which has no InstanceGroups,")
    groups = resources.get("InstanceGroups", ())
    _check_distinct(_names(groups, "InstanceGroupName"), "InstanceGroupName")
    _check_instances(sum(group["InstanceCount"] for group in groups) if grouped else selected(resources)[1])
    _check_runtime(request.get("StoppingCondition", {}), spot=spot)
    _check_distinct(_names(request.get("InputDataConfig", ()), "ChannelName"), "ChannelName")
    metrics = request.get("AlgorithmSpecification", {}).get("MetricDefinitions", ())
    _check_distinct(_names(metrics, "Name"), "Name of MetricDefinitions")
    _check_text(request, ("HyperParameters", "Environment"))


def check_processing_job(request: Mapping[str, Any]) -> None:
    """ProcessingResources and Environment."""
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if PREFERENCES in cluster:
        check_preferences(cluster)
    else:
        _require(cluster, ("InstanceType", "InstanceCount"), "ClusterConfig")
    _check_instances(selected(cluster)[1])
    _check_text(request, ("Environment",))


def check_transform_job(request: Mapping[str, Any]) -> None:
    """TransformResources, Environment, and the data types that batch transform has."""
    kind = request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
    if kind not in TRANSFORMED:
        raise _invalid(f"S3DataType {kind} is not one of batch transform: it takes {' and '.join(TRANSFORMED)}.")
    _check_instances(request["TransformResources"]["InstanceCount"])
    _check_text(request, ("Environment",))


def _check_rooms(request: Mapping[str, Any], rooms: Sequence[Mapping[str, Any]]) -> None:
    """What is said of variants without a model, whose instances serve inference components."""
    variants = request["ProductionVariants"]
    scaled = [variant["VariantName"] for variant in variants if "ManagedInstanceScaling" in variant]
    if not rooms:
        if scaled:
            raise _invalid(f"ManagedInstanceScaling is for variants without a ModelName, not {', '.join(scaled)}.")
        return
    name = rooms[0]["VariantName"]
    if len(rooms) < len(variants):
        raise _invalid(
            f"The production variant {name} has no ModelName while another has: give all of them one, or none."
        )
    if "ExecutionRoleArn" not in request:
        raise _invalid(f"ExecutionRoleArn is required: the production variant {name} has no ModelName.")
    excluded = ("AsyncInferenceConfig", "DataCaptureConfig", "ShadowProductionVariants")
    asked = [member for member in excluded if request.get(member)]
    asked += ["ServerlessConfig" for variant in rooms if "ServerlessConfig" in variant]
    if asked:
        raise _invalid(f"{', '.join(asked)} for production variants without a ModelName is not supported by Studiolo.")
    for variant in rooms:
        scaling = variant.get("ManagedInstanceScaling", {})
        least, most = scaling.get("MinInstanceCount", 1), scaling.get("MaxInstanceCount", MOST_ROOMS)
        if scaling.get("Status") == "ENABLED" and not least <= variant["InitialInstanceCount"] <= most:
            raise _invalid(
                f"InitialInstanceCount {variant['InitialInstanceCount']} of the production variant "
                f"{variant['VariantName']} is not from MinInstanceCount {least} to MaxInstanceCount {most}."
            )


def _check_serverless(variant: Mapping[str, Any], where: str) -> None:
    asked = [name for name in OF_INSTANCES if name in variant]
    if asked:
        raise _invalid(f"{', '.join(asked)} cannot be specified along with ServerlessConfig for {where}.")
    config = variant["ServerlessConfig"]
    memory, most = config["MemorySizeInMB"], config["MaxConcurrency"]
    if memory % MEMORY_STEP or not SMALLEST_MEMORY <= memory <= LARGEST_MEMORY:
        valid = ", ".join(str(size) for size in range(SMALLEST_MEMORY, LARGEST_MEMORY + 1, MEMORY_STEP))
        raise _invalid(f"Invalid MemorySizeInMB {memory} for {where}. Valid values, in increments of 1 GB: {valid}.")
    provisioned = config.get("ProvisionedConcurrency", 0)
    if provisioned > most:
        raise _invalid(
            f"Invalid ProvisionedConcurrency {provisioned} for {where}. "
            f"It must be less than or equal to MaxConcurrency, {most}."
        )


def _check_text(request: Mapping[str, Any], members: Iterable[str]) -> None:
    for member in members:
        if any("\0" in name + value for name, value in request.get(member, {}).items()):
            raise _invalid(f"{member} cannot hold the character NUL.")


def _check_instances(count: int) -> None:
    if count < 1:
        raise _invalid(f"InstanceCount {count} is not valid: a job has at least one instance.")
    if count > MOST_INSTANCES:
        raise ServiceError(
            LIMIT,
            f"A job has {MOST_INSTANCES} instances at most, each a process of this machine; {count} were requested.",
        )


def _check_runtime(condition: Mapping[str, Any], *, spot: bool) -> None:
    longest = condition.get("MaxRuntimeInSeconds", 0)
    if longest > LONGEST_RUN:
        raise _invalid(f"Invalid MaxRuntimeInSeconds {longest}. It must be at most {LONGEST_RUN}, which is 28 days.")
    if spot and condition.get("MaxWaitTimeInSeconds", 0) < max(longest, 1):
        raise _invalid(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
    if not spot and "MaxWaitTimeInSeconds" in condition:
        raise _invalid("MaxWaitTimeInSeconds can be specified only with EnableManagedSpotTraining.")


def _require(given: Mapping[str, Any], names: Iterable[str], what: str) -> None:
    missing = [name for name in names if name not in given]
    if missing:
        raise _invalid(f"{what} needs {' and '.join(missing)}.")


def _names(entries: Iterable[Mapping[str, Any]], member: str) -> list[str]:
    return [entry[member] for entry in entries]


def _check_distinct(names: Sequence[str], member: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _invalid(f"Each {member} must be unique; given more than once: {', '.join(twice)}.")


def _invalid(message: str) -> ServiceError:
    return ServiceError(INVALID, message)
