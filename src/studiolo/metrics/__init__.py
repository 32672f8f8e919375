"""CloudWatch's numbers: metrics and their statistics, expressions on them, alarms, dashboards."""

from studiolo.metrics.alarm import Actions, Alarm, AlarmState, CompositeAlarm, State, Watch
from studiolo.metrics.metrics import Metrics
from studiolo.metrics.model import Datum, Metric, Series
from studiolo.metrics.queries import Expression, MetricStat, Query

__all__ = [
    "Actions",
    "Alarm",
    "AlarmState",
    "CompositeAlarm",
    "Datum",
    "Expression",
    "Metric",
    "MetricStat",
    "Metrics",
    "Query",
    "Series",
    "State",
    "Watch",
]
