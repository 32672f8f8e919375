"""What the operations of SageMaker share: its error codes, tags, lists, and refusals."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.features import NoFeature, NoFeatureGroup
from studiolo.identity import VIA
from studiolo.ml.errors import JobMissing, NameInUse, RecordConflict, RecordMissing
from studiolo.ml.experiments.entity import NoEntity
from studiolo.ml.listing import Listing
from studiolo.mlflow.errors import Busy as TrackingServerBusy
from studiolo.mlflow.errors import NoServer
from studiolo.pipelines import Busy, NoPipeline
from studiolo.services.call import Call
from studiolo.services.service import Service
from studiolo.studio.errors import InUse, Missing

INVALID = "ValidationException"
CLOUDFORMATION = "cloudformation.amazonaws.com"

sagemaker = Service(
    "sagemaker",
    {
        # SageMaker has no code of its own for most of what is not there, or there already.
        NotFound: INVALID,
        AlreadyExists: INVALID,
        NameInUse: "ResourceInUse",
        InUse: "ResourceInUse",
        Busy: "ConflictException",
        TrackingServerBusy: "ConflictException",
        NoServer: "ResourceNotFound",
        NoEntity: "ResourceNotFound",
        NoPipeline: "ResourceNotFound",
        Missing: "ResourceNotFound",
        JobMissing: "ResourceNotFound",
        RecordMissing: "ResourceNotFound",
        RecordConflict: "ConflictException",
        NoFeatureGroup: "ResourceNotFound",
        NoFeature: "ResourceNotFound",
        Invalid: INVALID,
        Conflict: INVALID,
        Denied: "AccessDeniedException",
        LimitExceeded: "ResourceLimitExceeded",
    },
)


def refuse(request: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Answer that a member of the request asks for what Studiolo does not do, if one of them does."""
    asked = [name for name in names if request.get(name)]
    if asked:
        raise ServiceError(INVALID, f"{', '.join(asked)} in {where} is not supported by Studiolo.")


def kept(request: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The members of the request that are recorded and shown as they are."""
    return {name: request[name] for name in names if name in request}


def tags(call: Call, request: Mapping[str, Any]) -> dict[str, str]:
    """The request's tags: each key once, and AWS's own only where a stack is carried out."""
    keys = [tag["Key"] for tag in request.get("Tags", ())]
    refuse_reserved(call, keys)
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ServiceError(INVALID, f"Duplicate tag keys found: {', '.join(twice)}. Each key may be given once.")
    return pairs(request)


def pairs(request: Mapping[str, Any]) -> dict[str, str]:
    """The request's tags, unchecked."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def refuse_reserved(call: Call, keys: Iterable[str]) -> None:
    """Answer that keys of tags are AWS's own, unless CloudFormation calls."""
    reserved = [key for key in keys if key.lower().startswith("aws:")]
    if reserved and CLOUDFORMATION not in call.principal.told.get(VIA, ()):
        raise ServiceError(
            INVALID, f"aws: prefixed tag key names are not allowed for external use: {', '.join(reserved)}."
        )


def listing(request: Mapping[str, Any], *, descending: bool) -> Listing:
    """The list that the request asks for; `descending` where it does not say."""
    order = request.get("SortOrder")
    token = request.get("NextToken")
    return Listing(
        name_contains=request.get("NameContains"),
        status=request.get("StatusEquals"),
        created_after=request.get("CreationTimeAfter"),
        created_before=request.get("CreationTimeBefore"),
        changed_after=request.get("LastModifiedTimeAfter"),
        changed_before=request.get("LastModifiedTimeBefore"),
        sort_by=request.get("SortBy", "CreationTime"),
        descending=descending if order is None else order == "Descending",
        after=decode_token(token, INVALID) if token else None,
        limit=request.get("MaxResults", 10),
    )


def moment(seconds: float) -> datetime:
    """A moment in seconds since 1970, as answers have it."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def next_token(page: Page[Any]) -> dict[str, str]:
    """The response's NextToken, where there is a next page."""
    return {} if page.next is None else {"NextToken": encode_token(page.next)}
