"""What the operations of Service Catalog share: its error codes, pages, tags."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.products import Exists, InUse, Missing, WrongState
from studiolo.services.service import Service

T = TypeVar("T")

INVALID = "InvalidParametersException"

servicecatalog = Service(
    "servicecatalog",
    {
        # What is not there but is no thing of Service Catalog: a stack, a role.
        NotFound: INVALID,
        Missing: "ResourceNotFoundException",
        AlreadyExists: "DuplicateResourceException",
        Exists: "DuplicateResourceException",
        Conflict: "InvalidStateException",
        InUse: "ResourceInUseException",
        WrongState: "InvalidStateException",
        Invalid: INVALID,
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
)


def kept(request: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members of the request that are there."""
    return {name: request[name] for name in names if name in request}


def tags(request: Mapping[str, Any], name: str = "Tags") -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get(name, [])}


def as_tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def cut(
    items: Sequence[T], request: Mapping[str, Any], limit: int = 20, member: str = "NextPageToken"
) -> tuple[Sequence[T], dict[str, str]]:
    """The page asked for of a list that is all here, and the member that leads to the next; tokens are positions."""
    given = request.get("PageToken")
    start = decode_place(given, INVALID)
    size = request.get("PageSize") or limit
    more = len(items) > start + size
    return items[start : start + size], {member: encode_token(str(start + size))} if more else {}


def in_order(items: Iterable[T], request: Mapping[str, Any], keys: Mapping[str, Any]) -> list[T]:
    """Sorted as the request asks. keys: by SortBy, the first where it says nothing. Raises ServiceError."""
    by = request.get("SortBy") or next(iter(keys))
    if by not in keys:
        raise ServiceError(INVALID, f"SortBy must be one of {', '.join(keys)}.")
    return sorted(items, key=keys[by], reverse=request.get("SortOrder") == "DESCENDING")
