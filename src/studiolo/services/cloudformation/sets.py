"""AWS CloudFormation: stack sets, and the operations on them."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.services.call import Call
from studiolo.services.cloudformation.service import (
    INVALID,
    PAGE,
    as_template,
    check_body,
    cloudformation,
    cut,
    next_token,
)
from studiolo.services.patience import Patience
from studiolo.stacks.sets import (
    OPERATION,
    RUNNING,
    STOPPING,
    Asked,
    Result,
    SetOperation,
    StackSet,
    WantedSet,
    template_of,
)

Request = Mapping[str, Any]


@cloudformation.operation
def create_stack_set(call: Call, request: Request) -> dict[str, Any]:
    if "StackId" in request:
        raise ServiceError(INVALID, "Studiolo does not import stacks into stack sets (StackId).")
    return {"StackSetId": call.studio.stack_sets.create(call.scope, call.principal, _wanted(call, request)).id}


@cloudformation.operation
def delete_stack_set(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    call.studio.stack_sets.delete(call.scope, request["StackSetName"])
    return {}


@cloudformation.operation
def describe_stack_set(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    store = call.studio.stack_sets.store
    found = store.get(call.scope, request["StackSetName"], deleted=True)
    instances = store.instances(found)
    declared = template_of(found).parameters
    hidden = {name for name, each in declared.items() if str(each.get("NoEcho", "")).lower() == "true"}
    shown: dict[str, Any] = {
        **_named(found),
        "TemplateBody": found["body"],
        "Parameters": as_parameters(
            {name: "****" if name in hidden else value for name, value in found["parameters"].items()}
        ),
        "Capabilities": found["capabilities"],
        "Tags": [{"Key": key, "Value": value} for key, value in found["tags"].items()],
        "StackSetARN": found.arn,
        "AdministrationRoleARN": found.administration,
        "ExecutionRoleName": found["execution"],
        "OrganizationalUnitIds": [],
        "Regions": sorted({each.region for each in instances}),
        "StackSetDriftDetectionDetails": _drift(call, found),
    }
    return {"StackSet": shown}


@cloudformation.patient(
    Patience(
        OPERATION, ("StackSetName", "OperationId"), ("StackSetOperation", "Status"), frozenset({RUNNING, STOPPING}), 5
    )
)
def describe_stack_set_operation(call: Call, request: Request) -> dict[str, Any]:
    found, operation = _operation(call, request)
    shown = {
        **_as_summary(call, operation),
        "StackSetId": found.id,
        "AdministrationRoleARN": operation.document["administration"],
        "ExecutionRoleName": operation.document["execution"],
    }
    if operation.kind == "DELETE":
        shown["RetainStacks"] = bool(operation.document["retain"])
    if operation.kind == "DETECT_DRIFT":
        shown["StackSetDriftDetectionDetails"] = _drift(call, found)
    return {"StackSetOperation": shown}


@cloudformation.operation
def detect_stack_set_drift(call: Call, request: Request) -> dict[str, Any]:
    return as_begun(call.studio.stack_sets.detect_drift(call.scope, request["StackSetName"], asked(request)))


@cloudformation.operation
def list_stack_set_operation_results(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.stack_sets.store.results(_operation(call, request)[1])
    for each in request.get("Filters", ()):
        found = [result for result in found if result.status == each.get("Values")]
    page = cut(found, request, request.get("MaxResults", PAGE))
    return {"Summaries": [_as_result(each) for each in page.items], **next_token(page)}


@cloudformation.operation
def list_stack_set_operations(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    store = call.studio.stack_sets.store
    found = store.operations(store.get(call.scope, request["StackSetName"], deleted=True))
    page = cut(found, request, request.get("MaxResults", PAGE))
    return {"Summaries": [_as_summary(call, each) for each in page.items], **next_token(page)}


@cloudformation.operation
def list_stack_sets(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    found = call.studio.stack_sets.store.all(call.scope, request.get("Status"))
    page = cut(found, request, request.get("MaxResults", PAGE))
    summaries = [{**_named(each), **_checked(_drift(call, each))} for each in page.items]
    return {"Summaries": summaries, **next_token(page)}


@cloudformation.operation
def stop_stack_set_operation(call: Call, request: Request) -> dict[str, Any]:
    check_self(request)
    call.studio.stack_sets.stop(call.scope, request["StackSetName"], request["OperationId"])
    return {}


@cloudformation.operation
def update_stack_set(call: Call, request: Request) -> dict[str, Any]:
    wanted = _wanted(call, request)
    return as_begun(call.studio.stack_sets.update(call.scope, call.principal, wanted, asked(request)))


def check_self(request: Request) -> None:
    """Raise ServiceError for what only organizational units have."""
    if request.get("PermissionModel") == "SERVICE_MANAGED" or request.get("AutoDeployment", {}).get("Enabled"):
        raise ServiceError(
            INVALID,
            "PermissionModel SERVICE_MANAGED and AutoDeployment need organizational units, which Studiolo does not have: "
            "use SELF_MANAGED.",
        )
    if request.get("CallAs") == "DELEGATED_ADMIN":
        raise ServiceError(INVALID, "Studiolo has no delegated administrators: CallAs must be SELF.")
    if request.get("ManagedExecution", {}).get("Active"):
        raise ServiceError(INVALID, "ManagedExecution is not supported by Studiolo: one operation runs at a time.")


def asked(request: Request) -> Asked:
    """Where, and how, an operation is to be done."""
    check_self(request)
    targets: Mapping[str, Any] = request.get("DeploymentTargets", {})
    if others := sorted({*targets} - {"Accounts"}):
        raise ServiceError(
            INVALID, f"DeploymentTargets takes Accounts alone in Studiolo: {', '.join(others)} is not here."
        )
    if "Accounts" in targets and "Accounts" in request:
        raise ServiceError(INVALID, "Specify either Accounts or DeploymentTargets, not both.")
    return Asked(
        tuple(targets.get("Accounts") or request.get("Accounts", ())),
        tuple(request.get("Regions", ())),
        request.get("OperationPreferences", {}),
        request.get("OperationId"),
    )


def as_begun(operation: SetOperation) -> dict[str, str]:
    return {"OperationId": operation.id}


def as_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _wanted(call: Call, request: Request) -> WantedSet:
    check_self(request)
    check_body(call, request)
    return WantedSet(
        **as_template(request, "StackSetName"),
        capabilities=tuple(request["Capabilities"]) if "Capabilities" in request else None,
        description=request.get("Description"),
        administration=request.get("AdministrationRoleARN"),
        execution=request.get("ExecutionRoleName"),
    )


def _operation(call: Call, request: Request) -> tuple[StackSet, SetOperation]:
    check_self(request)
    store = call.studio.stack_sets.store
    found = store.get(call.scope, request["StackSetName"], deleted=True)
    return found, store.operation(found, request["OperationId"])


def _named(found: StackSet) -> dict[str, Any]:
    shown = {
        "StackSetName": found.name,
        "StackSetId": found.id,
        "Status": "DELETED" if found.live is None else "ACTIVE",
        "PermissionModel": "SELF_MANAGED",
        "ManagedExecution": {"Active": False},
    }
    return shown if found["description"] is None else {**shown, "Description": found["description"]}


def _as_summary(call: Call, operation: SetOperation) -> dict[str, Any]:
    results = call.studio.stack_sets.store.results(operation)
    shown = {
        "OperationId": operation.id,
        "Action": operation.kind,
        "Status": operation.status,
        "CreationTimestamp": operation.created,
        "OperationPreferences": operation.document["preferences"],
        "StatusDetails": {"FailedStackInstancesCount": sum(each.status == "FAILED" for each in results)},
    }
    return shown if operation.ended is None else {**shown, "EndTimestamp": operation.ended}


def _as_result(result: Result) -> dict[str, Any]:
    shown: dict[str, Any] = {"Account": result.account, "Region": result.region, "Status": result.status}
    if result.status in ("SUCCEEDED", "FAILED"):
        shown["AccountGateResult"] = {"Status": "SKIPPED", "StatusReason": "Studiolo has no account gates."}
    return shown if result.reason is None else {**shown, "StatusReason": result.reason}


def _checked(drift: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in drift.items() if name in ("DriftStatus", "LastDriftCheckTimestamp")}


def _drift(call: Call, found: StackSet) -> dict[str, Any]:
    """What the last look at the instances found, all together."""
    store = call.studio.stack_sets.store
    looks = [each for each in store.operations(found) if each.kind == "DETECT_DRIFT"]
    if not looks:
        return {"DriftStatus": "NOT_CHECKED"}
    instances, results = store.instances(found), store.results(looks[0])
    drifted = sum(each.drift == "DRIFTED" for each in instances)
    failed = sum(each.status == "FAILED" for each in results)
    status = "IN_PROGRESS" if looks[0].under_way else {"SUCCEEDED": "COMPLETED"}.get(looks[0].status, looks[0].status)
    return {
        "DriftStatus": "DRIFTED" if drifted else "IN_SYNC",
        "DriftDetectionStatus": "PARTIAL_SUCCESS" if failed and status == "COMPLETED" else status,
        "LastDriftCheckTimestamp": looks[0].ended or looks[0].created,
        "TotalStackInstancesCount": len(instances),
        "DriftedStackInstancesCount": drifted,
        "InSyncStackInstancesCount": sum(each.drift == "IN_SYNC" for each in instances),
        "InProgressStackInstancesCount": sum(each.status in ("PENDING", "RUNNING") for each in results),
        "FailedStackInstancesCount": failed,
    }
