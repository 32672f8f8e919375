"""Amazon SageMaker: executions of pipelines, and their steps."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.paging import decode_place, decode_token, encode_token
from studiolo.pipelines.definition import Step
from studiolo.pipelines.expressions import as_text
from studiolo.pipelines.model import PASSING, Asked, Execution, Selection, StepRun
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.pipelines import as_parallelism, as_user
from studiolo.services.sagemaker.service import INVALID, moment, next_token, refuse, sagemaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes


@sagemaker.patient(
    Patience("pipeline-execution", "PipelineExecutionArn", ("PipelineExecutionStatus",), PASSING, seconds=5)
)
def describe_pipeline_execution(
    call: Call, request: "shapes.DescribePipelineExecutionRequestTypeDef"
) -> dict[str, Any]:
    execution = call.studio.pipelines.execution(call.scope, request["PipelineExecutionArn"])
    answer: dict[str, Any] = {
        "PipelineArn": execution.arn.partition("/execution/")[0],
        "PipelineExecutionArn": execution.arn,
        "PipelineExecutionDisplayName": execution.display,
        "PipelineExecutionStatus": execution.status,
        "CreationTime": execution.created,
        "LastModifiedTime": execution.changed,
        "CreatedBy": as_user(execution.by),
        "LastModifiedBy": as_user(execution.changed_by),
        "PipelineVersionId": execution.version,
        "RoleArn": execution.role,
        **as_parallelism(execution.parallel),
    }
    if execution.description is not None:
        answer["PipelineExecutionDescription"] = execution.description
    if execution.failure is not None:
        answer["FailureReason"] = execution.failure
    if execution.experiment is not None:
        answer["PipelineExperimentConfig"] = dict(
            zip(("ExperimentName", "TrialName"), execution.experiment, strict=True)
        )
    if execution.selection is not None:
        source = execution.selection.source
        answer["SelectiveExecutionConfig"] = {
            "SelectedSteps": [{"StepName": name} for name in execution.selection.steps],
            **({"SourcePipelineExecutionArn": source} if source is not None else {}),
        }
    return answer


@sagemaker.operation
def describe_pipeline_definition_for_execution(
    call: Call, request: "shapes.DescribePipelineDefinitionForExecutionRequestTypeDef"
) -> dict[str, Any]:
    pipelines = call.studio.pipelines
    version = pipelines.definition_of(pipelines.execution(call.scope, request["PipelineExecutionArn"]))
    return {"PipelineDefinition": version.definition, "CreationTime": version.created}


@sagemaker.operation
def list_pipeline_executions(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    refuse(request, ["PipelineVersionAlias"], "ListPipelineExecutions")
    token = request.get("NextToken")
    page = call.studio.pipelines.executions(
        call.scope,
        request["PipelineName"],
        (request.get("CreatedAfter"), request.get("CreatedBefore")),
        request.get("SortBy", "CreationTime"),
        decode_token(token, INVALID) if token else None,
        request.get("MaxResults", 10),
        descending=request.get("SortOrder", "Descending") == "Descending",
    )
    return {"PipelineExecutionSummaries": [as_summary(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_pipeline_execution_steps(
    call: Call, request: "shapes.ListPipelineExecutionStepsRequestTypeDef"
) -> dict[str, Any]:
    pipelines = call.studio.pipelines
    execution = pipelines.execution(call.scope, request["PipelineExecutionArn"])
    # The last that was begun comes first, as SageMaker has it.
    found = pipelines.steps(execution)
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    shown, more = _part(request, [as_step(run, step) for run, step in found], 10)
    return {"PipelineExecutionSteps": shown, **more}


@sagemaker.operation
def list_pipeline_parameters_for_execution(
    call: Call, request: "shapes.ListPipelineParametersForExecutionRequestTypeDef"
) -> dict[str, Any]:
    pipelines = call.studio.pipelines
    values = pipelines.parameters(pipelines.execution(call.scope, request["PipelineExecutionArn"]))
    shown, more = _part(request, [{"Name": name, "Value": as_text(value)} for name, value in values.items()], 10)
    return {"PipelineParameters": shown, **more}


@sagemaker.operation
def retry_pipeline_execution(call: Call, request: "shapes.RetryPipelineExecutionRequestTypeDef") -> dict[str, Any]:
    again = call.studio.pipelines.retry(call.scope, call.principal, request["PipelineExecutionArn"], _parallel(request))
    return {"PipelineExecutionArn": again.arn}


@sagemaker.operation
def send_pipeline_execution_step_failure(
    call: Call, request: "shapes.SendPipelineExecutionStepFailureRequestTypeDef"
) -> dict[str, Any]:
    reason = request.get("FailureReason") or "The callback step was called back as failed, without a reason."
    execution = call.studio.pipelines.call_back(call.scope, request["CallbackToken"], {}, failure=reason)
    return {"PipelineExecutionArn": execution.arn}


@sagemaker.operation
def send_pipeline_execution_step_success(
    call: Call, request: "shapes.SendPipelineExecutionStepSuccessRequestTypeDef"
) -> dict[str, Any]:
    outputs = {each["Name"]: each["Value"] for each in request.get("OutputParameters", [])}
    return {"PipelineExecutionArn": call.studio.pipelines.call_back(call.scope, request["CallbackToken"], outputs).arn}


@sagemaker.operation
def start_pipeline_execution(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    refuse(request, ["PipelineVersionAlias", "MlflowExperimentName"], "StartPipelineExecution")
    selection = request.get("SelectiveExecutionConfig")
    asked = Asked(
        parameters={each["Name"]: each["Value"] for each in request.get("PipelineParameters", [])},
        display=request.get("PipelineExecutionDisplayName"),
        description=request.get("PipelineExecutionDescription"),
        parallel=_parallel(request),
        role=request.get("RoleArn"),
        selection=None
        if selection is None
        else Selection(
            tuple(each["StepName"] for each in selection["SelectedSteps"]), selection.get("SourcePipelineExecutionArn")
        ),
        version=request.get("PipelineVersionId"),
    )
    begun = call.studio.pipelines.begin(
        call.scope, call.principal, request["PipelineName"], asked, request["ClientRequestToken"]
    )
    return {"PipelineExecutionArn": begun.arn}


@sagemaker.operation
def stop_pipeline_execution(call: Call, request: "shapes.StopPipelineExecutionRequestTypeDef") -> dict[str, Any]:
    stopped = call.studio.pipelines.stop(call.scope, call.principal, request["PipelineExecutionArn"])
    return {"PipelineExecutionArn": stopped.arn}


@sagemaker.operation
def update_pipeline_execution(call: Call, request: "shapes.UpdatePipelineExecutionRequestTypeDef") -> dict[str, Any]:
    members = {"display": "PipelineExecutionDisplayName", "description": "PipelineExecutionDescription"}
    changes: dict[str, Any] = {name: request[member] for name, member in members.items() if member in request}  # type: ignore[literal-required]
    if "ParallelismConfiguration" in request:
        changes["parallel"] = _parallel(request)
    changed = call.studio.pipelines.change(call.scope, call.principal, request["PipelineExecutionArn"], changes)
    return {"PipelineExecutionArn": changed.arn}


def as_summary(execution: Execution) -> dict[str, Any]:
    return {
        "PipelineExecutionArn": execution.arn,
        "StartTime": execution.created,
        "PipelineExecutionStatus": execution.status,
        "PipelineExecutionDisplayName": execution.display,
        **({"PipelineExecutionDescription": execution.description} if execution.description is not None else {}),
        **({"PipelineExecutionFailureReason": execution.failure} if execution.failure is not None else {}),
    }


def as_step(run: StepRun, step: Step | None) -> dict[str, Any]:
    said = {} if step is None else step.document
    members = {"StepDisplayName": "DisplayName", "StepDescription": "Description"}
    return {
        "StepName": run.name,
        "StartTime": run.started,
        "StepStatus": run.status,
        "AttemptCount": run.attempts,
        "Metadata": run.metadata,
        **{member: said[name] for member, name in members.items() if name in said},
        **({"EndTime": moment(run.ended)} if run.ended is not None else {}),
        **({"FailureReason": run.failure} if run.failure is not None else {}),
        **({"CacheHitResult": {"SourcePipelineExecutionArn": run.cached}} if run.cached is not None else {}),
        **({"SelectiveExecutionResult": {"SourcePipelineExecutionArn": run.reused}} if run.reused is not None else {}),
    }


def _parallel(request: Any) -> int | None:
    most: int | None = request.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
    return most


def _part(request: Any, entries: list[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The page of a short list that the request asks for: a pipeline has few steps and parameters."""
    token = request.get("NextToken")
    begin = decode_place(token, INVALID)
    end = begin + request.get("MaxResults", limit)
    return entries[begin:end], {"NextToken": encode_token(str(end))} if end < len(entries) else {}
