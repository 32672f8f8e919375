"""What the operations of CloudWatch Logs share: its error codes, how groups are named, lists, moments."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.logs.exports import Ended
from studiolo.logs.live_tail import Untailed
from studiolo.services.service import Service

INVALID = "InvalidParameterException"
MILLISECONDS = 1000
_GROUP_ARN = re.compile(r"arn:[^:]*:logs:[^:]*:[^:]*:log-group:(?P<name>[^:]*)(?::\*)?")

logs = Service(
    "logs",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: "ResourceAlreadyExistsException",
        Invalid: INVALID,
        Conflict: "OperationAbortedException",
        Ended: "InvalidOperationException",
        Untailed: "InvalidOperationException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
    invalid=INVALID,
)


def group_of(request: Mapping[str, Any]) -> str:
    """The group that a request is about: by name, or by an identifier that may be an ARN."""
    if ("logGroupName" in request) == ("logGroupIdentifier" in request):
        raise ServiceError(INVALID, "Give exactly one of logGroupName and logGroupIdentifier.")
    return group_name(request.get("logGroupName") or request["logGroupIdentifier"])


def group_name(identifier: str) -> str:
    """A group's name, from itself or its ARN, with or without `:*` at the end. Raises ServiceError."""
    if not identifier.startswith("arn:"):
        return identifier
    arn = _GROUP_ARN.fullmatch(identifier)
    if arn is None:
        raise ServiceError(INVALID, f"{identifier} is not the ARN of a log group.")
    return arn["name"]


def paging(request: Mapping[str, Any]) -> dict[str, Any]:
    token = request.get("nextToken")
    return {"after": decode_token(token, INVALID) if token else None, "limit": request.get("limit", 50)}


def next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"nextToken": encode_token(page.next)}


def as_milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * MILLISECONDS)
