"""Metric filters of log groups: what is counted of the events that come, and how far that has come."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from studiolo.domain import Clock, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.logs.filters import compile_extraction
from studiolo.logs.following import Come, come, end, ends
from studiolo.logs.groups import require, these
from studiolo.logs.streams import LogStreams
from studiolo.logs.tables import metric_filters
from studiolo.state import State, page

MOST_FILTERS = 100
"""Of one group, as CloudWatch Logs has it."""
_NAME = re.compile(r"[^:*]{1,512}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A pattern and the metrics that it is for, each as the API's MetricTransformation.

    positions: by stream, the byte up to which its events have been counted; None before the first look.
    """

    scope: Scope
    group: str
    name: str
    pattern: str
    metrics: Sequence[Mapping[str, Any]]
    created: datetime
    positions: Mapping[str, int] | None


class MetricFilters:
    """The metric filters of a data folder."""

    def __init__(self, state: State, streams: LogStreams, clock: Clock) -> None:
        self._state = state
        self._streams = streams
        self._clock = clock

    def put(self, scope: Scope, group: str, name: str, pattern: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Add a filter, or change it. Raises NotFound for the group, Invalid, LimitExceeded."""
        if not _NAME.fullmatch(name):
            raise Invalid(f"The filter name {name!r} has a colon or an asterisk, or more than 512 characters.")
        compile_extraction(pattern)
        for metric in metrics:
            _check(metric)
        mine = these(metric_filters, scope, group=group, name=name)
        with self._state.transaction() as tx:
            require(tx, scope, group)
            values: dict[str, Any] = {"pattern": pattern, "metrics": [dict(metric) for metric in metrics]}
            if tx.execute(metric_filters.update().where(mine).values(values)).rowcount:
                return
            count = select(func.count()).select_from(metric_filters).where(these(metric_filters, scope, group=group))
            if tx.execute(count).scalar_one() >= MOST_FILTERS:
                raise LimitExceeded(f"A log group has at most {MOST_FILTERS} metric filters.")
            values["positions"] = ends(self._streams.files(tx, scope, group))
            bound = {"account": scope.account, "region": scope.region, "group": group, "name": name}
            tx.execute(metric_filters.insert().values(created=self._clock(), **bound, **values))

    def delete(self, scope: Scope, group: str, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            require(tx, scope, group)
            mine = these(metric_filters, scope, group=group, name=name)
            if not tx.execute(metric_filters.delete().where(mine)).rowcount:
                raise NotFound("The specified metric filter does not exist.")

    def list(
        self, scope: Scope, group: str | None, *, prefix: str = "", after: str | None = None, limit: int = 50
    ) -> Page[MetricFilter]:
        """Filters of a group, or of all, whose names begin so, by name. Raises NotFound for the group."""
        # Groups have no colon in their names, so that it parts the two in what pages go by.
        key = metric_filters.c.name + ":" + metric_filters.c.group
        query = select(metric_filters).where(
            these(metric_filters, scope), metric_filters.c.name.startswith(prefix, autoescape=True)
        )
        with self._state.reading() as connection:
            if group is not None:
                require(connection, scope, group)
                query = query.where(metric_filters.c.group == group)
            found = page(connection, query, key, after, limit)
        return Page([_as_filter(row) for row in found.items], found.next)

    def everywhere(self) -> Sequence[MetricFilter]:
        """Those of every scope."""
        with self._state.reading() as connection:
            return [_as_filter(row) for row in connection.execute(select(metric_filters))]

    def come(self, each: MetricFilter) -> Sequence[Come]:
        """What has come to its group since it was looked at last; at the first look nothing has."""
        with self._state.reading() as connection:
            files = self._streams.files(connection, each.scope, each.group)
        if each.positions is None:
            return [Come(stream, file, (), end(file)) for stream, file in files.items()]
        return come(files, each.positions)

    def done(self, each: MetricFilter, looked: Sequence[Come]) -> None:
        """Remember that all that has been counted."""
        if not looked and each.positions is not None:
            return
        mine = these(metric_filters, each.scope, group=each.group, name=each.name)
        positions = {**(each.positions or {}), **{come.stream: come.after for come in looked}}
        with self._state.transaction() as tx:
            tx.execute(metric_filters.update().where(mine).values(positions=positions))


def _check(metric: Mapping[str, Any]) -> None:
    """Raises Invalid for a value that is no number and nothing of the pattern; a default beside dimensions."""
    value = metric["metricValue"]
    if not value.startswith("$") and not _NUMBER.fullmatch(value):
        raise Invalid(f"Invalid metric transformation: metricValue must be a number or a field ($...), not {value!r}.")
    if metric.get("dimensions") and "defaultValue" in metric:
        raise Invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")


def _as_filter(row: Row[Any]) -> MetricFilter:
    scope = Scope(row.account, row.region)
    return MetricFilter(scope, row.group, row.name, row.pattern, row.metrics, row.created, row.positions)
