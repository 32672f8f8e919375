"""AWS Lake Formation: its words for what can go wrong, and what its handlers share."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import (
    AlreadyExists,
    Conflict,
    Denied,
    DomainError,
    Invalid,
    LimitExceeded,
    NotFound,
    Page,
    Scope,
)
from studiolo.governance import PermissionTypeMismatch
from studiolo.services.call import Call
from studiolo.services.service import Service

INVALID = "InvalidInputException"

lakeformation = Service(
    "lakeformation",
    {
        NotFound: "EntityNotFoundException",
        AlreadyExists: "AlreadyExistsException",
        PermissionTypeMismatch: "PermissionTypeMismatchException",
        Invalid: INVALID,
        Conflict: "ConcurrentModificationException",
        Denied: "AccessDeniedException",
        LimitExceeded: "ResourceNumberLimitExceededException",
        DomainError: INVALID,
    },
    invalid=INVALID,
)


def scope_of(call: Call, catalog: str | None) -> Scope:
    """Whose catalog is meant: the account's own, or one within it. Raises Denied and NotFound."""
    if catalog in (None, "", call.scope.account):
        return call.scope
    account, _, name = str(catalog).partition(":")
    if account != call.scope.account or not name:
        raise Denied(f"User: {call.principal.arn} is not authorized to use the catalog {catalog}: it is not here.")
    return Scope(call.studio.catalog.catalog(call.scope, name).id, call.scope.region)


def shared_scope_of(call: Call, catalog: str | None) -> Scope:
    """The same, or the catalog of another account, of which somebody has what is shared with him. Raises Denied."""
    account, _, name = str(catalog or call.scope.account).partition(":")
    if account == call.scope.account:
        return scope_of(call, catalog)
    try:
        call.studio.identity.of(account)
        scope = Scope(account, call.scope.region)
        return Scope(call.studio.catalog.catalog(scope, name).id, scope.region) if name else scope
    except NotFound:
        raise Denied(f"User: {call.principal.arn} is not authorized to use the catalog {catalog}.") from None


def paging(request: Mapping[str, Any], limit: int) -> dict[str, Any]:
    token = request.get("NextToken")
    return {
        "after": decode_token(token, INVALID) if token else None,
        "limit": request.get("MaxResults", limit),
    }


def next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"NextToken": encode_token(page.next)}


def numbered(items: Any, request: Mapping[str, Any], limit: int) -> Page[Any]:
    """The page of a short list, whose places are numbers. Raises Invalid."""
    place = paging(request, limit)
    after = place["after"] or "0"
    if not after.isdecimal():
        raise Invalid("The pagination token is not one of this list.")
    start, end = int(after), int(after) + place["limit"]
    return Page(items[start:end], str(end) if end < len(items) else None)
