"""Amazon SageMaker: compilation jobs."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.compilation.images import inference_image
from studiolo.ml.compilation.jobs import CompilationJob
from studiolo.ml.compilation.specification import CompilationSpecification, Target, check_options, shapes_of
from studiolo.ml.jobs.job import COMPLETED, FAILED, IN_PROGRESS, STOPPED, STOPPING
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.service import INVALID, kept, listing, moment, next_token, refuse, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateCompilationJobRequestTypeDef,
        CreateCompilationJobResponseTypeDef,
        DeleteCompilationJobRequestTypeDef,
        DescribeCompilationJobRequestTypeDef,
        DescribeCompilationJobResponseTypeDef,
        ListCompilationJobsRequestTypeDef,
        ListCompilationJobsResponseTypeDef,
        StopCompilationJobRequestTypeDef,
    )

RECORDED = ("InputConfig", "OutputConfig", "StoppingCondition", "VpcConfig")
STATUSES = {
    IN_PROGRESS: "INPROGRESS",
    STOPPING: "STOPPING",
    COMPLETED: "COMPLETED",
    FAILED: "FAILED",
    STOPPED: "STOPPED",
}
"""The words of compilation jobs for what becomes of a job."""
PASSING = frozenset({STATUSES[IN_PROGRESS], STATUSES[STOPPING]})
EXITED = ", exit code: 1"
"""What the failure of a container's program says of it: here the program is ours."""


@sagemaker.operation
def create_compilation_job(
    call: Call, request: "CreateCompilationJobRequestTypeDef"
) -> "CreateCompilationJobResponseTypeDef":
    job = call.studio.ml.compilation.create(
        call.scope, call.principal, request["CompilationJobName"], specification(request), tags(call, request)
    )
    return {"CompilationJobArn": job.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_compilation_job(call: Call, request: "DeleteCompilationJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.compilation.delete(call.scope, request["CompilationJobName"])
    return {}


@sagemaker.patient(Patience("compilation-job", "CompilationJobName", ("CompilationJobStatus",), PASSING, seconds=5))
def describe_compilation_job(
    call: Call, request: "DescribeCompilationJobRequestTypeDef"
) -> "DescribeCompilationJobResponseTypeDef":
    answer: Any = as_compilation_job(call.studio.ml.compilation.describe(call.scope, request["CompilationJobName"]))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_compilation_jobs(
    call: Call, request: "ListCompilationJobsRequestTypeDef"
) -> "ListCompilationJobsResponseTypeDef":
    wanted: Any = dict(request)
    if "StatusEquals" in wanted:
        words = {word: status for status, word in STATUSES.items()}
        wanted["StatusEquals"] = words.get(wanted["StatusEquals"], wanted["StatusEquals"])
    page = call.studio.ml.compilation.page(call.scope, listing(wanted, descending=False))
    summaries = [as_summary(job) for job in page.items]
    return {"CompilationJobSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def stop_compilation_job(call: Call, request: "StopCompilationJobRequestTypeDef") -> dict[str, object]:
    call.studio.ml.compilation.stop(call.scope, request["CompilationJobName"])
    return {}


def specification(request: "CreateCompilationJobRequestTypeDef") -> CompilationSpecification:
    refuse(request, ["ModelPackageVersionArn"], "CreateCompilationJob")
    given: Any = request.get("InputConfig")
    if given is None:
        raise ServiceError(INVALID, "CreateCompilationJob needs an InputConfig.")
    taken, platform = request["OutputConfig"], request["OutputConfig"].get("TargetPlatform", {})
    if "CompilerOptions" in taken:
        check_options(taken["CompilerOptions"])
    return CompilationSpecification(
        framework=given["Framework"],
        role=request["RoleArn"],
        uri=given["S3Uri"],
        output=taken["S3OutputLocation"],
        target=Target(
            taken.get("TargetDevice", ""),
            platform.get("Os", ""),
            platform.get("Arch", ""),
            platform.get("Accelerator", ""),
        ),
        shapes=shapes_of(given["DataInputConfig"]) if "DataInputConfig" in given else {},
        version=given.get("FrameworkVersion", ""),
        max_runtime=request["StoppingCondition"].get("MaxRuntimeInSeconds", 15 * 60),
        recorded=kept(request, RECORDED),
    )


def as_compilation_job(job: CompilationJob) -> dict[str, Any]:
    asked, progress = job.specification, job.progress
    done = progress.status == COMPLETED
    image = inference_image(asked.framework, asked.version, job.scope.region) if asked.target.device else None
    return {
        **as_times(job),
        **asked.recorded,
        "RoleArn": asked.role,
        "FailureReason": (progress.failure or "").removesuffix(EXITED),
        "ModelArtifacts": {"S3ModelArtifacts": asked.artifact if done else ""},
        **({"InferenceImage": image} if image else {}),
        **({"DerivedInformation": {"DerivedDataInputConfig": progress.message}} if progress.message else {}),
    }


def as_summary(job: CompilationJob) -> dict[str, Any]:
    target = job.specification.target
    members = {
        "CompilationTargetDevice": target.device,
        "CompilationTargetPlatformOs": target.system,
        "CompilationTargetPlatformArch": target.architecture,
    }
    return {**as_times(job), **{name: value for name, value in members.items() if value}}


def as_times(job: CompilationJob) -> dict[str, Any]:
    progress = job.progress
    return {
        "CompilationJobName": job.name,
        "CompilationJobArn": job.arn,
        "CompilationJobStatus": STATUSES[progress.status],
        "CreationTime": job.created,
        "LastModifiedTime": job.changed,
        **({"CompilationStartTime": moment(progress.started)} if progress.started is not None else {}),
        **({"CompilationEndTime": moment(progress.ended)} if progress.ended is not None else {}),
    }
