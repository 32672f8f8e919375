"""What the operations of CloudFormation share: its error codes, what is asked of a stack, pages."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.services.call import Call
from studiolo.services.service import Service
from studiolo.stacks import Exists, InsufficientCapabilities, Wanted, WrongStatus
from studiolo.stacks.sets import (
    NoInstance,
    NoOperation,
    NoStackSet,
    NotEmpty,
    NotStoppable,
    OperationExists,
    OperationInProgress,
    SetExists,
)

INVALID = "ValidationError"
PAGE = 100
LONGEST_BODY = 51_200
"""Bytes of a template in a request."""

cloudformation = Service(
    "cloudformation",
    {
        NotFound: INVALID,
        AlreadyExists: "AlreadyExistsException",
        Exists: "AlreadyExistsException",
        Invalid: INVALID,
        InsufficientCapabilities: "InsufficientCapabilitiesException",
        WrongStatus: "InvalidChangeSetStatus",
        Conflict: INVALID,
        Denied: "AccessDenied",
        LimitExceeded: "LimitExceededException",
        NoStackSet: "StackSetNotFoundException",
        NoInstance: "StackInstanceNotFoundException",
        NoOperation: "OperationNotFoundException",
        SetExists: "NameAlreadyExistsException",
        OperationExists: "OperationIdAlreadyExistsException",
        OperationInProgress: "OperationInProgressException",
        NotEmpty: "StackSetNotEmptyException",
        NotStoppable: "InvalidOperationException",
    },
    invalid=INVALID,
)


def policy_of(call: Call, request: Mapping[str, Any], name: str) -> str | None:
    """A stack policy that a request gives, or names by a URL."""
    body, url = request.get(f"{name}Body"), request.get(f"{name}URL")
    if body is not None and url is not None:
        raise ServiceError(INVALID, f"You cannot specify both {name}Body and {name}URL")
    if url is not None:
        return call.studio.stacks.targets.fetch(call.principal, url)
    return None if body is None else str(body)


def wanted(call: Call, request: Mapping[str, Any]) -> Wanted:
    """What a request asks of a stack."""
    check_body(call, request)
    options: dict[str, Any] = {}
    if request.get("DisableRollback") and "OnFailure" in request:
        raise ServiceError(INVALID, "Only one of DisableRollback and OnFailure can be specified.")
    if "OnFailure" in request:
        options["on_failure"] = request["OnFailure"]
    if "OnStackFailure" in request:
        options["on_failure"] = request["OnStackFailure"]
    if request.get("DisableRollback"):
        options["on_failure"] = "DO_NOTHING"
    if "TimeoutInMinutes" in request:
        options["minutes"] = request["TimeoutInMinutes"]
    for name, option in (("StackPolicy", "policy"), ("StackPolicyDuringUpdate", "policy_meanwhile")):
        if (policy := policy_of(call, request, name)) is not None:
            options[option] = policy
    if "EnableTerminationProtection" in request:
        options["protected"] = request["EnableTerminationProtection"]
    if request.get("RetainExceptOnCreate"):
        options["retain_except_on_create"] = True
    if request.get("ResourceTypes") or request.get("RollbackConfiguration", {}).get("RollbackTriggers"):
        raise ServiceError(INVALID, "ResourceTypes and RollbackTriggers are not supported by Studiolo.")
    return Wanted(
        **as_template(request, "StackName"),
        capabilities=tuple(request.get("Capabilities", ())),
        role=request.get("RoleARN"),
        notifications=tuple(request.get("NotificationARNs", ())),
        options=options,
    )


def as_template(request: Mapping[str, Any], named: str) -> dict[str, Any]:
    """What requests say of a stack and of a stack set alike, as fields of a WantedTemplate. named: the name's member."""
    return {
        "name": request[named],
        "body": request.get("TemplateBody"),
        "url": request.get("TemplateURL"),
        "previous_template": request.get("UsePreviousTemplate", False),
        "parameters": parameter_values(request),
        "tags": {tag["Key"]: tag["Value"] for tag in request["Tags"]} if "Tags" in request else None,
        "token": request.get("ClientRequestToken"),
    }


def check_body(call: Call, request: Mapping[str, Any]) -> None:
    """Raise ServiceError for a body that is too long, unless a service sends it: those have no bucket to keep it in."""
    if (
        call.principal.told.get("aws:ViaAWSService") != "true"
        and len(request.get("TemplateBody", "").encode()) > LONGEST_BODY
    ):
        raise ServiceError(
            INVALID,
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {LONGEST_BODY}",
        )


def parameter_values(request: Mapping[str, Any]) -> dict[str, str | None]:
    """The values of the parameters that a request gives; None stands for the previous one."""
    found: dict[str, str | None] = {}
    for parameter in request.get("Parameters", []):
        key = parameter.get("ParameterKey")
        if key is None:
            raise ServiceError(INVALID, "A parameter needs a ParameterKey.")
        if parameter.get("UsePreviousValue"):
            found[key] = None
        elif "ParameterValue" in parameter:
            found[key] = parameter["ParameterValue"]
        else:
            raise ServiceError(INVALID, f"Parameters: [{key}] must have values")
    return found


def after(request: Mapping[str, Any]) -> str | None:
    """The key after which the page asked for begins."""
    token = request.get("NextToken")
    return decode_token(token, INVALID) if token else None


def next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"NextToken": encode_token(page.next)}


def cut(items: list[Any], request: Mapping[str, Any], limit: int = PAGE) -> Page[Any]:
    """A page of a list that is all here: tokens are positions."""
    start = int(after(request) or 0)
    more = len(items) > start + limit
    return Page(items[start : start + limit], str(start + limit) if more else None)
