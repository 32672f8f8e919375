"""Amazon SageMaker: training jobs."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.containers.algorithm import MetricDefinition
from studiolo.ml.jobs.job import PASSING
from studiolo.ml.training.contract import MODEL
from studiolo.ml.training.jobs import TrainingJob, interruptions
from studiolo.ml.training.specification import (
    CHECKPOINTS,
    HOMOGENEOUS,
    Channel,
    Checkpoints,
    Group,
    TrainingSpecification,
)
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.constraints import check_training_job
from studiolo.services.sagemaker.instances import selected, told
from studiolo.services.sagemaker.service import (
    INVALID,
    kept,
    listing,
    moment,
    next_token,
    pairs,
    refuse,
    sagemaker,
    tags,
)
from studiolo.services.sagemaker.trial_components import checked_experiment, note_training_job

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ChannelUnionTypeDef,
        CreateTrainingJobRequestTypeDef,
        CreateTrainingJobResponseTypeDef,
        DeleteTrainingJobRequestTypeDef,
        DescribeTrainingJobRequestTypeDef,
        DescribeTrainingJobResponseTypeDef,
        ListTrainingJobsRequestTypeDef,
        ListTrainingJobsResponseTypeDef,
        StopTrainingJobRequestTypeDef,
        UpdateTrainingJobRequestTypeDef,
        UpdateTrainingJobResponseTypeDef,
    )

RECORDED = (
    "OutputDataConfig", "ResourceConfig", "VpcConfig", "StoppingCondition", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "DebugHookConfig", "DebugRuleConfigurations",
    "TensorBoardOutputConfig", "ExperimentConfig", "ProfilerConfig", "ProfilerRuleConfigurations", "RetryStrategy",
    "RemoteDebugConfig", "InfraCheckConfig", "CheckpointConfig",
)  # fmt: skip
UPDATED = ("ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig")
DAY = 24 * 60 * 60
BILLED = ("Downloading", "Training", "Uploading", "Stopping")
"""The secondary statuses in which a job has its instances."""


@sagemaker.operation
def create_training_job(call: Call, request: "CreateTrainingJobRequestTypeDef") -> "CreateTrainingJobResponseTypeDef":
    experiment = checked_experiment(call, request)
    job = call.studio.ml.training.create(
        call.scope, call.principal, request["TrainingJobName"], specification(request), tags(call, request)
    )
    note_training_job(call, experiment, job)
    return {"TrainingJobArn": job.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_training_job(call: Call, request: "DeleteTrainingJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.training.delete(call.scope, request["TrainingJobName"])
    return {}


@sagemaker.patient(Patience("training-job", "TrainingJobName", ("TrainingJobStatus",), PASSING, seconds=5))
def describe_training_job(
    call: Call, request: "DescribeTrainingJobRequestTypeDef"
) -> "DescribeTrainingJobResponseTypeDef":
    training = call.studio.ml.training
    job = training.describe(call.scope, request["TrainingJobName"])
    answer: Any = as_training_job(job, training.metrics_of(job.specification), training.warm_pool(job))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_training_jobs(call: Call, request: "ListTrainingJobsRequestTypeDef") -> "ListTrainingJobsResponseTypeDef":
    refuse(request, ["WarmPoolStatusEquals", "TrainingPlanArnEquals"], "ListTrainingJobs")
    training = call.studio.ml.training
    page = training.page(call.scope, listing(request, descending=False))
    summaries = [as_summary(job, training.warm_pool(job)) for job in page.items]
    return {"TrainingJobSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def stop_training_job(call: Call, request: "StopTrainingJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.training.stop(call.scope, request["TrainingJobName"])
    return {}


@sagemaker.operation
def update_training_job(call: Call, request: "UpdateTrainingJobRequestTypeDef") -> "UpdateTrainingJobResponseTypeDef":
    keep_alive = request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds")
    job = call.studio.ml.training.update(call.scope, request["TrainingJobName"], keep_alive, kept(request, UPDATED))
    return {"TrainingJobArn": job.arn}  # type: ignore[typeddict-item]


def specification(request: "CreateTrainingJobRequestTypeDef") -> TrainingSpecification:
    refuse(
        request,
        ["SessionChainingConfig", "ServerlessJobConfig", "MlflowConfig", "ModelPackageConfig"],
        "CreateTrainingJob",
    )
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        raise ServiceError(INVALID, "A training job needs an AlgorithmSpecification with a TrainingImage.")
    refuse(algorithm, ["AlgorithmName"], "AlgorithmSpecification")
    if not algorithm.get("TrainingImage"):
        raise ServiceError(INVALID, "AlgorithmSpecification needs a TrainingImage, the URI of the image to train with.")
    check_training_job(request)
    checkpoints = request.get("CheckpointConfig")
    condition = request.get("StoppingCondition", {})
    resources: Mapping[str, Any] = request.get("ResourceConfig", {})
    return TrainingSpecification(
        image=algorithm["TrainingImage"],
        role=request["RoleArn"],
        channels=tuple(as_channel(channel) for channel in request.get("InputDataConfig", [])),
        output=request["OutputDataConfig"]["S3OutputPath"],
        max_runtime=condition.get("MaxRuntimeInSeconds", DAY),
        input_mode=algorithm["TrainingInputMode"],
        hyperparameters=dict(request.get("HyperParameters", {})),
        environment=dict(request.get("Environment", {})),
        metrics=tuple(MetricDefinition(m["Name"], m["Regex"]) for m in algorithm.get("MetricDefinitions", [])),
        groups=as_groups(resources),
        entrypoint=tuple(algorithm.get("ContainerEntrypoint", ())),
        arguments=tuple(algorithm.get("ContainerArguments", ())),
        compressed=request["OutputDataConfig"].get("CompressionType", "GZIP") != "NONE",
        checkpoints=None
        if checkpoints is None
        else Checkpoints(checkpoints["S3Uri"], checkpoints.get("LocalPath", CHECKPOINTS)),
        spot=request.get("EnableManagedSpotTraining", False),
        max_wait=condition.get("MaxWaitTimeInSeconds"),
        interruptions=interruptions(pairs(request)),
        retries=request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0),
        keep_alive=resources.get("KeepAlivePeriodInSeconds", 0),
        recorded=kept(request, RECORDED),
    )


def as_groups(resources: Mapping[str, Any]) -> tuple[Group, ...]:
    if "InstanceGroups" in resources:
        return tuple(
            Group(each["InstanceGroupName"], each["InstanceType"], each["InstanceCount"])
            for each in resources["InstanceGroups"]
        )
    return (Group(HOMOGENEOUS, *selected(resources)),)


def as_channel(request: "ChannelUnionTypeDef") -> Channel:
    where = f"channel {request['ChannelName']}"
    refuse(request["DataSource"], ["FileSystemDataSource", "DatasetSource"], where)
    source = request["DataSource"].get("S3DataSource")
    if source is None:
        raise ServiceError(INVALID, f"The {where} needs an S3DataSource.")
    refuse(source, ["ModelAccessConfig", "HubAccessConfig"], where)
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile", "AugmentedManifestFile"):
        raise ServiceError(
            INVALID,
            f"S3DataType {source['S3DataType']} in {where} is not supported by Studiolo: use S3Prefix, ManifestFile or "
            "AugmentedManifestFile.",
        )
    shuffle = request.get("ShuffleConfig")
    return Channel(
        name=request["ChannelName"],
        uri=source["S3Uri"],
        source=source["S3DataType"],
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        content_type=request.get("ContentType"),
        compression=request.get("CompressionType", "None"),
        input_mode=request.get("InputMode"),
        wrapper=request.get("RecordWrapperType", "None"),
        seed=None if shuffle is None else shuffle["Seed"],
        attributes=tuple(source.get("AttributeNames", ())),
        groups=tuple(source.get("InstanceGroupNames", ())),
    )


def as_training_job(
    job: TrainingJob, metrics: Sequence[MetricDefinition], pool: Mapping[str, Any] | None
) -> dict[str, Any]:
    asked, progress = job.specification, job.progress
    answer = {
        **as_summary(job, pool),
        "ModelArtifacts": {"S3ModelArtifacts": progress.outputs.get(MODEL, "")},
        "HyperParameters": dict(asked.hyperparameters),
        "AlgorithmSpecification": {
            "TrainingImage": asked.image,
            "TrainingInputMode": asked.input_mode,
            "MetricDefinitions": [{"Name": metric.name, "Regex": metric.regex} for metric in metrics],
            "EnableSageMakerMetricsTimeSeries": False,
            **({"ContainerEntrypoint": list(asked.entrypoint)} if asked.entrypoint else {}),
            **({"ContainerArguments": list(asked.arguments)} if asked.arguments else {}),
        },
        "RoleArn": asked.role,
        "InputDataConfig": [from_channel(channel) for channel in asked.channels],
        "StoppingCondition": {"MaxRuntimeInSeconds": asked.max_runtime},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        "Environment": dict(asked.environment),
        **asked.recorded,
        "ResourceConfig": told(asked.recorded["ResourceConfig"]),
        # The SageMaker SDK reads the key of every job.
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP", **asked.recorded["OutputDataConfig"]},
        "SecondaryStatusTransitions": [
            {
                "Status": transition.status,
                "StartTime": moment(transition.start),
                **({"EndTime": moment(transition.end)} if transition.end is not None else {}),
                "StatusMessage": transition.message,
            }
            for transition in progress.transitions
        ],
        "FinalMetricDataList": [
            {"MetricName": metric.name, "Value": metric.value, "Timestamp": moment(metric.time)}
            for metric in progress.metrics
        ],
    }
    if progress.failure is not None:
        answer["FailureReason"] = progress.failure
    if progress.started is not None:
        answer["TrainingStartTime"] = moment(progress.started)
        if progress.ended is not None:
            taken = progress.ended - progress.started
            billed = seconds_billed(job) if asked.spot else taken
            answer |= {"TrainingTimeInSeconds": math.ceil(taken), "BillableTimeInSeconds": math.ceil(billed)}
    return answer


def seconds_billed(job: TrainingJob) -> float:
    """How long a spot job had its instances, without what it waited for them, or before its training time began."""
    over = [entry for entry in job.progress.transitions if entry.status in BILLED and entry.end is not None]
    begun = job.progress.started or 0.0
    return sum(max(0.0, (entry.end or 0.0) - max(entry.start, begun)) for entry in over)


def as_summary(job: TrainingJob, pool: Mapping[str, Any] | None) -> dict[str, Any]:
    ended = job.progress.ended
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.progress.status,
        "SecondaryStatus": job.progress.secondary,
        "CreationTime": job.created,
        "LastModifiedTime": job.changed,
        **({"TrainingEndTime": moment(ended)} if ended is not None else {}),
        **({"WarmPoolStatus": as_warm_pool(pool)} if pool is not None else {}),
    }


def as_warm_pool(pool: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Status": pool["status"],
        **({"ResourceRetainedBillableTimeInSeconds": math.ceil(pool["retained"])} if "retained" in pool else {}),
        **({"ReusedByJob": pool["reused_by"]} if "reused_by" in pool else {}),
    }


def from_channel(channel: Channel) -> dict[str, Any]:
    return {
        "ChannelName": channel.name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": channel.source,
                "S3Uri": channel.uri,
                "S3DataDistributionType": channel.distribution,
                **({"AttributeNames": list(channel.attributes)} if channel.attributes else {}),
                **({"InstanceGroupNames": list(channel.groups)} if channel.groups else {}),
            }
        },
        "CompressionType": channel.compression,
        "RecordWrapperType": channel.wrapper,
        **({"ContentType": channel.content_type} if channel.content_type else {}),
        **({"InputMode": channel.input_mode} if channel.input_mode else {}),
        **({"ShuffleConfig": {"Seed": channel.seed}} if channel.seed is not None else {}),
    }
