"""Amazon SageMaker: the schedules of Model Monitor, and their executions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.ml.listing import Listing
from studiolo.ml.monitoring.model import DATA, KINDS, Execution, Plan, Schedule
from studiolo.ml.monitoring.timetable import DAILY
from studiolo.services.call import Call
from studiolo.services.sagemaker.monitoring_definitions import as_analysis
from studiolo.services.sagemaker.service import INVALID, listing, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateMonitoringScheduleRequestTypeDef,
        CreateMonitoringScheduleResponseTypeDef,
        DeleteMonitoringScheduleRequestTypeDef,
        DescribeMonitoringScheduleRequestTypeDef,
        DescribeMonitoringScheduleResponseTypeDef,
        ListMonitoringExecutionsRequestTypeDef,
        ListMonitoringExecutionsResponseTypeDef,
        ListMonitoringSchedulesRequestTypeDef,
        ListMonitoringSchedulesResponseTypeDef,
        StartMonitoringScheduleRequestTypeDef,
        StopMonitoringScheduleRequestTypeDef,
        UpdateMonitoringScheduleRequestTypeDef,
        UpdateMonitoringScheduleResponseTypeDef,
    )


@sagemaker.operation
def create_monitoring_schedule(
    call: Call, request: "CreateMonitoringScheduleRequestTypeDef"
) -> "CreateMonitoringScheduleResponseTypeDef":
    plan = as_plan(request["MonitoringScheduleConfig"])
    made = call.studio.ml.monitoring.create(
        call.scope, call.principal, request["MonitoringScheduleName"], plan, tags(call, request)
    )
    return {"MonitoringScheduleArn": made.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_monitoring_schedule(call: Call, request: "DeleteMonitoringScheduleRequestTypeDef") -> dict[str, object]:
    call.studio.ml.monitoring.delete(call.scope, request["MonitoringScheduleName"])
    return {}


@sagemaker.operation
def describe_monitoring_schedule(
    call: Call, request: "DescribeMonitoringScheduleRequestTypeDef"
) -> "DescribeMonitoringScheduleResponseTypeDef":
    monitoring, name = call.studio.ml.monitoring, request["MonitoringScheduleName"]
    found = monitoring.schedule(call.scope, name)
    last = monitoring.executions(call.scope, Listing(limit=1), schedule=name).items
    answer: Any = {
        **as_summary(found),
        "MonitoringScheduleConfig": found.plan.recorded,
        **({"LastMonitoringExecutionSummary": as_execution(last[0])} if last else {}),
    }
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_monitoring_executions(
    call: Call, request: "ListMonitoringExecutionsRequestTypeDef"
) -> "ListMonitoringExecutionsResponseTypeDef":
    wanted = listing(request, descending=True)
    if request.get("SortBy") == "ScheduledTime":
        # The names of executions begin with it.
        wanted = replace(wanted, sort_by="Name")
    page = call.studio.ml.monitoring.executions(
        call.scope,
        wanted,
        (request.get("ScheduledTimeAfter"), request.get("ScheduledTimeBefore")),  # type: ignore[arg-type]
        schedule=request.get("MonitoringScheduleName"),
        **_equal(request),
    )
    summaries = [as_execution(each) for each in page.items]
    return {"MonitoringExecutionSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def list_monitoring_schedules(
    call: Call, request: "ListMonitoringSchedulesRequestTypeDef"
) -> "ListMonitoringSchedulesResponseTypeDef":
    page = call.studio.ml.monitoring.schedules(call.scope, listing(request, descending=True), **_equal(request))
    summaries = [as_summary(each) for each in page.items]
    return {"MonitoringScheduleSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def start_monitoring_schedule(call: Call, request: "StartMonitoringScheduleRequestTypeDef") -> dict[str, object]:
    call.studio.ml.monitoring.begin(call.scope, request["MonitoringScheduleName"])
    return {}


@sagemaker.operation
def stop_monitoring_schedule(call: Call, request: "StopMonitoringScheduleRequestTypeDef") -> dict[str, object]:
    call.studio.ml.monitoring.stop(call.scope, request["MonitoringScheduleName"])
    return {}


@sagemaker.operation
def update_monitoring_schedule(
    call: Call, request: "UpdateMonitoringScheduleRequestTypeDef"
) -> "UpdateMonitoringScheduleResponseTypeDef":
    plan = as_plan(request["MonitoringScheduleConfig"])
    changed = call.studio.ml.monitoring.update(call.scope, call.principal, request["MonitoringScheduleName"], plan)
    return {"MonitoringScheduleArn": changed.arn}  # type: ignore[typeddict-item]


def as_plan(config: Mapping[str, Any]) -> Plan:
    kind = config.get("MonitoringType", DATA)
    if kind not in KINDS:
        raise ServiceError(
            INVALID,
            f"MonitoringType {kind} is not supported by Studiolo: {' and '.join(KINDS)} are, Clarify is not there.",
        )
    own, name = config.get("MonitoringJobDefinition"), config.get("MonitoringJobDefinitionName")
    if (own is None) == (name is None):
        raise ServiceError(
            INVALID, "A schedule needs either a MonitoringJobDefinition or a MonitoringJobDefinitionName."
        )
    when = config.get("ScheduleConfig", {})
    analysis = own and as_analysis(
        kind,
        own,
        program=own["MonitoringAppSpecification"],
        given=own["MonitoringInputs"][0],
        output=own["MonitoringOutputConfig"],
        baseline=own.get("BaselineConfig", {}),
        resources=own["MonitoringResources"],
    )
    return Plan(
        kind=kind,
        expression=when.get("ScheduleExpression", DAILY),
        start=when.get("DataAnalysisStartTime"),
        end=when.get("DataAnalysisEndTime"),
        definition=name,
        analysis=analysis,
        recorded=dict(config),
    )


def as_summary(found: Schedule) -> dict[str, Any]:
    return {
        "MonitoringScheduleName": found.name,
        "MonitoringScheduleArn": found.arn,
        "MonitoringScheduleStatus": found.status,
        "MonitoringType": found.plan.kind,
        "EndpointName": found.endpoint,
        "CreationTime": found.created,
        "LastModifiedTime": found.changed,
        **({"MonitoringJobDefinitionName": found.plan.definition} if found.plan.definition else {}),
    }


def as_execution(found: Execution) -> dict[str, Any]:
    return {
        "MonitoringScheduleName": found.schedule,
        "ScheduledTime": found.scheduled,
        "CreationTime": found.created,
        "LastModifiedTime": found.changed,
        "MonitoringExecutionStatus": found.status,
        "EndpointName": found.endpoint,
        "MonitoringType": found.kind,
        **({"ProcessingJobArn": found.job} if found.job else {}),
        **({"FailureReason": found.failure} if found.failure else {}),
        **({"MonitoringJobDefinitionName": found.definition} if found.definition else {}),
    }


def _equal(request: Mapping[str, Any]) -> dict[str, str | None]:
    names = {"EndpointName": "endpoint", "MonitoringTypeEquals": "kind", "MonitoringJobDefinitionName": "definition"}
    return {column: request.get(name) for name, column in names.items()}
