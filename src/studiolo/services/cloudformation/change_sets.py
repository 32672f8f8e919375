"""AWS CloudFormation: change sets."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.services.call import Call
from studiolo.services.cloudformation.service import INVALID, cloudformation, cut, next_token, wanted
from studiolo.stacks import ChangeSet, Import, Missing, without_values

Request = Mapping[str, Any]
NOT_FOUND = "ChangeSetNotFound"


@cloudformation.operation
def create_change_set(call: Call, request: Request) -> dict[str, Any]:
    """It is there, with all that it says, when this answers."""
    kind = request.get("ChangeSetType", "UPDATE")
    given = request.get("ResourcesToImport", [])
    if bool(given) != (kind == "IMPORT"):
        raise ServiceError(
            INVALID, "ResourcesToImport is given for change sets of the type IMPORT, and only for those."
        )
    imports = [Import(each["LogicalResourceId"], each["ResourceType"], each["ResourceIdentifier"]) for each in given]
    made = call.studio.stacks.change_sets.create(
        call.scope,
        call.principal,
        wanted(call, request),
        request["ChangeSetName"],
        kind,
        request.get("Description"),
        imports,
    )
    return {"Id": made.id, "StackId": made.stack}


@cloudformation.operation
def delete_change_set(call: Call, request: Request) -> dict[str, Any]:
    """What is not there is deleted, where its stack is."""
    try:
        found = call.studio.stacks.store.change_set(call.scope, request["ChangeSetName"], request.get("StackName"))
    except Missing as error:
        if error.name == request.get("StackName"):
            raise
        return {}
    call.studio.stacks.change_sets.delete(found)
    return {}


@cloudformation.operation
def describe_change_set(call: Call, request: Request) -> dict[str, Any]:
    found = _change_set(call, request)
    page = cut(found.document["changes"], request)
    target = found.target
    changes = page.items
    if not request.get("IncludePropertyValues"):
        changes = [{**each, "ResourceChange": without_values(each["ResourceChange"])} for each in changes]
    return {
        **as_summary(call, found),
        "ChangeSetId": found.id,
        "Parameters": [
            {"ParameterKey": parameter.name, "ParameterValue": parameter.shown}
            for parameter in target.parameters.values()
        ],
        "NotificationARNs": list(target.notifications),
        "Capabilities": list(target.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in target.tags.items()],
        "Changes": changes,
        "RollbackConfiguration": {},
        **next_token(page),
    }


@cloudformation.operation
def execute_change_set(call: Call, request: Request) -> dict[str, Any]:
    call.studio.stacks.change_sets.execute(
        call.principal,
        _change_set(call, request),
        request.get("ClientRequestToken"),
        request.get("DisableRollback"),
    )
    return {}


@cloudformation.operation
def list_change_sets(call: Call, request: Request) -> dict[str, Any]:
    stack = call.studio.stacks.store.stack(call.scope, request["StackName"], deleted=False)
    page = cut(call.studio.stacks.store.change_sets(stack.id), request)
    return {"Summaries": [as_summary(call, found) for found in page.items], **next_token(page)}


def as_summary(call: Call, found: ChangeSet) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "StackId": found.stack,
        "StackName": found.stack.split("/")[1],
        "ChangeSetId": found.id,
        "ChangeSetName": found.name,
        "ExecutionStatus": found.execution,
        "Status": found.status,
        "CreationTime": found.created,
        "IncludeNestedStacks": False,
    }
    if found.reason is not None:
        shown["StatusReason"] = found.reason
    if found.document["description"] is not None:
        shown["Description"] = found.document["description"]
    return shown


def _change_set(call: Call, request: Request) -> ChangeSet:
    name = request["ChangeSetName"]
    try:
        return call.studio.stacks.store.change_set(call.scope, name, request.get("StackName"))
    except Missing as error:
        if error.name == request.get("StackName") and error.name != name:
            raise
        raise ServiceError(NOT_FOUND, str(error), 404) from error
