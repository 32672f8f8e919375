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
from studiolo.logs.filters import compile_extraction
from studiolo.logs.insights import Malformed, Query
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
        DescribeQueriesRequestTypeDef,
        FilterLogEventsRequestTypeDef,
        GetLogEventsRequestTypeDef,
        GetQueryResultsRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        PutLogEventsRequestTypeDef,
        PutRetentionPolicyRequestTypeDef,
        StartQueryRequestTypeDef,
        StopQueryRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        TestMetricFilterRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

INVALID = "InvalidParameterException"
MILLISECONDS = 1000
IN_MILLISECONDS = 10**11
"""From here on (the year 5138 in seconds) moments are in milliseconds."""
LANGUAGE = "CWLI"
MOST_QUERIES = 1000
FARTHEST = 2**60
"""No file is longer than this."""

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
def describe_queries(call: Call, request: "DescribeQueriesRequestTypeDef") -> dict[str, Any]:
    group = request.get("logGroupName")
    found = call.studio.logs.queries.list(call.scope, group and _group_name(group), request.get("status"))
    token = request.get("nextToken")
    after = decode_token(token, INVALID) if token else None
    begin = next((i + 1 for i, query in enumerate(found) if query.id == after), 0)
    end = begin + request.get("maxResults", MOST_QUERIES)
    more = {"nextToken": encode_token(found[end - 1].id)} if end < len(found) else {}
    return {"queries": [as_query(query) for query in found[begin:end]], **more}


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
def get_query_results(call: Call, request: "GetQueryResultsRequestTypeDef") -> dict[str, Any]:
    query = call.studio.logs.queries.get(call.scope, request["queryId"])
    results = query.results if query.status == "Complete" else ()
    token = request.get("nextToken")
    begin = _number(decode_token(token, INVALID)) if token else 0
    end = begin + request.get("maxItems", len(results))
    shown = [[{"field": name, "value": value} for name, value in row] for row in results[begin:end]]
    return {
        "queryLanguage": LANGUAGE,
        "results": shown,
        "statistics": {
            "recordsMatched": float(query.matched),
            "recordsScanned": float(query.scanned),
            "bytesScanned": float(query.scanned_bytes),
            "estimatedRecordsSkipped": 0.0,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(len(query.groups)),
        },
        "status": query.status,
        **({"nextToken": encode_token(str(end))} if end < len(results) else {}),
    }


@logs.operation
def list_tags_for_resource(call: Call, request: "ListTagsForResourceRequestTypeDef") -> dict[str, Any]:
    return {"tags": call.studio.logs.groups.get(call.scope, _group_name(request["resourceArn"])).tags}


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
def start_query(call: Call, request: "StartQueryRequestTypeDef") -> dict[str, Any]:
    language = request.get("queryLanguage", LANGUAGE)
    if language != LANGUAGE:
        raise ServiceError(INVALID, f"The query language {language} is not supported by Studiolo: use {LANGUAGE}.")
    named = [request[name] for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if name in request]
    if len(named) != 1:
        raise ServiceError(INVALID, "Give exactly one of logGroupName, logGroupNames and logGroupIdentifiers.")
    names = [named[0]] if isinstance(named[0], str) else named[0]
    groups = list(dict.fromkeys(_group_name(name) for name in names))
    if request["startTime"] > request["endTime"]:
        raise ServiceError(INVALID, "End time should not be earlier than start time.")
    span = Span(_milliseconds(request["startTime"]), _milliseconds(request["endTime"] + 1))
    try:
        query = call.studio.logs.query(
            call.scope, request["queryString"], groups, span, request.get("limit", MOST_EVENTS)
        )
    except Malformed as error:
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        compiled = {"queryCompileError": {"location": location, "message": str(error)}}
        raise ServiceError("MalformedQueryException", str(error), members=compiled) from None
    return {"queryId": query.id}


@logs.operation
def stop_query(call: Call, request: "StopQueryRequestTypeDef") -> dict[str, Any]:
    if not call.studio.logs.queries.stop(call.scope, request["queryId"]):
        raise ServiceError(INVALID, "Query is already ended with another status")
    return {"success": True}


@logs.operation
def tag_log_group(call: Call, request: "TagLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.tag(call.scope, request["logGroupName"], request["tags"])
    return {}


@logs.operation
def tag_resource(call: Call, request: "TagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.tag(call.scope, _group_name(request["resourceArn"]), request["tags"])
    return {}


@logs.operation
def test_metric_filter(call: Call, request: "TestMetricFilterRequestTypeDef") -> dict[str, Any]:
    extract = compile_extraction(request["filterPattern"])
    found = [(number, text, extract(text)) for number, text in enumerate(request["logEventMessages"], start=1)]
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": text, "extractedValues": dict(values)}
            for number, text, values in found
            if values is not None
        ]
    }


@logs.operation
def untag_log_group(call: Call, request: "UntagLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.untag(call.scope, request["logGroupName"], request["tags"])
    return {}


@logs.operation
def untag_resource(call: Call, request: "UntagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.untag(call.scope, _group_name(request["resourceArn"]), request["tagKeys"])
    return {}


def _group(request: Mapping[str, Any]) -> str:
    """The group that a request is about: by name, or by an identifier that may be an ARN."""
    if ("logGroupName" in request) == ("logGroupIdentifier" in request):
        raise ServiceError(INVALID, "Give exactly one of logGroupName and logGroupIdentifier.")
    return _group_name(request.get("logGroupName") or request["logGroupIdentifier"])


def _group_name(identifier: str) -> str:
    """A group's name, from itself or its ARN, with or without `:*` at the end."""
    return identifier.partition(":log-group:")[2].removesuffix(":*") if identifier.startswith("arn:") else identifier


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ServiceError(INVALID, "The specified nextToken is invalid.")
    return int(text)


def _milliseconds(moment: int) -> int:
    """A moment that the API wants in seconds, and takes in milliseconds too, as many clients send it."""
    return moment if moment >= IN_MILLISECONDS else moment * MILLISECONDS


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


def as_query(query: Query) -> dict[str, Any]:
    return {
        "queryLanguage": LANGUAGE,
        "queryId": query.id,
        "queryString": query.text,
        "status": query.status,
        "createTime": query.created,
        "logGroupName": query.groups[0],
        "queryDuration": query.duration,
        "bytesScanned": float(query.scanned_bytes),
    }


def as_event(event: Event) -> dict[str, Any]:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}


def as_found(found: Found) -> dict[str, Any]:
    return {"logStreamName": found.stream, **as_event(found.event), "eventId": found.id}


def as_milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * MILLISECONDS)
