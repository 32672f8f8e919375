"""AWS CloudFormation: stacks, made, changed, deleted, described."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import Page
from studiolo.services.call import Call
from studiolo.services.cloudformation.drift import of_stack
from studiolo.services.cloudformation.service import INVALID, PAGE, after, cloudformation, next_token, policy_of, wanted
from studiolo.services.patience import Patience
from studiolo.stacks import STACK, Stack

Request = Mapping[str, Any]

PASSING = frozenset(
    f"{name}_IN_PROGRESS"
    for name in (
        "CREATE", "DELETE", "ROLLBACK", "UPDATE", "UPDATE_ROLLBACK", "UPDATE_COMPLETE_CLEANUP",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP", "IMPORT", "IMPORT_ROLLBACK",
    )
)  # fmt: skip


@cloudformation.operation
def cancel_update_stack(call: Call, request: Request) -> dict[str, Any]:
    call.studio.stacks.cancel(call.scope, request["StackName"])
    return {}


@cloudformation.operation
def continue_update_rollback(call: Call, request: Request) -> dict[str, Any]:
    call.studio.stacks.continue_rollback(
        call.scope,
        call.principal,
        request["StackName"],
        request.get("RoleARN"),
        request.get("ClientRequestToken"),
        tuple(request.get("ResourcesToSkip", ())),
    )
    return {}


@cloudformation.operation
def create_stack(call: Call, request: Request) -> dict[str, Any]:
    return {"StackId": call.studio.stacks.create(call.scope, call.principal, wanted(call, request)).id}


@cloudformation.operation
def delete_stack(call: Call, request: Request) -> dict[str, Any]:
    """What is not there is deleted."""
    call.studio.stacks.delete(
        call.scope,
        call.principal,
        request["StackName"],
        request.get("RoleARN"),
        request.get("ClientRequestToken"),
        tuple(request.get("RetainResources", ())),
    )
    return {}


@cloudformation.patient(Patience(STACK, "StackName", ("Stacks", 0, "StackStatus"), PASSING, 5, waiter=45))
def describe_stacks(call: Call, request: Request) -> dict[str, Any]:
    store = call.studio.stacks.store
    if "StackName" in request:
        name = request["StackName"]
        return {"Stacks": [as_stack(call, store.stack(call.scope, name, deleted=name.startswith("arn:")))]}
    page = store.stacks(call.scope, (), after(request), PAGE, live=True)
    return {"Stacks": [as_stack(call, stack) for stack in page.items], **next_token(page)}


@cloudformation.operation
def get_stack_policy(call: Call, request: Request) -> dict[str, Any]:
    policy = call.studio.stacks.store.stack(call.scope, request["StackName"], deleted=False).policy
    return {} if policy is None else {"StackPolicyBody": policy}


@cloudformation.operation
def list_exports(call: Call, request: Request) -> dict[str, Any]:
    rows = call.studio.stacks.store.exports(call.scope)
    shown = [{"ExportingStackId": row.stack, "Name": row.name, "Value": row.value} for row in rows]
    start = after(request) or ""
    rest = [each for each in shown if each["Name"] > start]
    page = Page(rest[:PAGE], rest[PAGE - 1]["Name"] if len(rest) > PAGE else None)
    return {"Exports": page.items, **next_token(page)}


@cloudformation.operation
def list_imports(call: Call, request: Request) -> dict[str, Any]:
    name = request["ExportName"]
    importers = call.studio.stacks.store.importers(call.scope, name)
    if not importers:
        raise ServiceError(INVALID, f"Export '{name}' is not imported by any stack.")
    return {"Imports": [identifier.split("/")[1] for identifier in importers]}


@cloudformation.operation
def list_stacks(call: Call, request: Request) -> dict[str, Any]:
    statuses = request.get("StackStatusFilter", ())
    page = call.studio.stacks.store.stacks(call.scope, statuses, after(request), PAGE, live=False)
    return {"StackSummaries": [as_summary(call, stack) for stack in page.items], **next_token(page)}


@cloudformation.operation
def rollback_stack(call: Call, request: Request) -> dict[str, Any]:
    stack = call.studio.stacks.roll_back(
        call.scope,
        call.principal,
        request["StackName"],
        request.get("RoleARN"),
        request.get("ClientRequestToken"),
    )
    return {"StackId": stack.id}


@cloudformation.operation
def set_stack_policy(call: Call, request: Request) -> dict[str, Any]:
    policy = policy_of(call, request, "StackPolicy")
    if policy is None:
        raise ServiceError(INVALID, "You must specify either StackPolicyBody or StackPolicyURL")
    call.studio.stacks.set_policy(call.scope, request["StackName"], policy)
    return {}


@cloudformation.operation
def update_stack(call: Call, request: Request) -> dict[str, Any]:
    return {"StackId": call.studio.stacks.update(call.scope, call.principal, wanted(call, request)).id}


@cloudformation.operation
def update_termination_protection(call: Call, request: Request) -> dict[str, Any]:
    protected = request["EnableTerminationProtection"]
    return {"StackId": call.studio.stacks.protect(call.scope, request["StackName"], protected).id}


def as_stack(call: Call, stack: Stack) -> dict[str, Any]:
    target = stack.target
    shown: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "RollbackConfiguration": {},
        "NotificationARNs": [] if target is None else list(target.notifications),
        "Capabilities": [] if target is None else list(target.capabilities),
        "Tags": [] if target is None else [{"Key": key, "Value": value} for key, value in target.tags.items()],
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": of_stack(call, stack),
        **_times(stack),
        **_parents(stack),
    }
    if stack.reason is not None:
        shown["StackStatusReason"] = stack.reason
    if target is not None:
        if target.template.description is not None:
            shown["Description"] = target.template.description
        if target.role is not None:
            shown["RoleARN"] = target.role
        if target.parameters:
            shown["Parameters"] = [
                {
                    "ParameterKey": parameter.name,
                    "ParameterValue": parameter.shown,
                    **({} if parameter.resolved is None else {"ResolvedValue": parameter.resolved}),
                }
                for parameter in target.parameters.values()
            ]
    if stack.outputs:
        shown["Outputs"] = stack.outputs
    return shown


def as_summary(call: Call, stack: Stack) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DriftInformation": of_stack(call, stack),
        **_times(stack),
        **_parents(stack),
    }
    if stack.reason is not None:
        shown["StackStatusReason"] = stack.reason
    if stack.target is not None and stack.target.template.description is not None:
        shown["TemplateDescription"] = stack.target.template.description
    return shown


def _times(stack: Stack) -> dict[str, Any]:
    found = {"LastUpdatedTime": stack.updated, "DeletionTime": stack.deleted}
    return {name: moment for name, moment in found.items() if moment is not None}


def _parents(stack: Stack) -> dict[str, str]:
    found = {"ParentId": stack.parent, "RootId": stack.root}
    return {name: identifier for name, identifier in found.items() if identifier is not None}
