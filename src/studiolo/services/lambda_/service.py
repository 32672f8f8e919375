"""The API of AWS Lambda: its words for errors, and for what it tells of functions."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.functions import (
    LATEST,
    BadPayload,
    Changed,
    Function,
    FunctionMissing,
    TooLargeRequest,
    function_arn,
    function_named,
)
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]
INVALID = "InvalidParameterValueException"
MISSING = "ResourceNotFoundException"

lambda_ = Service(
    "lambda",
    {
        NotFound: MISSING,
        AlreadyExists: "ResourceConflictException",
        Invalid: INVALID,
        BadPayload: "InvalidRequestContentException",
        TooLargeRequest: "RequestTooLargeException",
        Conflict: "ResourceConflictException",
        Changed: "PreconditionFailedException",
        Denied: "AccessDeniedException",
        LimitExceeded: "TooManyRequestsException",
    },
)


def named(call: Call, request: Request) -> tuple[str, str | None]:
    """The function that a request names, and its version or alias. Raises FunctionMissing for another account's."""
    text = request["FunctionName"]
    name, qualifier = function_named(text)
    if text.startswith("arn:") and not text.startswith(function_arn(call.scope, "")):
        raise FunctionMissing(text)
    given = request.get("Qualifier")
    if qualifier is not None and given is not None and qualifier != given:
        raise ServiceError(
            INVALID, "The derived qualifier from the function name does not match the specified qualifier."
        )
    return name, qualifier if given is None else given


def moment(at: datetime) -> str:
    """As Lambda writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def as_page(
    request: Request, name: str, find: Callable[[str | None, int], Page[Any]], shown: Callable[[Any], Any]
) -> Any:
    """A page of a list, by Marker and MaxItems."""
    marker = request.get("Marker")
    after = decode_token(marker, INVALID) if marker else None
    page = find(after, request.get("MaxItems", 50))
    following = {} if page.next is None else {"NextMarker": encode_token(page.next)}
    return {name: [shown(each) for each in page.items], **following}


def as_configuration(call: Call, function: Function, qualified: bool | None = None) -> dict[str, Any]:
    """A function's configuration. qualified: whether its ARN has the version, as that of a published one always has."""
    settings, standing = function.settings, function.standing
    full = function.version != LATEST if qualified is None else qualified
    told: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": function.version_arn if full else function.arn,
        "Runtime": settings.runtime,
        "Role": settings.role,
        "Handler": settings.handler,
        "CodeSize": function.code.size,
        "Description": settings.description,
        "Timeout": settings.timeout,
        "MemorySize": settings.memory,
        "LastModified": moment(function.modified),
        "CodeSha256": function.code.digest,
        "Version": function.version,
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": function.revision,
        "State": standing.state,
        "LastUpdateStatus": standing.update,
        "PackageType": "Zip",
        "Architectures": [settings.architecture],
        "EphemeralStorage": {"Size": settings.storage},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": settings.log_format, "LogGroup": function.log_group},
        **settings.recorded,
    }
    if settings.log_level is not None:
        told["LoggingConfig"]["ApplicationLogLevel"] = settings.log_level
    if settings.variables:
        told["Environment"] = {"Variables": dict(settings.variables)}
    if settings.dead_letter:
        told["DeadLetterConfig"] = {"TargetArn": settings.dead_letter}
    if settings.layers:
        layers = call.studio.functions.layers.of(settings.layers)
        told["Layers"] = [{"Arn": each.version_arn, "CodeSize": each.code.size} for each in layers]
    if standing.reason is not None:
        failed = standing.update == "Failed"
        if standing.state != "Active":
            told |= {"StateReason": standing.reason, "StateReasonCode": "InternalError" if failed else "Creating"}
        if failed:
            told |= {"LastUpdateStatusReason": standing.reason, "LastUpdateStatusReasonCode": "InternalError"}
    return told
