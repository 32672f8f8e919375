"""What the operations of IAM share: its error codes, tags, lists."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.identity import (
    InvalidAuthenticationCode,
    InvalidTag,
    MalformedPolicy,
    PasswordPolicyViolation,
    ReportMissing,
    Unmodifiable,
)
from studiolo.services.service import Service

T = TypeVar("T")

iam = Service(
    "iam",
    {
        NotFound: "NoSuchEntity",
        ReportMissing: "ReportNotPresent",
        AlreadyExists: "EntityAlreadyExists",
        Invalid: "InvalidInput",
        InvalidTag: "ValidationError",
        MalformedPolicy: "MalformedPolicyDocument",
        PasswordPolicyViolation: "PasswordPolicyViolation",
        InvalidAuthenticationCode: "InvalidAuthenticationCode",
        Conflict: "DeleteConflict",
        Unmodifiable: "UnmodifiableEntity",
        Denied: "AccessDenied",
        LimitExceeded: "LimitExceeded",
    },
    invalid="ValidationError",
)


def tags(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The request's tags."""
    return [(tag["Key"], tag["Value"]) for tag in request.get("Tags", [])]


def as_tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def with_tags(shown: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """What is shown of a thing, and its tags: IAM leaves the member out where there are none."""
    return {**shown, "Tags": as_tags(values)} if values else shown


@lru_cache(maxsize=256)
def as_document(document: str) -> str:
    """A policy as IAM sends it: percent-encoded (RFC 3986)."""
    return quote(document, safe="")


def paging(request: Mapping[str, Any]) -> dict[str, Any]:
    """Where the page asked for begins, and how long it is."""
    marker = request.get("Marker")
    after = decode_token(marker, "ValidationError") if marker else None
    return {"after": after, "limit": request.get("MaxItems", 100)}


def marker(page: Page[Any]) -> dict[str, Any]:
    """The response's IsTruncated, and Marker where there is a next page."""
    return {"IsTruncated": False} if page.next is None else {"IsTruncated": True, "Marker": encode_token(page.next)}


def cut(items: Sequence[T], key: Callable[[T], str], after: str | None, limit: int) -> Page[T]:
    """A page of a list that is all here and sorted by `key`."""
    rest = [item for item in items if after is None or key(item) > after]
    taken = rest[:limit]
    return Page(taken, key(taken[-1]) if len(rest) > limit else None)
