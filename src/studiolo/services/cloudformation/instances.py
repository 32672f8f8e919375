"""AWS CloudFormation: the instances of stack sets."""

from collections.abc import Mapping
from typing import Any

from studiolo.services.call import Call
from studiolo.services.cloudformation.service import PAGE, cloudformation, cut, next_token, parameter_values
from studiolo.services.cloudformation.sets import as_begun, as_parameters, asked, check_self
from studiolo.stacks.sets import Instance, StackSet

Request = Mapping[str, Any]


@cloudformation.operation
def create_stack_instances(call: Call, request: Request) -> dict[str, Any]:
    overrides = {name: value for name, value in (_overrides(request) or {}).items() if value is not None}
    given = overrides if "ParameterOverrides" in request else None
    return as_begun(call.studio.stack_sets.create_instances(call.scope, request["StackSetName"], asked(request), given))


@cloudformation.operation
def delete_stack_instances(call: Call, request: Request) -> dict[str, Any]:
    return as_begun(
        call.studio.stack_sets.delete_instances(
            call.scope, request["StackSetName"], asked(request), request["RetainStacks"]
        )
    )


@cloudformation.operation
def describe_stack_instance(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    store = call.studio.stack_sets.store
    found = store.get(call.scope, request["StackSetName"])
    instance = store.instance(found, request["StackInstanceAccount"], request["StackInstanceRegion"])
    return {"StackInstance": {**_as_summary(found, instance), "ParameterOverrides": as_parameters(instance.overrides)}}


@cloudformation.operation
def list_stack_instances(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    store = call.studio.stack_sets.store
    found = store.get(call.scope, request["StackSetName"])
    wanted = {"account": request.get("StackInstanceAccount"), "region": request.get("StackInstanceRegion")}
    names = {"DETAILED_STATUS": "detailed", "LAST_OPERATION_ID": "last", "DRIFT_STATUS": "drift"}
    for each in request.get("Filters", ()):
        wanted[names[each["Name"]]] = each["Values"]
    given = {name: value for name, value in wanted.items() if value is not None}
    instances = [
        each for each in store.instances(found) if all(getattr(each, name) == value for name, value in given.items())
    ]
    page = cut(instances, request, request.get("MaxResults", PAGE))
    return {"Summaries": [_as_summary(found, each) for each in page.items], **next_token(page)}


@cloudformation.operation
def update_stack_instances(call: Call, request: Request) -> dict[str, Any]:
    return as_begun(
        call.studio.stack_sets.update_instances(
            call.scope, request["StackSetName"], asked(request), _overrides(request)
        )
    )


def _overrides(request: Request) -> dict[str, str | None] | None:
    if "ParameterOverrides" not in request:
        return None
    return parameter_values({"Parameters": request["ParameterOverrides"]})


def _as_summary(found: StackSet, instance: Instance) -> dict[str, Any]:
    shown = {
        "StackSetId": found.id,
        "Account": instance.account,
        "Region": instance.region,
        "StackId": instance.stack,
        "Status": instance.status,
        "StatusReason": instance.reason,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed},
        "DriftStatus": instance.drift,
        "LastDriftCheckTimestamp": instance.drift_checked,
        "LastOperationId": instance.last,
    }
    return {name: value for name, value in shown.items() if value is not None}
