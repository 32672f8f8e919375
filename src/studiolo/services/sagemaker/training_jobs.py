"""Amazon SageMaker: training jobs."""

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.containers.algorithm import MetricDefinition
from studiolo.ml.training.job import PASSING, Channel, TrainingJob, TrainingSpecification
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.constraints import check_training_job
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, refuse, sagemaker, tags

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
    )

RECORDED = (
    "OutputDataConfig", "ResourceConfig", "VpcConfig", "StoppingCondition", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "DebugHookConfig", "DebugRuleConfigurations",
    "TensorBoardOutputConfig", "ExperimentConfig", "ProfilerConfig", "ProfilerRuleConfigurations", "RetryStrategy",
    "RemoteDebugConfig", "InfraCheckConfig",
)  # fmt: skip
DAY = 24 * 60 * 60


@sagemaker.operation
def create_training_job(call: Call, request: "CreateTrainingJobRequestTypeDef") -> "CreateTrainingJobResponseTypeDef":
    job = call.studio.ml.training.create(
        call.scope, call.principal, request["TrainingJobName"], specification(request), tags(request)
    )
    return {"TrainingJobArn": job.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_training_job(call: Call, request: "DeleteTrainingJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.training.delete(call.scope, request["TrainingJobName"])
    return {}


@sagemaker.patient(Patience("training-job", "TrainingJobName", ("TrainingJobStatus",), PASSING, seconds=5))
def describe_training_job(
    call: Call, request: "DescribeTrainingJobRequestTypeDef"
) -> "DescribeTrainingJobResponseTypeDef":
    job = call.studio.ml.training.describe(call.scope, request["TrainingJobName"])
    answer: Any = as_training_job(job, call.studio.ml.training.metrics_of(job.specification))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_training_jobs(call: Call, request: "ListTrainingJobsRequestTypeDef") -> "ListTrainingJobsResponseTypeDef":
    refuse(request, ["WarmPoolStatusEquals", "TrainingPlanArnEquals"], "ListTrainingJobs")
    page = call.studio.ml.training.page(call.scope, listing(request, descending=False))
    summaries = [as_summary(job) for job in page.items]
    return {"TrainingJobSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def stop_training_job(call: Call, request: "StopTrainingJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.training.stop(call.scope, request["TrainingJobName"])
    return {}


def specification(request: "CreateTrainingJobRequestTypeDef") -> TrainingSpecification:
    refuse(
        request,
        ["CheckpointConfig", "SessionChainingConfig", "ServerlessJobConfig", "MlflowConfig", "ModelPackageConfig"],
        "CreateTrainingJob",
    )
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        raise ServiceError(INVALID, "A training job needs an AlgorithmSpecification with a TrainingImage.")
    refuse(algorithm, ["AlgorithmName", "ContainerEntrypoint", "ContainerArguments"], "AlgorithmSpecification")
    if request["OutputDataConfig"].get("CompressionType") == "NONE":
        raise ServiceError(INVALID, "CompressionType NONE in OutputDataConfig is not supported by Studiolo: use GZIP.")
    check_training_job(request)
    return TrainingSpecification(
        image=algorithm.get("TrainingImage", ""),
        role=request["RoleArn"],
        channels=tuple(as_channel(channel) for channel in request.get("InputDataConfig", [])),
        output=request["OutputDataConfig"]["S3OutputPath"],
        max_runtime=request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DAY),
        input_mode=algorithm["TrainingInputMode"],
        hyperparameters=dict(request.get("HyperParameters", {})),
        environment=dict(request.get("Environment", {})),
        metrics=tuple(MetricDefinition(m["Name"], m["Regex"]) for m in algorithm.get("MetricDefinitions", [])),
        recorded=kept(request, RECORDED),
    )


def as_channel(request: "ChannelUnionTypeDef") -> Channel:
    where = f"channel {request['ChannelName']}"
    refuse(request, ["ShuffleConfig"], where)
    refuse(request["DataSource"], ["FileSystemDataSource", "DatasetSource"], where)
    source = request["DataSource"].get("S3DataSource")
    if source is None:
        raise ServiceError(INVALID, f"The {where} needs an S3DataSource.")
    refuse(source, ["AttributeNames", "InstanceGroupNames", "ModelAccessConfig", "HubAccessConfig"], where)
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise ServiceError(
            INVALID,
            f"S3DataType {source['S3DataType']} in {where} is not supported by Studiolo: use S3Prefix or ManifestFile.",
        )
    if request.get("RecordWrapperType", "None") != "None":
        raise ServiceError(INVALID, f"RecordWrapperType RecordIO in {where} is not supported by Studiolo.")
    return Channel(
        name=request["ChannelName"],
        uri=source["S3Uri"],
        source=source["S3DataType"],
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        content_type=request.get("ContentType"),
        compression=request.get("CompressionType", "None"),
        input_mode=request.get("InputMode"),
    )


def as_training_job(job: TrainingJob, metrics: Sequence[MetricDefinition]) -> dict[str, Any]:
    asked, progress = job.specification, job.progress
    answer = {
        **as_summary(job),
        "ModelArtifacts": {"S3ModelArtifacts": progress.model or ""},
        "HyperParameters": dict(asked.hyperparameters),
        "AlgorithmSpecification": {
            "TrainingImage": asked.image,
            "TrainingInputMode": asked.input_mode,
            "MetricDefinitions": [{"Name": metric.name, "Regex": metric.regex} for metric in metrics],
            "EnableSageMakerMetricsTimeSeries": False,
        },
        "RoleArn": asked.role,
        "InputDataConfig": [from_channel(channel) for channel in asked.channels],
        "StoppingCondition": {"MaxRuntimeInSeconds": asked.max_runtime},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        "Environment": dict(asked.environment),
        **asked.recorded,
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
            seconds = math.ceil(progress.ended - progress.started)
            answer |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    return answer


def as_summary(job: TrainingJob) -> dict[str, Any]:
    ended = job.progress.ended
    return {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.progress.status,
        "SecondaryStatus": job.progress.secondary,
        "CreationTime": job.created,
        "LastModifiedTime": job.changed,
        **({"TrainingEndTime": moment(ended)} if ended is not None else {}),
    }


def from_channel(channel: Channel) -> dict[str, Any]:
    return {
        "ChannelName": channel.name,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": channel.source,
                "S3Uri": channel.uri,
                "S3DataDistributionType": channel.distribution,
            }
        },
        "CompressionType": channel.compression,
        "RecordWrapperType": "None",
        **({"ContentType": channel.content_type} if channel.content_type else {}),
        **({"InputMode": channel.input_mode} if channel.input_mode else {}),
    }


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
