"""Reading the files of streams: a page of one, a search over several."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.logs.events import Event, backward, forward

MOST_EVENTS = 10_000
PAGE_BYTES = 1024 * 1024
EVENT_OVERHEAD = 26
"""Bytes that CloudWatch Logs counts for an event beside its message."""
SCAN_BYTES = 32 * 1024 * 1024
"""What one call looks through at most; a longer search goes on with its next page."""


@dataclass(frozen=True, slots=True)
class Span:
    """The events from `start` up to, but not at, `end` (milliseconds since 1970)."""

    start: int = 0
    end: int | None = None

    def holds(self, event: Event) -> bool:
        return self.start <= event.timestamp and (self.end is None or event.timestamp < self.end)


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in their order, and the bytes of the file where reading goes on, before and after."""

    events: Sequence[Event]
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Found:
    """An event that a search found."""

    stream: str
    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class FoundPage:
    """What was found, in the order of time, and for each stream the byte to go on from; None at the end."""

    events: Sequence[Found]
    positions: Mapping[str, int] | None


def read_forward(file: Path, position: int, limit: int, span: Span) -> EventPage:
    """The first events of the span from a byte on."""
    events, after = _page(forward(file, position), limit, span, lambda event: event.end)
    return EventPage(events, events[0].start if events else position, position if after is None else after)


def read_backward(file: Path, position: int | None, limit: int, span: Span) -> EventPage:
    """The last events of the span before a byte, or before the end of the file."""
    if position is None:
        position = next((event.end for event in backward(file)), 0)
    events, before = _page(backward(file, position), limit, span, lambda event: event.start)
    return EventPage(events[::-1], position if before is None else before, position)


def last_event(file: Path) -> Event | None:
    """The event appended last."""
    return next(backward(file), None)


def first_event(file: Path) -> Event | None:
    """The event appended first."""
    return next(forward(file, 0), None)


def search(
    files: Mapping[str, Path],
    positions: Mapping[str, int],
    limit: int,
    span: Span,
    accepts: Callable[[str], bool],
) -> FoundPage:
    """The events of several streams' files that are in the span and accepted, merged by time."""
    budget = _Budget(SCAN_BYTES)
    cursors = [
        _Cursor(stream, file, positions.get(stream, 0), lambda event: span.holds(event) and accepts(event.message))
        for stream, file in sorted(files.items())
        if _has_since(file, span.start)
    ]
    found: list[Found] = []
    size = 0
    for cursor in cursors:
        cursor.advance(budget)
    heap = [(cursor.head.timestamp, i) for i, cursor in enumerate(cursors) if cursor.head is not None]
    heapq.heapify(heap)
    while heap and not budget.spent and len(found) < limit:
        _, i = heapq.heappop(heap)
        event = cursors[i].head
        assert event is not None
        size += _cost(event)
        if found and size > PAGE_BYTES:
            break
        found.append(Found(cursors[i].stream, event_id(cursors[i].file, event), event))
        cursors[i].position = event.end
        cursors[i].advance(budget)
        head = cursors[i].head
        if head is not None:
            heapq.heappush(heap, (head.timestamp, i))
    going_on = any(not cursor.done for cursor in cursors)
    return FoundPage(found, {cursor.stream: cursor.position for cursor in cursors} if going_on else None)


class _Budget:
    """The bytes that one call may still look through."""

    def __init__(self, size: int) -> None:
        self._left = size

    @property
    def spent(self) -> bool:
        return self._left <= 0

    def spend(self, size: int) -> None:
        self._left -= size


class _Cursor:
    """A place in one stream: `head` is the next accepted event, all before `position` is dealt with."""

    def __init__(self, stream: str, file: Path, position: int, accepts: Callable[[Event], bool]) -> None:
        self.stream = stream
        self.file = file
        self.position = position
        self.head: Event | None = None
        self.done = False
        self._events = forward(file, position)
        self._accepts = accepts

    def advance(self, budget: _Budget) -> None:
        """Go to the next accepted event, or as far as the budget reaches."""
        self.head = None
        while not budget.spent:
            event = next(self._events, None)
            if event is None:
                self.done = True
                return
            budget.spend(event.end - event.start)
            if self._accepts(event):
                self.head, self.position = event, event.start
                return
            self.position = event.end


def _has_since(file: Path, start: int) -> bool:
    """Whether the stream can have events of that moment or later: one is appended when it happens, or after."""
    last = last_event(file)
    return last is not None and max(last.timestamp, last.ingested) >= start


def _page(
    events: Iterator[Event], limit: int, span: Span, edge: Callable[[Event], int]
) -> tuple[list[Event], int | None]:
    """The events of the span, as many as a page holds, and the edge that reading came to."""
    taken: list[Event] = []
    reached: int | None = None
    size = scanned = 0
    for event in events:
        if len(taken) == limit or scanned >= SCAN_BYTES:
            break
        if span.holds(event):
            size += _cost(event)
            if taken and size > PAGE_BYTES:
                break
            taken.append(event)
        scanned += event.end - event.start
        reached = edge(event)
    return taken, reached


def _cost(event: Event) -> int:
    return len(event.message.encode()) + EVENT_OVERHEAD


def event_id(file: Path, event: Event) -> str:
    """56 digits, as CloudWatch Logs has them, that sort by time: the moment, the stream's file, the place in it."""
    stream = int(file.stem.rpartition("-")[2], 16) % 10**16
    return f"{event.timestamp:016d}{stream:016d}{event.start:024d}"
