"""What the operations of EMR share: its error codes, tags, moments, lists."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.services.call import Call
from studiolo.services.service import Service

INVALID, REQUEST = "ValidationException", "InvalidRequestException"

emr = Service(
    "emr",
    {
        NotFound: REQUEST,
        AlreadyExists: REQUEST,
        Invalid: INVALID,
        Conflict: INVALID,
        Denied: "AccessDeniedException",
        LimitExceeded: INVALID,
    },
    invalid=INVALID,
)

PAGE = 50
"""Clusters, steps and the like on a page, as EMR has them."""


def refuse(request: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Answer that a member of the request asks for what Studiolo does not do, if one of them does."""
    asked = [name for name in names if request.get(name)]
    if asked:
        raise ServiceError(INVALID, f"{', '.join(asked)} in {where} is not supported by Studiolo.")


def after(request: Mapping[str, Any]) -> str | None:
    """The key after which the page asked for begins."""
    token = request.get("Marker")
    return decode_token(token, REQUEST) if token else None


def marker(page: Page[Any]) -> dict[str, str]:
    """The response's Marker, where there is a next page."""
    return {} if page.next is None else {"Marker": encode_token(page.next)}


def cut(items: Sequence[Any], request: Mapping[str, Any], size: int = PAGE) -> Page[Any]:
    """The page asked for of a list that is all here; its keys are positions."""
    key = after(request)
    if key is not None and not key.isdigit():
        raise ServiceError(REQUEST, "The pagination token is not valid")
    start = int(key or 0)
    return Page(items[start : start + size], str(start + size) if len(items) > start + size else None)


def tags(call: Call, request: Mapping[str, Any]) -> dict[str, str]:
    """The request's tags, the last of each key."""
    found = {tag.get("Key", ""): tag.get("Value", "") for tag in request.get("Tags", [])}
    if (reserved := call.reserved_tag(found)) is not None:
        raise ServiceError(INVALID, reserved)
    return found


def as_tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def timeline(created: datetime, **moments: float | None) -> dict[str, datetime]:
    """A Timeline: its creation, and what there is of the other moments (seconds since 1970) by their names."""
    known = {f"{name}DateTime": moment(seconds) for name, seconds in moments.items() if seconds is not None}
    return {"CreationDateTime": created, **known}


def reason(code: str | None, message: str | None) -> dict[str, str]:
    """A StateChangeReason."""
    return {**({"Code": code} if code else {}), **({"Message": message} if message else {})}
