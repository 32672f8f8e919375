"""Where the numbers are kept: one row a metric, period and unit, older ones in longer periods.

Source of the periods and how long they are kept: "Metrics retention" (CloudWatch User Guide).
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select

from studiolo.domain import Page, Scope
from studiolo.metrics.distribution import Distribution
from studiolo.metrics.model import Datum, Metric
from studiolo.metrics.tables import points, series
from studiolo.state import State, page

SECOND, MINUTE, FIVE_MINUTES, HOUR = 1, 60, 300, 3600
KEPT: Sequence[tuple[int, timedelta, int | None]] = (
    (SECOND, timedelta(hours=3), MINUTE),
    (MINUTE, timedelta(days=15), FIVE_MINUTES),
    (FIVE_MINUTES, timedelta(days=63), HOUR),
    (HOUR, timedelta(days=455), None),
)
"""A period in seconds, how long numbers are kept by it, and by which then (None: dropped)."""
RECENT = timedelta(hours=3)
LISTED = timedelta(days=14)
"""Metrics without numbers for as long are not listed any more."""
_BATCH = 500
"""Rows that are moved in one transaction: what else writes waits no longer."""

Key = tuple[Scope, Metric]


class Store:
    """The numbers of every scope."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put(self, told: Iterable[tuple[Scope, Datum]]) -> None:
        """Add numbers to what is kept of their periods, all of them or none."""
        gathered: dict[Key, dict[tuple[int, int, str], Distribution]] = defaultdict(dict)
        for scope, datum in told:
            second = int(datum.at.timestamp())
            place = (datum.resolution, second - second % datum.resolution, datum.unit)
            gathered[scope, datum.metric].setdefault(place, Distribution()).merge(datum.values)
        with self._state.transaction() as tx:
            for (scope, metric), places in gathered.items():
                newest = max(at for _, at, _ in places)
                number = _series(tx, scope, metric, newest)
                for (period, at, unit), values in places.items():
                    _merge(tx, number, period, at, unit, values)

    def list(
        self,
        scope: Scope,
        namespace: str | None,
        name: str | None,
        dimensions: Collection[tuple[str, str | None]],
        since: int,
        after: str | None,
        limit: int,
    ) -> Page[Metric]:
        """Metrics that had numbers since then, by namespace and name; None in a dimension is any value."""
        columns = series.c
        query = select(series).where(_within(scope), columns.last >= since)
        if namespace is not None:
            query = query.where(columns.namespace == namespace)
        if name is not None:
            query = query.where(columns.name == name)
        for key, value in dimensions:
            part = f"[{json.dumps(key)}, " + ("" if value is None else f"{json.dumps(value)}]")
            query = query.where(columns.dimensions.contains(part, autoescape=True))
        order = columns.namespace + "\n" + columns.name + "\n" + columns.dimensions
        with self._state.reading() as connection:
            found = page(connection, query, order, after, limit)
        return Page([_as_metric(row) for row in found.items], found.next)

    def read(
        self, scope: Scope, metric: Metric, start: int, end: int, period: int, unit: str | None
    ) -> Mapping[int, Mapping[str, Distribution]]:
        """What was measured in [start, end), by the second at which each period begins, and by unit."""
        columns = points.c
        join = points.join(series, columns.series == series.c.id)
        query = select(columns.at, columns.unit, columns["values"]).select_from(join).where(_is(scope, metric))
        query = query.where(columns.at >= start, columns.at < end)
        if unit is not None:
            query = query.where(columns.unit == unit)
        found: dict[int, dict[str, Distribution]] = defaultdict(dict)
        with self._state.reading() as connection:
            for row in connection.execute(query.order_by(columns.at)):
                at = start + (row.at - start) // period * period
                found[at].setdefault(row.unit, Distribution()).merge(Distribution.from_json(row.values))
        return found

    def compact(self, present: int) -> None:
        """Move what is old into longer periods, and drop what is too old."""
        for period, age, longer in KEPT:
            before = present - int(age.total_seconds())
            while self._move(period, before, longer):
                pass
        with self._state.transaction() as tx:
            empty = ~select(points.c.series).where(points.c.series == series.c.id).exists()
            tx.execute(series.delete().where(empty, series.c.last < present - int(LISTED.total_seconds())))

    def _move(self, period: int, before: int, longer: int | None) -> bool:
        columns = points.c
        old = select(points).where(columns.period == period, columns.at < before).limit(_BATCH)
        with self._state.transaction() as tx:
            rows = tx.execute(old).all()
            for row in rows:
                if longer is not None:
                    values = Distribution.from_json(row.values)
                    _merge(tx, row.series, longer, row.at - row.at % longer, row.unit, values)
                tx.execute(points.delete().where(_point(row.series, period, row.at, row.unit)))
        return len(rows) == _BATCH


def _series(tx: Connection, scope: Scope, metric: Metric, newest: int) -> int:
    row = tx.execute(select(series.c.id, series.c.last).where(_is(scope, metric))).first()
    if row is not None:
        if newest > row.last:
            tx.execute(series.update().where(series.c.id == row.id).values(last=newest))
        return int(row.id)
    bound = {"account": scope.account, "region": scope.region, "namespace": metric.namespace, "name": metric.name}
    made = series.insert().values(dimensions=_dimensions(metric), last=newest, **bound).returning(series.c.id)
    return int(tx.execute(made).scalar_one())


def _merge(tx: Connection, number: int, period: int, at: int, unit: str, values: Distribution) -> None:
    here = _point(number, period, at, unit)
    kept = tx.execute(select(points.c["values"]).where(here)).scalar()
    if kept is None:
        bound: dict[str, Any] = {"series": number, "period": period, "at": at, "unit": unit}
        tx.execute(points.insert().values(values=values.to_json(), **bound))
        return
    together = Distribution.from_json(kept)
    together.merge(values)
    tx.execute(points.update().where(here).values(values=together.to_json()))


def _point(number: int, period: int, at: int, unit: str) -> ColumnElement[bool]:
    columns = points.c
    return and_(columns.series == number, columns.period == period, columns.at == at, columns.unit == unit)


def _within(scope: Scope) -> ColumnElement[bool]:
    return and_(series.c.account == scope.account, series.c.region == scope.region)


def _is(scope: Scope, metric: Metric) -> ColumnElement[bool]:
    columns = series.c
    named = and_(columns.namespace == metric.namespace, columns.name == metric.name)
    return and_(_within(scope), named, columns.dimensions == _dimensions(metric))


def _dimensions(metric: Metric) -> str:
    return json.dumps(metric.dimensions)


def _as_metric(row: Any) -> Metric:
    return Metric(row.namespace, row.name, tuple((key, value) for key, value in json.loads(row.dimensions)))


def pages(store: Store, scope: Scope, namespace: str, name: str | None, since: int) -> Iterator[Metric]:
    """All metrics of a namespace."""
    after: str | None = None
    while True:
        found = store.list(scope, namespace, name, (), since, after, 500)
        yield from found.items
        if found.next is None:
            return
        after = found.next
