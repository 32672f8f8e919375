"""What a topic is told of an alarm.

After "Notifying users on alarm changes" (Amazon CloudWatch User Guide).
"""

import json
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader

from studiolo.metrics import Alarm, CompositeAlarm, MetricStat, State

MOST_LETTERS = 100
"""Of a subject."""


def subject_of(alarm: Alarm | CompositeAlarm) -> str:
    # A subject takes no letters but ASCII's.
    name = "".join(each if " " <= each <= "~" else "?" for each in alarm.name)
    return f'{alarm.state.value.value}: "{name}" in {_region(alarm.scope.region)}'[:MOST_LETTERS]


def message_of(alarm: Alarm | CompositeAlarm, before: State) -> str:
    """The message. before: the alarm's last state."""
    state, actions = alarm.state, alarm.actions
    moments = {"StateChangeTime": state.transitioned, "AlarmConfigurationUpdatedTimestamp": alarm.configured}
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": alarm.scope.account,
        "NewStateValue": state.value.value,
        "NewStateReason": state.reason,
        **{name: at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000" for name, at in moments.items()},
        "Region": _region(alarm.scope.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": before.value,
        "OKActions": list(actions.ok),
        "AlarmActions": list(actions.alarm),
        "InsufficientDataActions": list(actions.insufficient_data),
    }
    if isinstance(alarm, Alarm):
        told["Trigger"] = _trigger(alarm)
    else:
        told["AlarmRule"] = alarm.rule
    return json.dumps(told)


def _trigger(alarm: Alarm) -> dict[str, Any]:
    watch = alarm.watch
    told: dict[str, Any] = {
        "Period": watch.period,
        "EvaluationPeriods": watch.periods,
        "DatapointsToAlarm": watch.datapoints,
        "ComparisonOperator": watch.comparison,
        "Threshold": watch.threshold,
        "TreatMissingData": watch.missing,
        "EvaluateLowSampleCountPercentile": watch.low_samples or "",
    }
    source = watch.queries[0].what
    if watch.single and isinstance(source, MetricStat):
        metric = source.metric
        dimensions = [{"name": name, "value": value} for name, value in metric.dimensions]
        named = {"MetricName": metric.name, "Namespace": metric.namespace, "Dimensions": dimensions}
        kind = "Statistic" if source.stat.isalpha() else "ExtendedStatistic"
        return {
            **named,
            "StatisticType": kind,
            kind: source.stat.upper() if kind == "Statistic" else source.stat,
            **told,
        }
    return {**told, "Metrics": [{"Id": each.id} for each in watch.queries]}


@lru_cache
def _region(name: str) -> str:
    """As people call it, e.g. `US East (N. Virginia)`."""
    for partition in Loader().load_data("endpoints")["partitions"]:
        if name in partition["regions"]:
            return str(partition["regions"][name]["description"])
    return name
