"""What metric filters of log groups count, put into the metrics.

How far that has come is in the database: after a crash a look is counted once more, rather than not at all.
"""

import logging
from collections import defaultdict
from datetime import datetime, timedelta, timezone

from studiolo.domain import Clock, Scope
from studiolo.logs import Logs
from studiolo.logs.measuring import measure
from studiolo.logs.metric_filters import MetricFilter
from studiolo.metrics import Datum, Metric, Metrics
from studiolo.metrics.distribution import Distribution

log = logging.getLogger(__name__)

MINUTE = 60_000
"""Milliseconds."""
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Counting:
    """Counts what comes. The default value of a minute, in which no event fitted, is told when it is over."""

    def __init__(self, logs: Logs, metrics: Metrics, clock: Clock) -> None:
        self._logs = logs
        self._metrics = metrics
        self._clock = clock
        self._fitted: dict[tuple[Scope, str, str], dict[int, bool]] = defaultdict(dict)

    def look(self) -> None:
        """Count what has come."""
        for each in self._logs.metric_filters.everywhere():
            self._count(each)

    def _count(self, each: MetricFilter) -> None:
        measures = [(metric, measure(each.pattern, metric)) for metric in each.metrics]
        told: dict[tuple[Metric, str, int], Distribution] = defaultdict(Distribution)
        minutes = self._fitted[each.scope, each.group, each.name]
        looked = self._logs.metric_filters.come(each)
        for event in (event for come in looked for event in come.events):
            minute = event.timestamp // MINUTE
            for metric, of in measures:
                fits, measured = of(event.message)
                minutes[minute] = minutes.get(minute, False) or fits
                if measured is not None:
                    named = Metric.of(metric["metricNamespace"], metric["metricName"], measured.dimensions)
                    told[named, metric.get("unit", "None"), minute].add(measured.value)
        present = int(self._clock().timestamp() * 1000) // MINUTE
        for minute in [minute for minute in minutes if minute < present]:
            if not minutes.pop(minute):
                for metric in each.metrics:
                    if "defaultValue" in metric:
                        named = Metric.of(metric["metricNamespace"], metric["metricName"])
                        told[named, metric.get("unit", "None"), minute].add(metric["defaultValue"])
        if told:
            self._metrics.put(
                each.scope,
                [
                    Datum(metric, EPOCH + timedelta(milliseconds=minute * MINUTE), values, unit)
                    for (metric, unit, minute), values in told.items()
                ],
            )
        self._logs.metric_filters.done(each, looked)
        if not minutes:
            del self._fitted[each.scope, each.group, each.name]
