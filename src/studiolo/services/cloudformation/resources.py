"""AWS CloudFormation: the resources of stacks and their events."""

import json
from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.services.call import Call
from studiolo.services.cloudformation.drift import of_resources
from studiolo.services.cloudformation.service import INVALID, after, cloudformation, cut, next_token
from studiolo.stacks import Event, Missing, Resource, Stack

Request = Mapping[str, Any]
EVENTS = 100
NOT_CHECKED = {"StackResourceDriftStatus": "NOT_CHECKED"}


@cloudformation.operation
def describe_stack_events(call: Call, request: Request) -> dict[str, Any]:
    """Never held: who draws progress asks for them."""
    store = call.studio.stacks.store
    name = request.get("StackName")
    if name is None:
        raise ServiceError(INVALID, "StackName must not be null")
    try:
        stack = store.stack(call.scope, name, deleted=name.startswith("arn:"))
    except Missing as error:
        raise Missing(f"Stack [{name}] does not exist", name) from error
    start = after(request)
    page = store.events(stack.id, None if start is None else int(start), EVENTS)
    return {"StackEvents": [as_event(stack, event) for event in page.items], **next_token(page)}


@cloudformation.operation
def describe_stack_resource(call: Call, request: Request) -> dict[str, Any]:
    stack = _stack(call, request["StackName"])
    logical = request["LogicalResourceId"]
    resource = call.studio.stacks.store.current(stack).get(logical)
    if resource is None:
        raise Missing(f"Resource {logical} does not exist for stack {stack.name}", logical)
    detail = {**as_resource(stack, resource, of_resources(call, stack)), **_moment("LastUpdatedTimestamp", resource)}
    del detail["Timestamp"]
    if resource.definition.get("metadata"):
        detail["Metadata"] = json.dumps(resource.definition["metadata"])
    return {"StackResourceDetail": detail}


@cloudformation.operation
def describe_stack_resources(call: Call, request: Request) -> dict[str, Any]:
    stacks = call.studio.stacks
    if "StackName" in request:
        stack = _stack(call, request["StackName"])
    elif "PhysicalResourceId" in request:
        found = stacks.store.stack_of(call.scope, request["PhysicalResourceId"])
        if found is None:
            raise Missing(f"Stack for {request['PhysicalResourceId']} does not exist")
        stack = found
    else:
        raise ServiceError(INVALID, "Either StackName or PhysicalResourceId must be specified.")
    logical = request.get("LogicalResourceId")
    rows = [row for row in stacks.store.current(stack).values() if logical in (None, row.logical)]
    drifts = of_resources(call, stack)
    return {"StackResources": [as_resource(stack, row, drifts) for row in rows]}


@cloudformation.operation
def list_stack_resources(call: Call, request: Request) -> dict[str, Any]:
    stack = _stack(call, request["StackName"])
    page = cut(list(call.studio.stacks.store.current(stack).values()), request)
    drifts = of_resources(call, stack)
    return {"StackResourceSummaries": [as_summary(row, drifts) for row in page.items], **next_token(page)}


def as_event(stack: Stack, event: Event) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": event.id,
        "Timestamp": event.at,
        **event.document,
    }


def as_resource(stack: Stack, resource: Resource, drifts: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": resource.logical,
        "ResourceType": resource.type,
        "ResourceStatus": resource.status,
        "DriftInformation": drifts.get(resource.logical, NOT_CHECKED),
        **_moment("Timestamp", resource),
    }
    if resource.physical is not None:
        shown["PhysicalResourceId"] = resource.physical
    if resource.reason is not None:
        shown["ResourceStatusReason"] = resource.reason
    return shown


def as_summary(resource: Resource, drifts: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "LogicalResourceId": resource.logical,
        "ResourceType": resource.type,
        "ResourceStatus": resource.status,
        "DriftInformation": drifts.get(resource.logical, NOT_CHECKED),
        **_moment("LastUpdatedTimestamp", resource),
    }
    if resource.physical is not None:
        shown["PhysicalResourceId"] = resource.physical
    if resource.reason is not None:
        shown["ResourceStatusReason"] = resource.reason
    return shown


def _moment(name: str, resource: Resource) -> dict[str, Any]:
    return {name: resource.changed}


def _stack(call: Call, name: str) -> Stack:
    return call.studio.stacks.store.stack(call.scope, name, deleted=name.startswith("arn:"))
