"""Amazon CloudWatch Logs: groups, streams, events."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.logs import MOST_EVENTS, Event, Found, LogGroup, LogStream, Span
from studiolo.services.call import Call
from studiolo.services.service import Service

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        CreateLogGroupRequestTypeDef,
        CreateLogStreamRequestTypeDef,
        DeleteLogGroupRequestTypeDef,
        DeleteLogStreamRequestTypeDef,
        DeleteRetentionPolicyRequestTypeDef,
        DescribeLogGroupsRequestTypeDef,
        DescribeLogStreamsRequestTypeDef,
        FilterLogEventsRequestTypeDef,
        GetLogEventsRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        PutLogEventsRequestTypeDef,
        PutRetentionPolicyRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

INVALID = "InvalidParameterException"
MILLISECONDS = 1000
FARTHEST = 2**60
"""No file is longer than this."""

_GROUP_ARN = re.compile(r"arn:[^:]*:logs:[^:]*:[^:]*:log-group:(?P<name>[^:]*)(?::\*)?")

logs = Service(
    "logs",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: "ResourceAlreadyExistsException",
        Invalid: INVALID,
        Conflict: "OperationAbortedException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
    invalid=INVALID,
)


@logs.operation
def create_log_group(call: Call, request: "CreateLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.create(
        call.scope,
        request["logGroupName"],
        kms_key=request.get("kmsKeyId"),
        kind=request.get("logGroupClass", "STANDARD"),
        tags=request.get("tags"),
    )
    return {}


@logs.operation
def create_log_stream(call: Call, request: "CreateLogStreamRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.streams.create(call.scope, request["logGroupName"], request["logStreamName"])
    return {}


@logs.operation
def delete_log_group(call: Call, request: "DeleteLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.delete(call.scope, request["logGroupName"])
    return {}


@logs.operation
def delete_log_stream(call: Call, request: "DeleteLogStreamRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.streams.delete(call.scope, request["logGroupName"], request["logStreamName"])
    return {}


@logs.operation
def delete_retention_policy(call: Call, request: "DeleteRetentionPolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.set_retention(call.scope, request["logGroupName"], None)
    return {}


@logs.operation
def describe_log_groups(call: Call, request: "DescribeLogGroupsRequestTypeDef") -> dict[str, Any]:
    if "logGroupNamePrefix" in request and "logGroupNamePattern" in request:
        raise ServiceError(INVALID, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    page = call.studio.logs.groups.list(
        call.scope,
        prefix=request.get("logGroupNamePrefix", ""),
        containing=request.get("logGroupNamePattern", ""),
        **_paging(request),
    )
    return {"logGroups": [as_group(call.scope, group) for group in page.items], **_next_token(page)}


@logs.operation
def describe_log_streams(call: Call, request: "DescribeLogStreamsRequestTypeDef") -> dict[str, Any]:
    group = _group(request)
    streams = call.studio.logs.streams
    descending = request.get("descending", False)
    if request.get("orderBy") != "LastEventTime":
        prefix = request.get("logStreamNamePrefix", "")
        page = streams.list(call.scope, group, prefix=prefix, descending=descending, **_paging(request))
    elif "logStreamNamePrefix" in request:
        raise ServiceError(INVALID, "Cannot order by LastEventTime with a logStreamNamePrefix.")
    else:
        page = streams.list_by_last_event(call.scope, group, descending=descending, **_paging(request))
    return {"logStreams": [as_stream(call.scope, group, stream) for stream in page.items], **_next_token(page)}


@logs.operation
def filter_log_events(call: Call, request: "FilterLogEventsRequestTypeDef") -> dict[str, Any]:
    if "logStreamNames" in request and "logStreamNamePrefix" in request:
        raise ServiceError(INVALID, "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    page = call.studio.logs.search(
        call.scope,
        _group(request),
        request.get("filterPattern", ""),
        names=request.get("logStreamNames"),
        prefix=request.get("logStreamNamePrefix", ""),
        span=_span(request),
        positions=_positions(request.get("nextToken")),
        limit=request.get("limit", MOST_EVENTS),
    )
    answer: dict[str, Any] = {"events": [as_found(found) for found in page.events], "searchedLogStreams": []}
    if page.positions is not None:
        answer["nextToken"] = encode_token(json.dumps(page.positions))
    return answer


@logs.operation
def get_log_events(call: Call, request: "GetLogEventsRequestTypeDef") -> dict[str, Any]:
    """Tokens are places in the stream: at either end the answer has the token that the request came with."""
    forward, position = _place(request)
    read: Callable[..., Any] = call.studio.logs.head if forward else call.studio.logs.tail
    place = {} if position is None else {"position": position}
    limit = request.get("limit", MOST_EVENTS)
    page = read(call.scope, _group(request), request["logStreamName"], limit=limit, span=_span(request), **place)
    return {
        "events": [as_event(event) for event in page.events],
        "nextForwardToken": f"f/{page.after:056d}/s",
        "nextBackwardToken": f"b/{page.before:056d}/s",
    }


@logs.operation
def list_tags_for_resource(call: Call, request: "ListTagsForResourceRequestTypeDef") -> dict[str, Any]:
    return {"tags": call.studio.logs.groups.get(call.scope, _tagged(call, request["resourceArn"])).tags}


@logs.operation
def list_tags_log_group(call: Call, request: "ListTagsLogGroupRequestTypeDef") -> dict[str, Any]:
    return {"tags": call.studio.logs.groups.get(call.scope, request["logGroupName"]).tags}


@logs.operation
def put_log_events(call: Call, request: "PutLogEventsRequestTypeDef") -> dict[str, Any]:
    """Sequence tokens are taken and given, and mean nothing, as at AWS."""
    events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    rejected = call.studio.logs.put(call.scope, request["logGroupName"], request["logStreamName"], events)
    info = {
        "tooNewLogEventStartIndex": rejected.too_new_from,
        "tooOldLogEventEndIndex": rejected.too_old_before,
        "expiredLogEventEndIndex": rejected.expired_before,
    }
    said = {name: index for name, index in info.items() if index is not None}
    return {"nextSequenceToken": f"{events[-1][0]:056d}", **({"rejectedLogEventsInfo": said} if said else {})}


@logs.operation
def put_retention_policy(call: Call, request: "PutRetentionPolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.set_retention(call.scope, request["logGroupName"], request["retentionInDays"])
    return {}


@logs.operation
def tag_log_group(call: Call, request: "TagLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.tag(call.scope, request["logGroupName"], request["tags"])
    return {}


@logs.operation
def tag_resource(call: Call, request: "TagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.tag(call.scope, _tagged(call, request["resourceArn"]), request["tags"])
    return {}


@logs.operation
def untag_log_group(call: Call, request: "UntagLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.untag(call.scope, request["logGroupName"], request["tags"])
    return {}


@logs.operation
def untag_resource(call: Call, request: "UntagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.untag(call.scope, _tagged(call, request["resourceArn"]), request["tagKeys"])
    return {}


def _tagged(call: Call, resource: str) -> str:
    """The name of the group that an ARN of this scope names: of another spelling another's rights were asked for."""
    prefix = arn("logs", call.scope.region, call.scope.account, "log-group:")
    if not resource.startswith(prefix):
        raise NotFound(f"There is no resource {resource} here.")
    return resource.removeprefix(prefix)


def _group(request: Mapping[str, Any]) -> str:
    """The group that a request is about: by name, or by an identifier that may be an ARN."""
    if ("logGroupName" in request) == ("logGroupIdentifier" in request):
        raise ServiceError(INVALID, "Give exactly one of logGroupName and logGroupIdentifier.")
    return _group_name(request.get("logGroupName") or request["logGroupIdentifier"])


def _group_name(identifier: str) -> str:
    """A group's name, from itself or its ARN, with or without `:*` at the end. Raises ServiceError."""
    if not identifier.startswith("arn:"):
        return identifier
    arn = _GROUP_ARN.fullmatch(identifier)
    if arn is None:
        raise ServiceError(INVALID, f"{identifier} is not the ARN of a log group.")
    return arn["name"]


def _span(request: Mapping[str, Any]) -> Span:
    return Span(request.get("startTime", 0), request.get("endTime"))


def _place(request: Mapping[str, Any]) -> tuple[bool, int | None]:
    """Whether to read forward, and from which byte of the stream; None for the end it begins at."""
    if "nextToken" not in request:
        return request.get("startFromHead", False), None
    token = re.fullmatch(r"(?P<direction>[fb])/(?P<position>[0-9]{56})/s", request["nextToken"])
    if token is None or int(token["position"]) > FARTHEST:
        raise ServiceError(INVALID, "The specified nextToken is invalid.")
    return token["direction"] == "f", int(token["position"])


def _positions(token: str | None) -> dict[str, int]:
    if token is None:
        return {}
    try:
        places: Any = json.loads(decode_token(token, INVALID))
        positions: dict[str, int] = {stream: int(place) for stream, place in places.items()}
    except (ValueError, AttributeError, TypeError, OverflowError):
        raise ServiceError(INVALID, "The specified nextToken is invalid.") from None
    return {stream: min(max(place, 0), FARTHEST) for stream, place in positions.items()}


def _paging(request: Mapping[str, Any]) -> dict[str, Any]:
    token = request.get("nextToken")
    return {"after": decode_token(token, INVALID) if token else None, "limit": request.get("limit", 50)}


def _next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"nextToken": encode_token(page.next)}


def as_group(scope: Scope, group: LogGroup) -> dict[str, Any]:
    group_arn = arn("logs", scope.region, scope.account, f"log-group:{group.name}")
    shown = {
        "logGroupName": group.name,
        "creationTime": as_milliseconds(group.created),
        "retentionInDays": group.retention_days,
        "metricFilterCount": 0,
        "arn": f"{group_arn}:*",
        "storedBytes": group.stored_bytes,
        "kmsKeyId": group.kms_key,
        "logGroupClass": group.kind,
        "logGroupArn": group_arn,
    }
    return {name: value for name, value in shown.items() if value is not None}


def as_stream(scope: Scope, group: str, stream: LogStream) -> dict[str, Any]:
    shown = {
        "logStreamName": stream.name,
        "creationTime": as_milliseconds(stream.created),
        "firstEventTimestamp": stream.first_event,
        "lastEventTimestamp": stream.last_event,
        "lastIngestionTime": stream.last_ingestion,
        "uploadSequenceToken": f"{stream.last_ingestion or 0:056d}",
        "arn": arn("logs", scope.region, scope.account, f"log-group:{group}:log-stream:{stream.name}"),
        # AWS has answered 0 since 2019.
        "storedBytes": 0,
    }
    return {name: value for name, value in shown.items() if value is not None}


def as_event(event: Event) -> dict[str, Any]:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}


def as_found(found: Found) -> dict[str, Any]:
    return {"logStreamName": found.stream, **as_event(found.event), "eventId": found.id}


def as_milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * MILLISECONDS)
