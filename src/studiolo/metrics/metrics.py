"""The metrics of a data folder: told by users and by Studiolo itself, read as series, watched by alarms."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from studiolo.background import Background
from studiolo.domain import Clock, Page, Scope
from studiolo.metrics.alarms import Alarms
from studiolo.metrics.dashboards import Dashboards
from studiolo.metrics.distribution import Distribution
from studiolo.metrics.model import Datum, Metric
from studiolo.metrics.queries import Reader
from studiolo.metrics.store import LISTED, RECENT, Store
from studiolo.state import State

log = logging.getLogger(__name__)

TICK = 5.0
"""Seconds: how often what Studiolo itself measured is written, and alarms look."""
COMPACT = 3600.0
"""Seconds: how often old numbers are moved into longer periods."""


class Metrics:
    """Metrics, alarms and dashboards. What Studiolo measures itself is gathered in memory for at most `TICK`."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._store = Store(state)
        self._clock = clock
        self._gathered: dict[tuple[Scope, Metric, str, datetime], Distribution] = {}
        self._lock = threading.Lock()
        self._compacted = 0.0
        self._background = Background("metrics", self._look, TICK)
        self.reader = Reader(self._store, self.flush, clock)
        self.alarms = Alarms(state, self.reader, clock, self._background.wake)
        self.dashboards = Dashboards(state, clock)

    def start(self) -> None:
        """Begin to watch."""
        self._background.start()

    def close(self) -> None:
        """Write what is gathered."""
        self._background.close()
        self.flush()

    def put(self, scope: Scope, data: Sequence[Datum]) -> None:
        """Keep numbers, all of them or none."""
        self._store.put((scope, datum) for datum in data)

    def add(
        self, scope: Scope, metric: Metric, value: float, unit: str = "None", *, at: datetime | None = None
    ) -> None:
        """Gather one number that Studiolo measured: it costs no write."""
        self.add_all(scope, [(metric, value, unit)], at=at)

    def add_all(
        self, scope: Scope, numbers: Iterable[tuple[Metric, float, str]], *, at: datetime | None = None
    ) -> None:
        """Gather numbers, each with its metric and unit, that were measured together."""
        minute = (at or self._clock()).replace(second=0, microsecond=0)
        with self._lock:
            for metric, value, unit in numbers:
                key = (scope, metric, unit, minute)
                known = self._gathered.get(key)
                if known is None:
                    known = self._gathered[key] = Distribution()
                known.add(value)

    def flush(self) -> None:
        """Write what is gathered."""
        with self._lock:
            gathered, self._gathered = self._gathered, {}
        if gathered:
            self._store.put(
                (scope, Datum(metric, minute, values, unit))
                for (scope, metric, unit, minute), values in gathered.items()
            )

    def list(
        self,
        scope: Scope,
        *,
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Collection[tuple[str, str | None]] = (),
        recent: bool = False,
        after: str | None = None,
        limit: int = 500,
    ) -> Page[Metric]:
        """Metrics with numbers of the last two weeks, or of the last three hours. None in a dimension: any value."""
        self.flush()
        since = self._clock() - (RECENT if recent else LISTED)
        return self._store.list(scope, namespace, name, dimensions, int(since.timestamp()), after, limit)

    def _look(self) -> None:
        self._safely(self.flush, self.alarms.look)
        if time.monotonic() - self._compacted > COMPACT:
            self._compacted = time.monotonic()
            self._safely(lambda: self._store.compact(int(self._clock().timestamp())), self.alarms.forget_old)

    @staticmethod
    def _safely(*steps: Callable[[], None]) -> None:
        for step in steps:
            try:
                step()
            except Exception:
                log.exception("metrics could not be kept, or alarms not be looked at")
