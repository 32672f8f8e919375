"""What lists of Studio's resources share."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.paging import decode_token
from studiolo.studio import Listing
from studiolo.studio.values import Resource


def studio_listing(request: Mapping[str, Any], invalid: str) -> Listing:
    """The list that the request asks for; `invalid` is the code for a token that is none."""
    token = request.get("NextToken")
    return Listing(
        domain=request.get("DomainIdEquals"),
        contains=request.get("UserProfileNameContains") or request.get("SpaceNameContains"),
        owner=request.get("SpaceNameEquals") or request.get("UserProfileNameEquals"),
        by_change=request.get("SortBy") == "LastModifiedTime",
        descending=request.get("SortOrder") == "Descending",
        after=decode_token(token, invalid) if token else None,
        limit=request.get("MaxResults", 10),
    )


def as_moments(resource: Resource) -> dict[str, Any]:
    shown = {"Status": resource.status, "CreationTime": resource.created, "LastModifiedTime": resource.changed}
    return shown if resource.failure is None else {**shown, "FailureReason": resource.failure}
