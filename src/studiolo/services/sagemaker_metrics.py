"""Amazon SageMaker Metrics: the values of trial components' metrics."""

from typing import Any

from studiolo.domain import Invalid, NotFound
from studiolo.ml.experiments.entity import COMPONENT, Point
from studiolo.ml.names import arn
from studiolo.services.call import Call
from studiolo.services.service import Service

sagemaker_metrics = Service("sagemaker-metrics", {NotFound: "ResourceNotFound", Invalid: "ValidationException"})

PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}
"""Seconds."""


@sagemaker_metrics.operation
def batch_put_metrics(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    points = [
        Point(each["MetricName"], each["Timestamp"].timestamp(), each.get("Step"), each["Value"])
        for each in request["MetricData"]
    ]
    call.studio.ml.experiments.put(call.scope, request["TrialComponentName"], points)
    return {}


@sagemaker_metrics.operation
def batch_get_metrics(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return {"MetricQueryResults": [_answered(call, query) for query in request["MetricQueries"]]}


def _answered(call: Call, query: Any) -> dict[str, Any]:
    """The values of a metric over steps or times: those of one step or period in one."""
    none: dict[str, Any] = {"XAxisValues": [], "MetricValues": []}
    name = query["ResourceArn"].rpartition("/")[2]
    if query["ResourceArn"] != arn(call.scope, COMPONENT, name):
        return {"Status": "ValidationError", "Message": f"{query['ResourceArn']} is no trial component.", **none}
    try:
        points = call.studio.ml.experiments.points(call.scope, name, query["MetricName"])
    except NotFound as error:
        return {"Status": "ValidationError", "Message": str(error), **none}
    period = PERIODS.get(query["Period"])
    by_step = query["XAxisType"] == "IterationNumber"
    groups: dict[int, list[float]] = {}
    for point in points:
        if by_step and point.step is None:
            continue
        at = point.step or 0 if by_step else int(point.time)
        if not by_step and period is not None:
            at -= at % period
        if query.get("Start", at) <= at <= query.get("End", at):
            groups.setdefault(at, []).append(point.value)
    values = [_statistic(query["MetricStat"], groups[at]) for at in sorted(groups)]
    return {"Status": "Complete", "XAxisValues": sorted(groups), "MetricValues": values}


def _statistic(kind: str, values: list[float]) -> float:
    mean = sum(values) / len(values)
    statistics: dict[str, float] = {
        "Min": min(values),
        "Max": max(values),
        "Avg": mean,
        "Count": float(len(values)),
        "StdDev": (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5,
        "Last": values[-1],
    }
    return statistics[kind]
