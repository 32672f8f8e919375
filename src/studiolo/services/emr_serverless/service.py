"""What the operations of EMR Serverless share: its error codes, lists, ARNs, and what its JSON leaves out."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.arns import arn
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.services.service import Service

INVALID = "ValidationException"

emr_serverless = Service(
    "emr-serverless",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: "ConflictException",
        Invalid: INVALID,
        Conflict: INVALID,
        Denied: "AccessDeniedException",
        LimitExceeded: "ServiceQuotaExceededException",
    },
)


def paging(request: Mapping[str, Any]) -> dict[str, Any]:
    token = request.get("nextToken")
    return {"after": decode_token(token, INVALID) if token else None, "limit": request.get("maxResults", 50)}


def next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"nextToken": encode_token(page.next)}


def without_none(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value is not None}


def kept(request: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The members of the request that are recorded and shown as they are."""
    return {name: request[name] for name in names if request.get(name) is not None}


def arn_of(scope: Scope, *path: str) -> str:
    """`/applications/ID`, and what is below it."""
    return arn("emr-serverless", scope.region, scope.account, "/" + "/".join(path))
