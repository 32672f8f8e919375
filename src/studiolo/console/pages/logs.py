"""Logs: groups and streams, search, following what comes, and Insights' queries. Others show their logs by `lines`."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.rows import Rows
from studiolo.console.visit import PAGE, Refused, Visit

EVENTS = 500
"""Events that a page shows at once."""
LONG = 600
"""Characters after which an event is folded."""
FOLDED = 8000
"""Characters of an event that are folded."""
ROOM, MARKUP = 80_000, 60
"""Characters of all events on a page, and of what is around each."""
SPANS = {"1h": 3600, "6h": 6 * 3600, "1d": 86400, "7d": 7 * 86400, "30d": 30 * 86400}
QUERY = "fields @timestamp, @message\n| sort @timestamp desc\n| limit 100"
_ERROR = re.compile(r"\b(ERROR|FATAL|CRITICAL|Exception|Traceback)\b")
_WARNING = re.compile(r"\bWARN(ING)?\b")


@dataclass(frozen=True)
class Line:
    """An event: its first line, and what is folded below it."""

    at: datetime
    first: str
    rest: str
    level: str
    stream: str = ""


def lines(events: Sequence[dict[str, Any]]) -> list[Line]:
    """The events as lines: as many of the last ones as a page has room for."""
    found: list[Line] = []
    room = ROOM
    for event in reversed(events):
        line = _line(event)
        room -= len(line.first) + len(line.rest) + MARKUP
        if room < 0 and found:
            break
        found.append(line)
    return found[::-1]


def groups(visit: Visit) -> Response:
    prefix, after = visit.query.get("find"), visit.query.get("after")
    given = {"logGroupNamePattern": prefix} if prefix else {}
    given |= {"nextToken": after} if after else {}
    found = visit.client("logs").describe_log_groups(limit=PAGE, **given)
    return visit.page("log_groups.html", groups=found["logGroups"], more=found.get("nextToken"))


def group(visit: Visit) -> Response:
    name, wanted = visit.query.get("name", ""), visit.query.get("search", "")
    logs = visit.client("logs")
    tab = visit.query.get("tab", "streams")
    shown: dict[str, Any] = {}
    if tab == "search":
        shown = {"found": visit.attempt(_search, visit, name, wanted) if "search" in visit.query else None}
    elif tab == "insights":
        shown = {"sql": visit.query.get("query", QUERY), "answer": None, "span": visit.query.get("span", "1d")}
    else:
        after = {"nextToken": visit.query["after"]} if visit.query.get("after") else {}
        listed = logs.describe_log_streams(
            logGroupName=name, orderBy="LastEventTime", descending=True, limit=PAGE, **after
        )
        shown = {"streams": listed["logStreams"], "more": listed.get("nextToken")}
    return visit.page("log_group.html", name=name, tab=tab, **shown)


def insights(visit: Visit) -> Response:
    """Begin a query, and go to where its answer will be."""
    name, span = visit.form.get("name", ""), visit.form.get("span", "1d")
    end = int(time.time())
    began = visit.client("logs").start_query(
        logGroupName=name,
        startTime=end - SPANS.get(span, SPANS["1d"]),
        endTime=end,
        queryString=visit.form.get("query", ""),
    )
    return visit.go(visit.at("/logs/query", name=name, id=began["queryId"], span=span).removeprefix(visit.base))


def insights_answer(visit: Visit) -> Response:
    found = visit.client("logs").get_query_results(queryId=visit.query.get("id", ""))
    rows = found.get("results", [])
    columns = list(dict.fromkeys(each["field"] for row in rows for each in row if each["field"] != "@ptr"))
    values = [tuple({e["field"]: e["value"] for e in row}.get(column) for column in columns) for row in rows]
    described = visit.attempt(lambda: _query_text(visit))
    return visit.page(
        "log_group.html",
        name=visit.query.get("name", ""),
        tab="insights",
        sql=described if isinstance(described, str) else QUERY,
        span=visit.query.get("span", "1d"),
        answer={"status": found["status"], "rows": Rows(columns, values), "statistics": found.get("statistics", {})},
    )


def stream(visit: Visit) -> Response:
    """The last events of a stream, and from then on what is added."""
    group, name = visit.query.get("group", ""), visit.query.get("stream", "")
    found = visit.client("logs").get_log_events(
        logGroupName=group, logStreamName=name, startFromHead=False, limit=EVENTS
    )
    return visit.page(
        "log_stream.html", group=group, stream=name, events=lines(found["events"]), token=found["nextForwardToken"]
    )


def more(visit: Visit) -> Response:
    """What was added to a stream since a token: a part of a page, which asks again by itself."""
    group, name = visit.query.get("group", ""), visit.query.get("stream", "")
    found = visit.client("logs").get_log_events(
        logGroupName=group,
        logStreamName=name,
        startFromHead=True,
        nextToken=visit.query.get("token", ""),
        limit=EVENTS,
    )
    return visit.page(
        "log_more.html", group=group, stream=name, events=lines(found["events"]), token=found["nextForwardToken"]
    )


def last_events(visit: Visit, group: str, prefix: str) -> dict[str, Any] | Refused:
    """For a page of something that logs: its streams, and the last events of the first; without a prefix, of the newest."""

    wanted: dict[str, Any] = {"orderBy": "LastEventTime", "descending": True}
    if prefix:
        wanted = {"logStreamNamePrefix": prefix}

    def find() -> dict[str, Any]:
        logs = visit.client("logs")
        try:
            listed = logs.describe_log_streams(logGroupName=group, limit=PAGE, **wanted)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            listed = []
        if not listed:
            return {"group": group, "streams": [], "stream": None, "events": [], "token": None}
        name = listed[0]["logStreamName"]
        found = logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=False, limit=EVENTS)
        names = [each["logStreamName"] for each in listed]
        events, token = lines(found["events"]), found["nextForwardToken"]
        return {"group": group, "streams": names, "stream": name, "events": events, "token": token}

    return visit.attempt(find)


def _search(visit: Visit, group: str, wanted: str) -> list[Line]:
    pattern = {"filterPattern": wanted} if wanted else {}
    start = int((time.time() - SPANS.get(visit.query.get("span", "1d"), SPANS["1d"])) * 1000)
    found = visit.client("logs").filter_log_events(logGroupName=group, startTime=start, limit=EVENTS, **pattern)
    return lines(found["events"])


def _query_text(visit: Visit) -> str:
    listed = visit.client("logs").describe_queries(logGroupName=visit.query.get("name", ""), maxResults=100)["queries"]
    return next((each["queryString"] for each in listed if each["queryId"] == visit.query.get("id")), QUERY)


def _line(event: dict[str, Any]) -> Line:
    text = event["message"].rstrip("\n")
    first, _, rest = text.partition("\n")
    if len(first) > LONG:
        first, rest = f"{first[:LONG]} …", text
    if len(rest) > FOLDED:
        rest = f"{rest[:FOLDED]} …"
    level = "error" if _ERROR.search(text) else "warning" if _WARNING.search(first) else ""
    at = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc)
    return Line(at, first, rest, level, event.get("logStreamName", ""))


PAGES = (
    Page("GET", "/logs", groups),
    Page("GET", "/logs/group", group),
    Page("POST", "/logs/query", insights),
    Page("GET", "/logs/query", insights_answer),
    Page("GET", "/logs/stream", stream),
    Page("GET", "/logs/more", more),
)
