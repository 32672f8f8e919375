"""Amazon CloudWatch: alarms."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import parse_arn
from studiolo.aws.errors import ServiceError
from studiolo.metrics import Actions, Alarm, CompositeAlarm, MetricStat, Query, State, Watch
from studiolo.metrics.alarms import HistoryItem
from studiolo.metrics.evaluation import COMPARISONS
from studiolo.metrics.statistics import SIMPLE, statistic
from studiolo.services.call import Call
from studiolo.services.cloudwatch.service import (
    COMBINATION,
    INVALID,
    VALIDATION,
    after,
    as_dimensions,
    as_query,
    checked_period,
    cloudwatch,
    metric_of,
    next_token,
    queries_of,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import (
        DeleteAlarmsInputTypeDef,
        DescribeAlarmHistoryInputTypeDef,
        DescribeAlarmsForMetricInputTypeDef,
        DescribeAlarmsInputTypeDef,
        DisableAlarmActionsInputTypeDef,
        EnableAlarmActionsInputTypeDef,
        ListTagsForResourceInputTypeDef,
        PutCompositeAlarmInputTypeDef,
        PutMetricAlarmInputTypeDef,
        SetAlarmStateInputTypeDef,
        TagResourceInputTypeDef,
        UntagResourceInputTypeDef,
    )

MISSING = ("breaching", "notBreaching", "ignore", "missing")
LONGEST_WATCH = 7 * 24 * 60 * 60
"""Seconds that an alarm looks back at most."""
_SINGLE = "m1"
_NOT_HERE = (
    "ThresholdMetricId", "EvaluationWindow", "WarmUpConfiguration", "EvaluationCriteria", "EvaluationInterval",
    "ActionConfiguration",
)  # fmt: skip


@cloudwatch.operation
def delete_alarms(call: Call, request: "DeleteAlarmsInputTypeDef") -> dict[str, Any]:
    call.studio.metrics.alarms.delete(call.scope, request["AlarmNames"])
    return {}


@cloudwatch.operation
def describe_alarm_history(call: Call, request: "DescribeAlarmHistoryInputTypeDef") -> dict[str, Any]:
    page = call.studio.metrics.alarms.history(
        call.scope,
        name=request.get("AlarmName"),
        kind=request.get("HistoryItemType"),
        start=request.get("StartDate"),  # type: ignore[arg-type]
        end=request.get("EndDate"),  # type: ignore[arg-type]
        oldest_first=request.get("ScanBy") == "TimestampAscending",
        after=after(request),
        limit=request.get("MaxRecords", 100),
    )
    return {"AlarmHistoryItems": [_as_item(each) for each in page.items], **next_token(page)}


@cloudwatch.operation
def describe_alarms(call: Call, request: "DescribeAlarmsInputTypeDef") -> dict[str, Any]:
    if request.get("ChildrenOfAlarmName") or request.get("ParentsOfAlarmName"):
        raise ServiceError(VALIDATION, "ChildrenOfAlarmName and ParentsOfAlarmName are not supported by Studiolo.")
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix", "")
    if names and prefix:
        raise ServiceError(COMBINATION, "AlarmNamePrefix and AlarmNames are mutually exclusive.")
    kinds = request.get("AlarmTypes") or ["MetricAlarm"]
    page = call.studio.metrics.alarms.list(
        call.scope,
        names=names or None,
        prefix=prefix,
        composite=None if len(set(kinds)) > 1 else kinds[0] == "CompositeAlarm",
        after=after(request),
        limit=request.get("MaxRecords", 50),
    )
    found = [alarm for alarm in page.items if _asked_for(alarm, request)]
    return {
        "MetricAlarms": [_as_alarm(alarm) for alarm in found if isinstance(alarm, Alarm)],
        "CompositeAlarms": [_as_composite(alarm) for alarm in found if isinstance(alarm, CompositeAlarm)],
        **next_token(page),
    }


@cloudwatch.operation
def describe_alarms_for_metric(call: Call, request: "DescribeAlarmsForMetricInputTypeDef") -> dict[str, Any]:
    metric, found, more = metric_of(request), [], None
    while True:
        page = call.studio.metrics.alarms.list(call.scope, composite=False, after=more)
        for alarm in page.items:
            assert isinstance(alarm, Alarm)
            stats = [query.what for query in alarm.watch.queries if isinstance(query.what, MetricStat)]
            if any(stat.metric == metric and _is_asked(stat, request) for stat in stats):
                found.append(_as_alarm(alarm))
        more = page.next
        if more is None:
            return {"MetricAlarms": found}


@cloudwatch.operation
def disable_alarm_actions(call: Call, request: "DisableAlarmActionsInputTypeDef") -> dict[str, Any]:
    call.studio.metrics.alarms.enable_actions(call.scope, request["AlarmNames"], enabled=False)
    return {}


@cloudwatch.operation
def enable_alarm_actions(call: Call, request: "EnableAlarmActionsInputTypeDef") -> dict[str, Any]:
    call.studio.metrics.alarms.enable_actions(call.scope, request["AlarmNames"], enabled=True)
    return {}


@cloudwatch.operation
def list_tags_for_resource(call: Call, request: "ListTagsForResourceInputTypeDef") -> dict[str, Any]:
    tags = call.studio.metrics.alarms.get(call.scope, alarm_of(request["ResourceARN"])).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@cloudwatch.operation
def put_composite_alarm(call: Call, request: "PutCompositeAlarmInputTypeDef") -> dict[str, Any]:
    if request.get("ActionsSuppressor"):
        raise ServiceError(VALIDATION, "ActionsSuppressor is not supported by Studiolo.")
    call.studio.metrics.alarms.put(
        call.scope,
        request["AlarmName"],
        request["AlarmRule"],
        _actions(request),
        request.get("AlarmDescription"),
        _tags(request),
    )
    return {}


@cloudwatch.operation
def put_metric_alarm(call: Call, request: "PutMetricAlarmInputTypeDef") -> dict[str, Any]:
    given = [name for name in _NOT_HERE if request.get(name)]
    if given:
        raise ServiceError(VALIDATION, f"{', '.join(given)} in PutMetricAlarm is not supported by Studiolo.")
    call.studio.metrics.alarms.put(
        call.scope,
        request["AlarmName"],
        _watch(request),
        _actions(request),
        request.get("AlarmDescription"),
        _tags(request),
    )
    return {}


@cloudwatch.operation
def set_alarm_state(call: Call, request: "SetAlarmStateInputTypeDef") -> dict[str, Any]:
    call.studio.metrics.alarms.set_state(
        call.scope,
        request["AlarmName"],
        State(request["StateValue"]),
        request["StateReason"],
        request.get("StateReasonData"),
    )
    return {}


@cloudwatch.operation
def tag_resource(call: Call, request: "TagResourceInputTypeDef") -> dict[str, Any]:
    call.studio.metrics.alarms.tag(call.scope, alarm_of(request["ResourceARN"]), _tags(request))
    return {}


@cloudwatch.operation
def untag_resource(call: Call, request: "UntagResourceInputTypeDef") -> dict[str, Any]:
    name = alarm_of(request["ResourceARN"])
    call.studio.metrics.alarms.tag(call.scope, name, {}, without=request["TagKeys"])
    return {}


def alarm_of(arn: str) -> str:
    """The name of the alarm with that ARN. Raises ServiceError for another one."""
    kind, _, name = parse_arn(arn).resource.partition(":")
    if kind != "alarm":
        raise ServiceError(INVALID, f"{arn} is not the ARN of an alarm: Studiolo has tags of alarms only.")
    return name


def _watch(request: "PutMetricAlarmInputTypeDef") -> Watch:
    queries, single = _watched(request)
    if request["ComparisonOperator"] not in COMPARISONS or "Threshold" not in request:
        raise ServiceError(VALIDATION, "Alarms with anomaly detection are not supported by Studiolo: give a Threshold.")
    periods = request.get("EvaluationPeriods")
    if periods is None:
        raise ServiceError(VALIDATION, "EvaluationPeriods must be specified.")
    datapoints = request.get("DatapointsToAlarm", periods)
    if datapoints > periods:
        raise ServiceError(VALIDATION, "DatapointsToAlarm must not be greater than EvaluationPeriods.")
    missing = request.get("TreatMissingData", "missing")
    if missing not in MISSING:
        raise ServiceError(VALIDATION, f"Option {missing} is not supported. Supported options: {', '.join(MISSING)}.")
    watch = Watch(
        queries=queries,
        single=single,
        comparison=request["ComparisonOperator"],
        threshold=request["Threshold"],
        periods=periods,
        datapoints=datapoints,
        missing=missing,
        low_samples=request.get("EvaluateLowSampleCountPercentile"),
        told_datapoints="DatapointsToAlarm" in request,
    )
    if watch.period * periods > LONGEST_WATCH:
        raise ServiceError(VALIDATION, "EvaluationPeriods * Period must be no more than seven days.")
    return watch


def _watched(request: "PutMetricAlarmInputTypeDef") -> tuple[tuple[Query, ...], bool]:
    """What an alarm watches, and whether it was given as a single metric."""
    if "Metrics" in request:
        queries = queries_of(request["Metrics"])
        if "MetricName" in request or sum(query.returned for query in queries) != 1:
            raise ServiceError(VALIDATION, "Exactly one of Metrics must have ReturnData true, beside no MetricName.")
        return tuple(queries), False
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise ServiceError(VALIDATION, "Exactly one of Statistic and ExtendedStatistic must be specified.")
    missing = [name for name in ("MetricName", "Namespace", "Period") if name not in request]
    if missing:
        raise ServiceError(VALIDATION, f"{' and '.join(missing)} must be specified.")
    stat = request.get("Statistic") or request["ExtendedStatistic"]
    statistic(stat)
    what = MetricStat(metric_of(request), checked_period(request["Period"]), stat, request.get("Unit"))
    return (Query(_SINGLE, what),), True


def _actions(request: Mapping[str, Any]) -> Actions:
    return Actions(
        enabled=request.get("ActionsEnabled", True),
        ok=tuple(request.get("OKActions", ())),
        alarm=tuple(request.get("AlarmActions", ())),
        insufficient_data=tuple(request.get("InsufficientDataActions", ())),
    )


def _tags(request: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def _asked_for(alarm: Alarm | CompositeAlarm, request: Mapping[str, Any]) -> bool:
    prefix, actions = request.get("ActionPrefix"), alarm.actions
    all_actions = [*actions.ok, *actions.alarm, *actions.insufficient_data]
    in_state = request.get("StateValue", alarm.state.value.value) == alarm.state.value.value
    return in_state and (prefix is None or any(action.startswith(prefix) for action in all_actions))


def _is_asked(stat: MetricStat, request: Mapping[str, Any]) -> bool:
    asked = request.get("Statistic") or request.get("ExtendedStatistic") or stat.stat
    return bool(
        stat.stat == asked
        and request.get("Period", stat.period) == stat.period
        and request.get("Unit", stat.unit) == stat.unit
    )


def _as_shared(alarm: Alarm | CompositeAlarm) -> dict[str, Any]:
    state, described = alarm.state, {} if alarm.description is None else {"AlarmDescription": alarm.description}
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        **described,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "ActionsEnabled": alarm.actions.enabled,
        "OKActions": list(alarm.actions.ok),
        "AlarmActions": list(alarm.actions.alarm),
        "InsufficientDataActions": list(alarm.actions.insufficient_data),
        "StateValue": state.value.value,
        "StateReason": state.reason,
        **({} if state.data is None else {"StateReasonData": state.data}),
        "StateUpdatedTimestamp": state.updated,
        "StateTransitionedTimestamp": state.transitioned,
    }


def _as_composite(alarm: CompositeAlarm) -> dict[str, Any]:
    return {**_as_shared(alarm), "AlarmRule": alarm.rule}


def _as_alarm(alarm: Alarm) -> dict[str, Any]:
    watch = alarm.watch
    low = {} if watch.low_samples is None else {"EvaluateLowSampleCountPercentile": watch.low_samples}
    return {
        **_as_shared(alarm),
        **(_as_single(watch) if watch.single else {"Metrics": [as_query(query) for query in watch.queries]}),
        "EvaluationPeriods": watch.periods,
        **({"DatapointsToAlarm": watch.datapoints} if watch.told_datapoints else {}),
        "Threshold": watch.threshold,
        "ComparisonOperator": watch.comparison,
        "TreatMissingData": watch.missing,
        **low,
    }


def _as_single(watch: Watch) -> dict[str, Any]:
    what = watch.queries[0].what
    assert isinstance(what, MetricStat)
    return {
        "MetricName": what.metric.name,
        "Namespace": what.metric.namespace,
        "Dimensions": as_dimensions(what.metric),
        "Period": what.period,
        "Statistic" if what.stat in SIMPLE else "ExtendedStatistic": what.stat,
        **({} if what.unit is None else {"Unit": what.unit}),
    }


def _as_item(item: HistoryItem) -> dict[str, Any]:
    return {
        "AlarmName": item.name,
        "AlarmType": "CompositeAlarm" if item.composite else "MetricAlarm",
        "Timestamp": item.at,
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": json.dumps(dict(item.data)),
    }
