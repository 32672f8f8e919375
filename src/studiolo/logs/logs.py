"""The logs: groups and streams in the database, the events of a stream in one file of JSON lines."""

import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from studiolo.domain import Clock, Invalid, NotFound, Scope
from studiolo.logs.exports import Destination, Exports
from studiolo.logs.filters import compile_filter
from studiolo.logs.groups import LogGroups, require
from studiolo.logs.insights import Queries, Query
from studiolo.logs.insights.language import MOST_ROWS
from studiolo.logs.live_tail import LiveTails
from studiolo.logs.metric_filters import MetricFilters
from studiolo.logs.reading import (
    ALWAYS,
    EVENT_OVERHEAD,
    MOST_EVENTS,
    PAGE_BYTES,
    EventPage,
    FoundPage,
    Span,
    last_event,
    read_backward,
    read_forward,
    search,
)
from studiolo.logs.resource_policies import ResourcePolicies
from studiolo.logs.streams import LogStreams
from studiolo.logs.subscription_filters import SubscriptionFilters
from studiolo.logs.tables import export_tasks, groups, metric_filters, resource_policies, streams, subscription_filters
from studiolo.logs.writer import LogWriter
from studiolo.state import State

EVENT_BYTES = 1024 * 1024
MILLISECOND = timedelta(milliseconds=1)
OLDEST = timedelta(days=14) // MILLISECOND
NEWEST = timedelta(hours=2) // MILLISECOND
LONGEST_BATCH = timedelta(hours=24) // MILLISECOND


@dataclass(frozen=True, slots=True)
class Rejected:
    """The events of a batch that were not taken: those before an index, or from one on."""

    too_old_before: int | None = None
    expired_before: int | None = None
    too_new_from: int | None = None


class Logs:
    """The logs of one data folder; stream files are under `folder`."""

    def __init__(self, state: State, folder: Path, clock: Clock) -> None:
        self._state = state
        self._folder = folder
        self._clock = clock
        self.groups = LogGroups(state, folder, clock)
        self.streams = LogStreams(state, folder, clock)
        self.metric_filters = MetricFilters(state, self.streams, clock)
        self.subscription_filters = SubscriptionFilters(state, self.streams, clock)
        self.resource_policies = ResourcePolicies(state, clock)
        self.queries = Queries(clock)
        self.exports = Exports(state, self.groups, self.streams, clock)
        self.live_tails = LiveTails(state, self.streams, clock)
        self._making = threading.Lock()

    def start(self, destination: Destination) -> None:
        """Go on with what an earlier server left. destination: the buckets that logs are exported to."""
        self.exports.start(destination)

    def close(self) -> None:
        """End what runs."""
        self.exports.close()

    def writer_file(self, scope: Scope, group: str, stream: str) -> Path:
        """The file that a LogWriter of any process appends to; makes the group and the stream where missing."""
        # Sessions and jobs that start at once share groups: each must find what another has just made.
        with self._making, self._state.transaction() as tx:
            self.groups.add(tx, scope, group)
            file = self.streams.add(tx, scope, group, stream)
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def put(self, scope: Scope, group: str, stream: str, events: Sequence[tuple[int, str]]) -> Rejected:
        """Append events, given as (milliseconds since 1970, message) in the order of time.

        What is more than 14 days or the group's retention old, or 2 hours ahead, is left out and said. Raises NotFound,
        Invalid for a batch out of order, too long or too large.
        """
        _check_batch(events)
        with self._state.reading() as connection:
            kept_since = self.groups.oldest(require(connection, scope, group).retention_days)
            file = self.streams.file(connection, scope, group, stream)
        present = int(self._clock().timestamp() * 1000)
        too_old = sum(timestamp < present - OLDEST for timestamp, _ in events)
        expired = sum(timestamp < kept_since for timestamp, _ in events)
        taken = sum(timestamp <= present + NEWEST for timestamp, _ in events)
        file.parent.mkdir(parents=True, exist_ok=True)
        with LogWriter(file) as writer:
            writer.append(events[max(too_old, expired) : taken])
        return Rejected(too_old or None, expired or None, taken if taken < len(events) else None)

    def head(
        self, scope: Scope, group: str, stream: str, position: int = 0, limit: int = MOST_EVENTS, span: Span = ALWAYS
    ) -> EventPage:
        """The first events of the span from a place of the stream on. Raises NotFound."""
        file, span = self._readable(scope, group, stream, span)
        return read_forward(file, position, limit, span)

    def tail(
        self,
        scope: Scope,
        group: str,
        stream: str,
        position: int | None = None,
        limit: int = MOST_EVENTS,
        span: Span = ALWAYS,
    ) -> EventPage:
        """The last events of the span before a place of the stream, or its end. Raises NotFound."""
        file, span = self._readable(scope, group, stream, span)
        return read_backward(file, position, limit, span)

    def search(
        self,
        scope: Scope,
        group: str,
        pattern: str = "",
        *,
        names: Sequence[str] | None = None,
        prefix: str = "",
        span: Span = ALWAYS,
        positions: Mapping[str, int] | None = None,
        limit: int = MOST_EVENTS,
    ) -> FoundPage:
        """Events of the named streams, or of those whose names begin so, that the filter pattern lets through.

        Raises NotFound for the group or a named stream, Invalid for the pattern.
        """
        accepts = compile_filter(pattern)
        with self._state.reading() as connection:
            kept_since = self.groups.oldest(require(connection, scope, group).retention_days)
            files = self.streams.files(connection, scope, group)
        if names is not None:
            if not set(names) <= files.keys():
                raise NotFound("The specified log stream does not exist.")
            files = {name: files[name] for name in names}
        files = {name: file for name, file in files.items() if name.startswith(prefix)}
        return search(files, positions or {}, limit, Span(max(span.start, kept_since), span.end), accepts)

    def query(self, scope: Scope, text: str, names: Sequence[str], span: Span, limit: int = MOST_ROWS) -> Query:
        """Begin a query over groups. Raises NotFound for a group, Malformed for the query, LimitExceeded."""
        sources = {}
        with self._state.reading() as connection:
            for name in names:
                kept_since = self.groups.oldest(require(connection, scope, name).retention_days)
                kept = Span(max(span.start, kept_since), span.end)
                sources[name] = (self.streams.files(connection, scope, name), kept)
        return self.queries.start(scope, text, sources, limit)

    def purge(self) -> None:
        """Free the disk of streams whose events are all older than their group keeps them."""
        query = select(streams.c.file, groups.c.retention_days).join_from(streams, groups)
        with self._state.reading() as connection:
            rows = connection.execute(query.where(groups.c.retention_days.is_not(None))).all()
        for row in rows:
            file = self._folder / row.file
            last = last_event(file)
            if last is not None and max(last.timestamp, last.ingested) < self.groups.oldest(row.retention_days):
                # Emptied, not removed: a writer that has it open goes on at its new end.
                file.write_bytes(b"")

    def empty(self) -> None:
        """Delete every group, stream, event and query."""
        self.queries.empty()
        with self._state.transaction() as tx:
            for table in (export_tasks, metric_filters, subscription_filters, resource_policies, streams, groups):
                tx.execute(table.delete())
        shutil.rmtree(self._folder, ignore_errors=True)

    def _readable(self, scope: Scope, group: str, stream: str, span: Span) -> tuple[Path, Span]:
        """The stream's file, and what of the span is still kept."""
        with self._state.reading() as connection:
            kept_since = self.groups.oldest(require(connection, scope, group).retention_days)
            file = self.streams.file(connection, scope, group, stream)
        return file, Span(max(span.start, kept_since), span.end)


def _check_batch(events: Sequence[tuple[int, str]]) -> None:
    if len(events) > MOST_EVENTS:
        raise Invalid(f"A batch has at most {MOST_EVENTS} log events.")
    sizes = [len(message.encode(errors="replace")) + EVENT_OVERHEAD for _, message in events]
    if any(size > EVENT_BYTES for size in sizes):
        raise Invalid(f"Log event too large: {max(sizes)} bytes exceeds limit of {EVENT_BYTES}")
    if sum(sizes) > PAGE_BYTES:
        raise Invalid(f"Upload too large: {sum(sizes)} bytes exceeds limit of {PAGE_BYTES}")
    times = [timestamp for timestamp, _ in events]
    if times != sorted(times):
        raise Invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times and times[-1] - times[0] > LONGEST_BATCH:
        raise Invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
