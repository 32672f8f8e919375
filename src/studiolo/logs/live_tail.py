"""Live tail: what comes to groups, as it comes, to whoever watches."""

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from weakref import WeakKeyDictionary

from studiolo.domain import Clock, Invalid, LimitExceeded, Scope
from studiolo.logs.events import Event, forward
from studiolo.logs.filters import compile_filter
from studiolo.logs.following import end
from studiolo.logs.groups import require
from studiolo.logs.reading import SCAN_BYTES
from studiolo.logs.streams import LogStreams
from studiolo.state import State

MOST_SESSIONS = 15
"""Of an account in a region, as CloudWatch Logs has it."""
MOST_EVENTS = 500
"""Of one look; of more a sample is shown."""
LONGEST = timedelta(hours=3)


class Untailed(Invalid):
    """A group whose class has no live tail."""


@dataclass(frozen=True, slots=True)
class Tailed:
    """An event that came."""

    group: str
    stream: str
    event: Event


class LiveTail:
    """One session: each look gives what has come to the groups since the last one."""

    def __init__(
        self,
        files: Callable[[], Mapping[tuple[str, str], Path]],
        accepts: Callable[[str], bool],
        over: Callable[[], bool],
    ) -> None:
        """files: of the streams that are watched, by group and stream; over: whether the session has lasted its time."""
        self._files = files
        self._accepts = accepts
        self.over = over
        self._positions = {file: end(file) for file in files().values()}

    def look(self) -> tuple[Sequence[Tailed], bool]:
        """The events, in the order they came, and whether they are a sample of more."""
        taken: list[Tailed] = []
        count = 0
        for tailed in self._come():
            count += 1
            if len(taken) < MOST_EVENTS:
                taken.append(tailed)
            elif (place := random.randrange(count)) < MOST_EVENTS:  # noqa: S311 - a sample, no secret
                taken[place] = tailed
        return sorted(taken, key=lambda each: (each.event.ingested, each.event.timestamp)), count > MOST_EVENTS

    def _come(self) -> Iterator[Tailed]:
        left = SCAN_BYTES
        for (group, stream), file in self._files().items():
            # A group that is kept for a time only may have been emptied meanwhile.
            place = min(self._positions.get(file, 0), file.stat().st_size if file.exists() else 0)
            for event in forward(file, place):
                if left <= 0:
                    # The next look goes on from here.
                    break
                left -= event.end - event.start
                place = event.end
                if self._accepts(event.message):
                    yield Tailed(group, stream, event)
            self._positions[file] = place


class LiveTails:
    """The sessions of this process."""

    def __init__(self, state: State, streams: LogStreams, clock: Clock) -> None:
        self._state = state
        self._streams = streams
        self._clock = clock
        self._lock = threading.Lock()
        # One that nobody has begun to read is not closed: it is forgotten with its last reader.
        self._open: WeakKeyDictionary[LiveTail, Scope] = WeakKeyDictionary()

    def open(
        self,
        scope: Scope,
        groups: Sequence[str],
        *,
        names: Sequence[str] | None = None,
        prefixes: Sequence[str] | None = None,
        pattern: str = "",
    ) -> LiveTail:
        """Begin a session over streams of those names, or whose names begin so, or all: to be closed.

        Raises NotFound for a group, Untailed, Invalid for the pattern, LimitExceeded.
        """
        accepts = compile_filter(pattern)
        with self._state.reading() as connection:
            for group in groups:
                kind = require(connection, scope, group).kind
                if kind != "STANDARD":
                    raise Untailed(f"The log group {group} is of the class {kind}, which has no live tail.")

        def files() -> Mapping[tuple[str, str], Path]:
            with self._state.reading() as connection:
                return {
                    (group, stream): file
                    for group in groups
                    for stream, file in self._streams.files(connection, scope, group).items()
                    if (names is None or stream in names) and (prefixes is None or stream.startswith(tuple(prefixes)))
                }

        ends = self._clock() + LONGEST
        session = LiveTail(files, accepts, lambda: self._clock() >= ends)
        with self._lock:
            if sum(each == scope for each in self._open.values()) >= MOST_SESSIONS:
                raise LimitExceeded(f"There are {MOST_SESSIONS} live tail sessions. End one first.")
            self._open[session] = scope
        return session

    def close(self, session: LiveTail) -> None:
        """End a session."""
        with self._lock:
            self._open.pop(session, None)
