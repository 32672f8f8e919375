"""Queries over log groups: begun, run in the background, kept for a while with what they found."""

import heapq
import json
import logging
import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from studiolo.domain import Clock, LimitExceeded, NotFound, Scope
from studiolo.logs.events import Event, backward
from studiolo.logs.insights.language import MOST_ROWS, Plan, read
from studiolo.logs.insights.values import Moment, flattened, shown
from studiolo.logs.reading import Span

log = logging.getLogger(__name__)

SCHEDULED, RUNNING = "Scheduled", "Running"
COMPLETE, FAILED, CANCELLED, TIMEOUT = "Complete", "Failed", "Cancelled", "Timeout"
MOST_AT_ONCE = 30
"""Queries that have not ended, as CloudWatch Logs has it."""
WORKING = 2
MOST_KEPT = 1000
LONGEST_SECONDS = 3600.0
AHEAD = 2 * 3_600_000
"""Milliseconds that an event may be ahead of its arrival, as PutLogEvents takes it."""
MOST_SCANNED = 5_000_000
"""Events of one query, of whose fields stats holds those that it puts together."""

Sources = Mapping[str, tuple[Mapping[str, Path], Span]]
"""By group: the files of its streams, and the events that are still kept."""


class _Ended(Exception):
    """The query is not to go on; its status says why."""


@dataclass
class Query:
    """A query, with its result as rows of (field, value) once it is Complete. Its times are in milliseconds."""

    id: str
    scope: Scope
    text: str
    groups: Sequence[str]
    created: int
    status: str = SCHEDULED
    results: Sequence[Sequence[tuple[str, str]]] = ()
    matched: int = 0
    scanned: int = 0
    scanned_bytes: int = 0
    duration: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)


class Queries:
    """The queries of this process. They are forgotten when it ends, or when a thousand newer ones are there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._lock = threading.Lock()
        self._working = threading.Semaphore(WORKING)

    def start(self, scope: Scope, text: str, sources: Sources, limit: int = MOST_ROWS) -> Query:
        """Begin a query. Raises Malformed for its text, LimitExceeded where too many have not ended."""
        plan = read(text)
        query = Query(str(uuid.uuid4()), scope, text, tuple(sources), int(self._clock().timestamp() * 1000))
        with self._lock:
            if sum(each.status in (SCHEDULED, RUNNING) for each in self._queries.values()) >= MOST_AT_ONCE:
                raise LimitExceeded(f"There are {MOST_AT_ONCE} queries that have not ended. Wait for one, or stop it.")
            self._queries[query.id] = query
            while len(self._queries) > MOST_KEPT:
                self._queries.popitem(last=False)
        threading.Thread(target=self._run, args=(query, plan, sources, limit), daemon=True).start()
        return query

    def get(self, scope: Scope, identifier: str) -> Query:
        """Raises NotFound."""
        query = self._queries.get(identifier)
        if query is None or query.scope != scope:
            raise NotFound(f"Query '{identifier}' does not exist.")
        return query

    def list(self, scope: Scope, group: str | None = None, status: str | None = None) -> Sequence[Query]:
        """The queries of a group and status, the newest first."""
        with self._lock:
            found = [query for query in reversed(self._queries.values()) if query.scope == scope]
        found = [query for query in found if group is None or group in query.groups]
        return [query for query in found if status is None or query.status == status]

    def stop(self, scope: Scope, identifier: str) -> bool:
        """End a query; whether it had not ended. Raises NotFound."""
        query = self.get(scope, identifier)
        with self._lock:
            going_on = query.status in (SCHEDULED, RUNNING)
            if going_on:
                query.status = CANCELLED
                query.cancelled.set()
        return going_on

    def empty(self) -> None:
        """End and forget them all."""
        with self._lock:
            for query in self._queries.values():
                query.cancelled.set()
            self._queries.clear()

    def _run(self, query: Query, plan: Plan, sources: Sources, limit: int) -> None:
        with self._working:
            begun = time.monotonic()
            self._become(query, RUNNING)
            status = COMPLETE
            try:
                query.results = _results(query, plan, _rows(query, sources, begun + LONGEST_SECONDS), limit)
            except _Ended as error:
                status = str(error)
            except Exception:
                # GetQueryResults has no place for a reason: it is in the server's log.
                log.exception("query %s failed", query.id)
                status = FAILED
            query.duration = int((time.monotonic() - begun) * 1000)
            self._become(query, status)

    def _become(self, query: Query, status: str) -> None:
        with self._lock:
            if query.status != CANCELLED:
                query.status = status


def _results(
    query: Query, plan: Plan, rows: Iterator[dict[str, Any]], limit: int
) -> Sequence[Sequence[tuple[str, str]]]:
    def counted() -> Iterator[dict[str, Any]]:
        for row in plan.matching(rows):
            query.matched += 1
            yield row

    matching = counted()
    found = list(islice(plan.finished(matching), MOST_ROWS if plan.limit is not None else limit))
    # The statistics are of all events, however few the result shows.
    deque(matching, maxlen=0)
    if not plan.aggregated and not plan.ordered:
        found.sort(key=lambda row: -row["@timestamp"])
    columns = plan.shown if plan.aggregated else [*plan.shown, "@ptr"]
    return [[(name, shown(row[name])) for name in dict.fromkeys(columns) if row.get(name) is not None] for row in found]


def _rows(query: Query, sources: Sources, deadline: float) -> Iterator[dict[str, Any]]:
    """The events of all groups, the latest first. Raises _Ended."""
    streams = [
        _events(group, stream, file, span) for group, (files, span) in sources.items() for stream, file in files.items()
    ]
    for group, stream, event in heapq.merge(*streams, key=lambda each: -each[2].timestamp):
        if query.cancelled.is_set():
            raise _Ended(CANCELLED)
        query.scanned += 1
        query.scanned_bytes += len(event.message)
        if query.scanned > MOST_SCANNED:
            raise LimitExceeded(f"A query looks through at most {MOST_SCANNED} events.")
        if query.scanned % 1000 == 0 and time.monotonic() > deadline:
            raise _Ended(TIMEOUT)
        yield _row(query, group, stream, event)


def _events(group: str, stream: str, file: Path, span: Span) -> Iterator[tuple[str, str, Event]]:
    # No event is appended later than when it happens, nor more than AHEAD before.
    possible = takewhile(lambda event: event.ingested + AHEAD >= span.start, backward(file))
    return ((group, stream, event) for event in possible if span.holds(event))


def _row(query: Query, group: str, stream: str, event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if event.message.lstrip().startswith("{"):
        try:
            found = flattened(json.loads(event.message))
        except (ValueError, RecursionError):
            found = {}
    return {
        **found,
        "@timestamp": Moment(event.timestamp),
        "@ingestionTime": Moment(event.ingested),
        "@message": event.message,
        "@logStream": stream,
        "@log": f"{query.scope.account}:{group}",
        "@ptr": f"{group}#{stream}#{event.start}",
    }
