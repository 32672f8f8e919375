"""Amazon SageMaker: processing jobs."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.jobs.job import PASSING
from studiolo.ml.processing.jobs import ProcessingJob
from studiolo.ml.processing.specification import ProcessingInput, ProcessingOutput, ProcessingSpecification
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.constraints import check_processing_job
from studiolo.services.sagemaker.instances import selected, told
from studiolo.services.sagemaker.service import INVALID, kept, listing, moment, next_token, refuse, sagemaker, tags
from studiolo.services.sagemaker.trial_components import checked_experiment, note_processing_job

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateProcessingJobRequestTypeDef,
        CreateProcessingJobResponseTypeDef,
        DeleteProcessingJobRequestTypeDef,
        DescribeProcessingJobRequestTypeDef,
        DescribeProcessingJobResponseTypeDef,
        ListProcessingJobsRequestTypeDef,
        ListProcessingJobsResponseTypeDef,
        ProcessingInputTypeDef,
        ProcessingOutputTypeDef,
        StopProcessingJobRequestTypeDef,
    )

RECORDED = (
    "ProcessingOutputConfig", "ProcessingResources", "StoppingCondition", "AppSpecification", "NetworkConfig",
    "ExperimentConfig",
)  # fmt: skip
DAY = 24 * 60 * 60


@sagemaker.operation
def create_processing_job(
    call: Call, request: "CreateProcessingJobRequestTypeDef"
) -> "CreateProcessingJobResponseTypeDef":
    experiment = checked_experiment(call, request)
    job = call.studio.ml.processing.create(
        call.scope, call.principal, request["ProcessingJobName"], specification(request), tags(call, request)
    )
    note_processing_job(call, experiment, job)
    return {"ProcessingJobArn": job.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_processing_job(call: Call, request: "DeleteProcessingJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.processing.delete(call.scope, request["ProcessingJobName"])
    return {}


@sagemaker.patient(Patience("processing-job", "ProcessingJobName", ("ProcessingJobStatus",), PASSING, seconds=5))
def describe_processing_job(
    call: Call, request: "DescribeProcessingJobRequestTypeDef"
) -> "DescribeProcessingJobResponseTypeDef":
    answer: Any = as_processing_job(call.studio.ml.processing.describe(call.scope, request["ProcessingJobName"]))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_processing_jobs(
    call: Call, request: "ListProcessingJobsRequestTypeDef"
) -> "ListProcessingJobsResponseTypeDef":
    page = call.studio.ml.processing.page(call.scope, listing(request, descending=False))
    summaries = [as_summary(job) for job in page.items]
    return {"ProcessingJobSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def stop_processing_job(call: Call, request: "StopProcessingJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.processing.stop(call.scope, request["ProcessingJobName"])
    return {}


def specification(request: "CreateProcessingJobRequestTypeDef") -> ProcessingSpecification:
    check_processing_job(request)
    program = request["AppSpecification"]
    cluster = request["ProcessingResources"]["ClusterConfig"]
    outputs: Any = request.get("ProcessingOutputConfig", {})
    return ProcessingSpecification(
        image=program["ImageUri"],
        role=request["RoleArn"],
        inputs=tuple(as_input(given) for given in request.get("ProcessingInputs", [])),
        outputs=tuple(as_output(taken) for taken in outputs.get("Outputs", [])),
        count=selected(cluster)[1],
        max_runtime=request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DAY),
        entrypoint=tuple(program.get("ContainerEntrypoint", ())),
        arguments=tuple(program.get("ContainerArguments", ())),
        environment=dict(request.get("Environment", {})),
        recorded=kept(request, RECORDED),
    )


def as_input(request: "ProcessingInputTypeDef") -> ProcessingInput:
    name, where = request["InputName"], f"input {request['InputName']}"
    refuse(request, ["DatasetDefinition"], where)
    source: Any = request.get("S3Input")
    if source is None:
        raise ServiceError(INVALID, f"The {where} needs an S3Input.")
    return ProcessingInput(
        name=name,
        recorded=dict(request),
        uri=source["S3Uri"],
        path=source.get("LocalPath", ""),
        source=source["S3DataType"],
        mode=source.get("S3InputMode", "File"),
        distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        compression=source.get("S3CompressionType", "None"),
        managed=not request.get("AppManaged", False),
    )


def as_output(request: "ProcessingOutputTypeDef") -> ProcessingOutput:
    name, where = request["OutputName"], f"output {request['OutputName']}"
    managed = not request.get("AppManaged", False)
    target: Any = request.get("S3Output")
    if managed:
        refuse(request, ["FeatureStoreOutput"], where)
        if target is None:
            raise ServiceError(INVALID, f"The {where} needs an S3Output.")
    target = target or {}
    return ProcessingOutput(
        name=name,
        recorded=dict(request),
        uri=target.get("S3Uri", ""),
        path=target.get("LocalPath", ""),
        continuous=target.get("S3UploadMode") == "Continuous",
        managed=managed,
    )


def as_processing_job(job: ProcessingJob) -> dict[str, Any]:
    asked, progress = job.specification, job.progress
    return {
        **as_summary(job),
        "ProcessingInputs": [given.recorded for given in asked.inputs],
        "StoppingCondition": {"MaxRuntimeInSeconds": asked.max_runtime},
        "Environment": dict(asked.environment),
        "RoleArn": asked.role,
        **asked.recorded,
        "ProcessingResources": {"ClusterConfig": told(asked.recorded["ProcessingResources"]["ClusterConfig"])},
        **({"ProcessingStartTime": moment(progress.started)} if progress.started is not None else {}),
    }


def as_summary(job: ProcessingJob) -> dict[str, Any]:
    progress = job.progress
    return {
        "ProcessingJobName": job.name,
        "ProcessingJobArn": job.arn,
        "ProcessingJobStatus": progress.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.changed,
        **({"ProcessingEndTime": moment(progress.ended)} if progress.ended is not None else {}),
        **({"FailureReason": progress.failure} if progress.failure is not None else {}),
        **({"ExitMessage": progress.message} if progress.message is not None else {}),
    }
