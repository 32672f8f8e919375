"""What GetMetricData asks: statistics of metrics, and expressions on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from studiolo.domain import Clock, Invalid, Scope
from studiolo.metrics.distribution import Distribution
from studiolo.metrics.expressions import Values, evaluate
from studiolo.metrics.model import Metric, Series
from studiolo.metrics.search import Search, found_by
from studiolo.metrics.statistics import statistic
from studiolo.metrics.store import HOUR, KEPT, MINUTE, Store, pages

MOST_SERIES = 500
"""Of one SEARCH, and of one request."""


@dataclass(frozen=True, slots=True)
class MetricStat:
    """A statistic of a metric: a number every `period` seconds."""

    metric: Metric
    period: int
    stat: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """Metric math, or a SEARCH; `period` is that of what it reads if None."""

    text: str
    period: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One of a request's queries; others name it by its id."""

    id: str
    what: MetricStat | Expression
    label: str | None = None
    returned: bool = True


class Reader:
    """Reads series of numbers. before: called before each reading, so that what was measured just now counts."""

    def __init__(self, store: Store, before: Callable[[], None], clock: Clock) -> None:
        self._store = store
        self._before = before
        self._clock = clock

    def series(
        self, scope: Scope, queries: Sequence[Query], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Series]]:
        """The series of each query that is returned, by its id. Raises Invalid."""
        self._before()
        reading = _Reading(self._store, scope, {query.id: query for query in queries}, start, end, self._clock())
        return {query.id: reading.of(query.id) for query in queries if query.returned}

    def distributions(
        self, scope: Scope, metric: Metric, start: datetime, end: datetime, period: int, unit: str | None
    ) -> Mapping[int, Mapping[str, Distribution]]:
        """What was measured, by the second at which each period begins, and by unit."""
        self._before()
        first, last = span(start, end, period, self._clock())
        return self._store.read(scope, metric, first, last, period, unit)


class _Reading:
    """The queries of one request, each computed once."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        queries: Mapping[str, Query],
        start: datetime,
        end: datetime,
        present: datetime,
    ) -> None:
        self._store = store
        self._scope = scope
        self._queries = queries
        self._start, self._end = start, end
        self._present = present
        self._done: dict[str, Sequence[Series]] = {}
        self._doing: list[str] = []

    def of(self, name: str) -> Sequence[Series]:
        """The series of one query. Raises Invalid for an expression that names itself, or what is not there."""
        if name in self._done:
            return self._done[name]
        query = self._queries.get(name)
        if query is None:
            raise Invalid(f"Error in expression: {name} is not the Id of a metric or an expression of this request.")
        if name in self._doing:
            raise Invalid(f"Error in expression '{name}': it depends on itself ({' -> '.join([*self._doing, name])}).")
        self._doing.append(name)
        if isinstance(query.what, MetricStat):
            found: Sequence[Series] = [self._statistic(query.what, query.label or query.what.metric.name)]
        else:
            found = self._expression(query, query.what)
        self._doing.pop()
        self._done[name] = found
        return found

    def _statistic(self, asked: MetricStat, label: str) -> Series:
        compute = statistic(asked.stat)
        first, last = span(self._start, self._end, asked.period, self._present)
        told = self._store.read(self._scope, asked.metric, first, last, asked.period, asked.unit)
        points: dict[int, float] = {}
        for at, by_unit in told.items():
            # Numbers in several units do not add up: those of the unit with the most are shown.
            value = compute(max(by_unit.values(), key=lambda each: each.count))
            if value is not None:
                points[at] = value
        return Series(points, asked.period, label)

    def _expression(self, query: Query, asked: Expression) -> Sequence[Series]:
        names = [name for name, each in self._queries.items() if isinstance(each.what, MetricStat)]
        period = asked.period or max(
            (each.what.period for each in self._queries.values() if isinstance(each.what, MetricStat)), default=MINUTE
        )
        first, last = span(self._start, self._end, period, self._present)
        values = Values(self.of, names, self._search, list(range(first, last, period)), period)
        try:
            found = evaluate(asked.text, values)
        except RecursionError as error:
            raise Invalid(f"Error in expression '{query.id}': it is nested too deeply.") from error
        if query.label is not None or len(found) == 1:
            return [Series(each.points, each.period, query.label or each.label or query.id) for each in found]
        return found

    def _search(self, search: Search) -> Sequence[Series]:
        since = int(self._start.timestamp())
        metrics = pages(self._store, self._scope, search.namespace, None, since) if search.namespace else ()
        found = found_by(search, metrics)[:MOST_SERIES]
        return [self._statistic(MetricStat(metric, search.period, search.stat), _label(metric)) for metric in found]


def _label(metric: Metric) -> str:
    return " ".join([metric.name, *(value for _, value in metric.dimensions)])


def span(start: datetime, end: datetime, period: int, present: datetime) -> tuple[int, int]:
    """In seconds of 1970: where the first period begins, and the end.

    The start is rounded down to the minute, for what is older as coarsely as that is kept, for periods of less than a
    minute to a multiple of them ("GetMetricStatistics", CloudWatch API Reference).
    """
    age = present - start
    step = next((each for each, kept, _ in KEPT if each >= MINUTE and age <= kept), HOUR)
    first = int(start.timestamp())
    return first - first % min(step, period if period < MINUTE else step), int(end.timestamp())
