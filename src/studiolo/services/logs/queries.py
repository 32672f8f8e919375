"""Amazon CloudWatch Logs: queries of Logs Insights."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, decode_token, encode_token
from studiolo.logs import MOST_EVENTS, Span
from studiolo.logs.insights import Malformed, Query
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, MILLISECONDS, group_name, logs

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        DescribeQueriesRequestTypeDef,
        GetQueryResultsRequestTypeDef,
        StartQueryRequestTypeDef,
        StopQueryRequestTypeDef,
    )

IN_MILLISECONDS = 10**11
"""From here on (the year 5138 in seconds) moments are in milliseconds."""
LANGUAGE = "CWLI"
MOST_QUERIES = 1000


@logs.operation
def describe_queries(call: Call, request: "DescribeQueriesRequestTypeDef") -> dict[str, Any]:
    group = request.get("logGroupName")
    found = call.studio.logs.queries.list(call.scope, group and group_name(group), request.get("status"))
    token = request.get("nextToken")
    after = decode_token(token, INVALID) if token else None
    begin = next((i + 1 for i, query in enumerate(found) if query.id == after), 0)
    end = begin + request.get("maxResults", MOST_QUERIES)
    more = {"nextToken": encode_token(found[end - 1].id)} if end < len(found) else {}
    return {"queries": [as_query(query) for query in found[begin:end]], **more}


@logs.operation
def get_query_results(call: Call, request: "GetQueryResultsRequestTypeDef") -> dict[str, Any]:
    query = call.studio.logs.queries.get(call.scope, request["queryId"])
    results = query.results if query.status == "Complete" else ()
    begin = decode_place(request.get("nextToken"), INVALID)
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
def start_query(call: Call, request: "StartQueryRequestTypeDef") -> dict[str, Any]:
    language = request.get("queryLanguage", LANGUAGE)
    if language != LANGUAGE:
        raise ServiceError(INVALID, f"The query language {language} is not supported by Studiolo: use {LANGUAGE}.")
    named = [request[name] for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if name in request]
    if len(named) != 1:
        raise ServiceError(INVALID, "Give exactly one of logGroupName, logGroupNames and logGroupIdentifiers.")
    names = [named[0]] if isinstance(named[0], str) else named[0]
    groups = list(dict.fromkeys(group_name(name) for name in names))
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


def _milliseconds(moment: int) -> int:
    """A moment that the API wants in seconds, and takes in milliseconds too, as many clients send it."""
    return moment if moment >= IN_MILLISECONDS else moment * MILLISECONDS


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
