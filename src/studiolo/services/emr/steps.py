"""Amazon EMR: steps."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.clusters.model import CANCEL_PENDING, PENDING, STEP_RUNNING, TERMINATE, Step, StepRequest
from studiolo.services.call import Call
from studiolo.services.emr.service import INVALID, PAGE, REQUEST, after, emr, marker, refuse, timeline
from studiolo.services.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        AddJobFlowStepsInputTypeDef,
        CancelStepsInputTypeDef,
        DescribeStepInputTypeDef,
        ListStepsInputTypeDef,
    )

PASSING = frozenset({PENDING, STEP_RUNNING, CANCEL_PENDING})
MOST, MOST_NAMED = 256, 10


@emr.operation
def add_job_flow_steps(call: Call, request: "AddJobFlowStepsInputTypeDef") -> dict[str, Any]:
    asked = [step_request(step, request.get("ExecutionRoleArn")) for step in request["Steps"]]
    return {"StepIds": call.studio.clusters.add_steps(call.scope, request["JobFlowId"], asked)}


@emr.operation
def cancel_steps(call: Call, request: "CancelStepsInputTypeDef") -> dict[str, Any]:
    if len(request["StepIds"]) > MOST:
        raise ServiceError(INVALID, f"Up to {MOST} steps can be canceled at a time.")
    answers = call.studio.clusters.cancel_steps(call.scope, request["ClusterId"], request["StepIds"])
    return {
        "CancelStepsInfoList": [
            {"StepId": step, "Status": "SUBMITTED" if why is None else "FAILED", "Reason": why or ""}
            for step, why in answers
        ]
    }


@emr.patient(Patience("step", "StepId", ("Step", "Status", "State"), PASSING, seconds=5))
def describe_step(call: Call, request: "DescribeStepInputTypeDef") -> dict[str, Any]:
    return {"Step": as_step(call.studio.clusters.step(call.scope, request["ClusterId"], request["StepId"]))}


@emr.operation
def list_steps(call: Call, request: "ListStepsInputTypeDef") -> dict[str, Any]:
    states, ids = request.get("StepStates") or [], request.get("StepIds") or []
    if len(ids) > MOST_NAMED:
        raise ServiceError(REQUEST, f"Up to {MOST_NAMED} steps can be asked for by their ids at a time.")
    page = call.studio.clusters.steps(call.scope, request["ClusterId"], states, ids, after(request), PAGE)
    return {"Steps": [as_step(step, listed=True) for step in page.items], **marker(page)}


def step_request(step: Any, role: str | None) -> StepRequest:
    """A StepConfig."""
    refuse(step, ["StepMonitoringConfiguration"], "a step")
    program = step["HadoopJarStep"]
    on_failure = step.get("ActionOnFailure", TERMINATE)
    return StepRequest(
        name=step["Name"],
        jar=program["Jar"],
        arguments=tuple(program.get("Args") or []),
        main=program.get("MainClass"),
        properties={pair.get("Key", ""): pair.get("Value", "") for pair in program.get("Properties") or []},
        on_failure=TERMINATE if on_failure == "TERMINATE_JOB_FLOW" else on_failure,
        role=role,
    )


def as_step(step: Step, *, listed: bool = False) -> dict[str, Any]:
    asked, progress = step.asked, step.progress
    failed = {"Reason": progress.reason, "Message": progress.message, "LogFile": progress.log_file}
    shown = {
        "Id": step.id,
        "Name": asked.name,
        "Config": {
            "Jar": asked.jar,
            "Properties": dict(asked.properties),
            **({"MainClass": asked.main} if asked.main else {}),
            "Args": list(asked.arguments),
        },
        "ActionOnFailure": asked.on_failure,
        "Status": {
            "State": step.state,
            "StateChangeReason": {},
            **({"FailureDetails": {name: value for name, value in failed.items() if value}} if progress.reason else {}),
            "Timeline": timeline(step.created, Start=progress.started, End=progress.ended),
        },
    }
    if asked.role is not None and not listed:
        shown["ExecutionRoleArn"] = asked.role
    if listed or not progress.applications:
        return shown
    return {**shown, "AdditionalInfo": {"ResourceManagerApplicationIds": list(progress.applications)}}


def as_step_detail(step: Step) -> dict[str, Any]:
    """A step as DescribeJobFlows has it."""
    shown = as_step(step)
    config = shown["Config"]
    config["Properties"] = [{"Key": key, "Value": value} for key, value in config["Properties"].items()]
    return {
        "StepConfig": {"Name": step.asked.name, "ActionOnFailure": step.asked.on_failure, "HadoopJarStep": config},
        "ExecutionStatusDetail": {
            "State": STEP_RUNNING if step.state == CANCEL_PENDING else step.state,
            **shown["Status"]["Timeline"],
        },
    }
