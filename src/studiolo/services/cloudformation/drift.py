"""AWS CloudFormation: drift of stacks from their templates."""

from collections.abc import Mapping
from typing import Any

from studiolo.domain import Page
from studiolo.services.call import Call
from studiolo.services.cloudformation.service import after, cloudformation, next_token
from studiolo.stacks import Drift, Stack

Request = Mapping[str, Any]
CHECKED = ("DELETED", "IN_SYNC", "MODIFIED", "UNKNOWN")


@cloudformation.operation
def describe_stack_drift_detection_status(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.stacks.store.detection(request["StackDriftDetectionId"])
    return {
        "StackId": found.stack,
        "StackDriftDetectionId": found.id,
        "StackDriftStatus": found.status,
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": found.drifted,
        "Timestamp": found.at,
    }


@cloudformation.operation
def describe_stack_resource_drifts(call: Call, request: Request) -> dict[str, Any]:
    stack = _stack(call, request)
    statuses = request.get("StackResourceDriftStatusFilters", CHECKED)
    page: Page[Drift] = call.studio.stacks.drifts.found(stack, statuses, after(request), request.get("MaxResults", 100))
    return {"StackResourceDrifts": [as_drift(each) for each in page.items], **next_token(page)}


@cloudformation.operation
def detect_stack_drift(call: Call, request: Request) -> dict[str, Any]:
    """All that there is to see is seen when this answers."""
    made = call.studio.stacks.drifts.detect(
        call.principal, _stack(call, request), request.get("LogicalResourceIds", ())
    )
    return {"StackDriftDetectionId": made.id}


@cloudformation.operation
def detect_stack_resource_drift(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.stacks.drifts.one(call.principal, _stack(call, request), request["LogicalResourceId"])
    return {"StackResourceDrift": as_drift(found)}


def as_drift(found: Drift) -> dict[str, Any]:
    shown = {
        "StackId": found.stack,
        "LogicalResourceId": found.logical,
        "PhysicalResourceId": found.document["physical"],
        "ResourceType": found.document["type"],
        "StackResourceDriftStatus": found.status,
        "Timestamp": found.at,
        "ExpectedProperties": found.document.get("expected"),
        "ActualProperties": found.document.get("actual"),
        "DriftStatusReason": found.document.get("reason"),
    }
    told = {name: value for name, value in shown.items() if value is not None}
    return {**told, "PropertyDifferences": [dict(each) for each in found.differences]}


def of_stack(call: Call, stack: Stack) -> dict[str, Any]:
    """What is said of a stack's drift where it is described."""
    found = call.studio.stacks.store.last_detection(stack.id)
    if found is None:
        return {"StackDriftStatus": "NOT_CHECKED"}
    return {"StackDriftStatus": found.status, "LastCheckTimestamp": found.at}


def of_resources(call: Call, stack: Stack) -> Mapping[str, dict[str, Any]]:
    """The same of a stack's resources that were looked at, by logical id."""
    return {
        each.logical: {"StackResourceDriftStatus": each.status, "LastCheckTimestamp": each.at}
        for each in call.studio.stacks.store.drifts(stack.id)
    }


def _stack(call: Call, request: Request) -> Stack:
    return call.studio.stacks.store.stack(call.scope, request["StackName"], deleted=False)
