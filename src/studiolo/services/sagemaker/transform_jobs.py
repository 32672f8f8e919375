"""Amazon SageMaker: batch transform jobs."""

from typing import TYPE_CHECKING, Any

from studiolo.containers.batch.specification import Batch
from studiolo.ml.jobs.job import PASSING
from studiolo.ml.transform.jobs import TransformJob
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.constraints import check_transform_job
from studiolo.services.sagemaker.service import kept, listing, moment, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateTransformJobRequestTypeDef,
        CreateTransformJobResponseTypeDef,
        DescribeTransformJobRequestTypeDef,
        DescribeTransformJobResponseTypeDef,
        ListTransformJobsRequestTypeDef,
        ListTransformJobsResponseTypeDef,
        StopTransformJobRequestTypeDef,
    )

RECORDED = (
    "ModelName", "MaxConcurrentTransforms", "ModelClientConfig", "MaxPayloadInMB", "BatchStrategy", "Environment",
    "TransformInput", "TransformOutput", "TransformResources", "DataProcessing", "DataCaptureConfig",
    "ExperimentConfig",
)  # fmt: skip


@sagemaker.operation
def create_transform_job(
    call: Call, request: "CreateTransformJobRequestTypeDef"
) -> "CreateTransformJobResponseTypeDef":
    check_transform_job(request)
    job = call.studio.ml.transform.create(
        call.scope,
        request["TransformJobName"],
        request["ModelName"],
        as_batch(request),
        request["TransformResources"]["InstanceCount"],
        request.get("Environment", {}),
        kept(request, RECORDED),
        tags(call, request),
    )
    return {"TransformJobArn": job.arn}  # type: ignore[typeddict-item]


@sagemaker.patient(Patience("transform-job", "TransformJobName", ("TransformJobStatus",), PASSING, seconds=5))
def describe_transform_job(
    call: Call, request: "DescribeTransformJobRequestTypeDef"
) -> "DescribeTransformJobResponseTypeDef":
    answer: Any = as_transform_job(call.studio.ml.transform.describe(call.scope, request["TransformJobName"]))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_transform_jobs(call: Call, request: "ListTransformJobsRequestTypeDef") -> "ListTransformJobsResponseTypeDef":
    page = call.studio.ml.transform.page(call.scope, listing(request, descending=True))
    summaries = [as_summary(job) for job in page.items]
    return {"TransformJobSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def stop_transform_job(call: Call, request: "StopTransformJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.transform.stop(call.scope, request["TransformJobName"])
    return {}


def as_batch(request: "CreateTransformJobRequestTypeDef") -> Batch:
    given, taken = request["TransformInput"], request["TransformOutput"]
    source: Any = given["DataSource"]["S3DataSource"]
    capture = request.get("DataCaptureConfig", {})
    client, processing = request.get("ModelClientConfig", {}), request.get("DataProcessing", {})
    strategy = request.get("BatchStrategy")
    return Batch(
        model="",
        uri=source["S3Uri"],
        output=taken["S3OutputPath"],
        source=source["S3DataType"],
        gzip=given.get("CompressionType") == "Gzip",
        content_type=given.get("ContentType", ""),
        accept=taken.get("Accept", ""),
        split=given.get("SplitType", "None"),
        lines=taken.get("AssembleWith") == "Line",
        single=None if strategy is None else strategy == "SingleRecord",
        concurrent=request.get("MaxConcurrentTransforms") or None,
        payload=request.get("MaxPayloadInMB"),
        timeout=client.get("InvocationsTimeoutInSeconds", 600),
        retries=client.get("InvocationsMaxRetries", 3),
        input_filter=processing.get("InputFilter") or "$",
        output_filter=processing.get("OutputFilter") or "$",
        captured=capture.get("DestinationS3Uri", ""),
        identified=capture.get("GenerateInferenceId", False),
        joined=processing.get("JoinSource") == "Input",
    )


def as_transform_job(job: TransformJob) -> dict[str, Any]:
    started = job.progress.started
    recorded = job.specification.recorded
    return {
        **as_summary(job),
        **recorded,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **recorded["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **recorded["TransformOutput"]},
        "DataProcessing": {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
        | recorded.get("DataProcessing", {}),
        **({"TransformStartTime": moment(started)} if started is not None else {}),
    }


def as_summary(job: TransformJob) -> dict[str, Any]:
    progress = job.progress
    return {
        "TransformJobName": job.name,
        "TransformJobArn": job.arn,
        "TransformJobStatus": progress.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.changed,
        **({"TransformEndTime": moment(progress.ended)} if progress.ended is not None else {}),
        **({"FailureReason": progress.failure} if progress.failure is not None else {}),
    }
