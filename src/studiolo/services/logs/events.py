"""Amazon CloudWatch Logs: streams and events."""

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import Scope
from studiolo.logs import MOST_EVENTS, Event, Found, LogStream, Span
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, as_milliseconds, group_of, logs, next_token, paging

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        CreateLogStreamRequestTypeDef,
        DeleteLogStreamRequestTypeDef,
        DescribeLogStreamsRequestTypeDef,
        FilterLogEventsRequestTypeDef,
        GetLogEventsRequestTypeDef,
        PutLogEventsRequestTypeDef,
    )

FARTHEST = 2**60
"""No file is longer than this."""


@logs.operation
def create_log_stream(call: Call, request: "CreateLogStreamRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.streams.create(call.scope, request["logGroupName"], request["logStreamName"])
    return {}


@logs.operation
def delete_log_stream(call: Call, request: "DeleteLogStreamRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.streams.delete(call.scope, request["logGroupName"], request["logStreamName"])
    return {}


@logs.operation
def describe_log_streams(call: Call, request: "DescribeLogStreamsRequestTypeDef") -> dict[str, Any]:
    group = group_of(request)
    streams = call.studio.logs.streams
    descending = request.get("descending", False)
    if request.get("orderBy") != "LastEventTime":
        prefix = request.get("logStreamNamePrefix", "")
        page = streams.list(call.scope, group, prefix=prefix, descending=descending, **paging(request))
    elif "logStreamNamePrefix" in request:
        raise ServiceError(INVALID, "Cannot order by LastEventTime with a logStreamNamePrefix.")
    else:
        page = streams.list_by_last_event(call.scope, group, descending=descending, **paging(request))
    return {"logStreams": [as_stream(call.scope, group, stream) for stream in page.items], **next_token(page)}


@logs.operation
def filter_log_events(call: Call, request: "FilterLogEventsRequestTypeDef") -> dict[str, Any]:
    if "logStreamNames" in request and "logStreamNamePrefix" in request:
        raise ServiceError(INVALID, "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
    page = call.studio.logs.search(
        call.scope,
        group_of(request),
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
    page = read(call.scope, group_of(request), request["logStreamName"], limit=limit, span=_span(request), **place)
    return {
        "events": [as_event(event) for event in page.events],
        "nextForwardToken": f"f/{page.after:056d}/s",
        "nextBackwardToken": f"b/{page.before:056d}/s",
    }


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
