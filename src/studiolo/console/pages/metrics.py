"""Metrics and alarms: which there are, a chart of one, alarms with their state and why they are in it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit

SPANS = {"1h": (3600, 60), "6h": (6 * 3600, 60), "1d": (86400, 300), "7d": (7 * 86400, 3600), "30d": (30 * 86400, 3600)}
"""Seconds that a chart goes back, and of each of its points: none has more than 720."""
STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
DIMENSION = "d."
"""What dimensions' names begin with in an address."""


def metrics(visit: Visit) -> Response:
    given = {"Namespace": visit.query["namespace"]} if visit.query.get("namespace") else {}
    given |= {"MetricName": visit.query["name"]} if visit.query.get("name") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("cloudwatch").list_metrics(**given)
    listed = [(each, _address(visit, each)) for each in found["Metrics"]]
    return visit.page("metrics.html", tab="metrics", metrics=listed, more=found.get("NextToken"))


def metric(visit: Visit) -> Response:
    dimensions = [
        {"Name": name.removeprefix(DIMENSION), "Value": value}
        for name, value in visit.query.items()
        if name.startswith(DIMENSION)
    ]
    what = {
        "Namespace": visit.query.get("namespace", ""),
        "MetricName": visit.query.get("name", ""),
        "Dimensions": dimensions,
    }
    statistic = visit.query.get("statistic", STATISTICS[0])
    span = visit.query.get("span", "6h")
    return visit.page(
        "metric.html",
        metric=what,
        statistic=statistic,
        statistics=STATISTICS,
        span=span,
        spans=SPANS,
        chart=visit.attempt(chart, visit, what, statistic, span),
        alarms=visit.attempt(lambda: visit.client("cloudwatch").describe_alarms_for_metric(**what)["MetricAlarms"]),
    )


def alarms(visit: Visit) -> Response:
    after = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("cloudwatch").describe_alarms(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=PAGE, **after
    )
    listed = [*found["MetricAlarms"], *found["CompositeAlarms"]]
    return visit.page("metrics.html", tab="alarms", alarms=listed, more=found.get("NextToken"))


def alarm(visit: Visit) -> Response:
    name, cloudwatch = visit.query.get("name", ""), visit.client("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    described = next(iter([*found["MetricAlarms"], *found["CompositeAlarms"]]), None)
    if described is None:
        return visit.page("missing.html", 404)
    history = cloudwatch.describe_alarm_history(AlarmName=name, MaxRecords=PAGE)["AlarmHistoryItems"]
    drawn, link = None, None
    if "MetricName" in described:
        link = _address(visit, described)
        statistic = described.get("Statistic") or described["ExtendedStatistic"]
        drawn = visit.attempt(chart, visit, described, statistic, "6h", described["Threshold"])
    return visit.page("alarm.html", alarm=described, history=history, chart=drawn, link=link)


def _address(visit: Visit, metric: Mapping[str, Any]) -> str:
    dimensions = {f"{DIMENSION}{each['Name']}": each["Value"] for each in metric.get("Dimensions", [])}
    return visit.at("/metrics/one", namespace=metric["Namespace"], name=metric["MetricName"], **dimensions)


def chart(
    visit: Visit, metric: Mapping[str, Any], statistic: str, span: str, threshold: float | None = None
) -> dict[str, Any] | None:
    """A metric over time, beside the threshold of an alarm where there is one; None where nothing was put."""
    seconds, period = SPANS.get(span, SPANS["6h"])
    now = datetime.now(timezone.utc)
    asked = {"Statistics": [statistic]} if statistic in STATISTICS else {"ExtendedStatistics": [statistic]}
    found = visit.client("cloudwatch").get_metric_statistics(
        Namespace=metric["Namespace"],
        MetricName=metric["MetricName"],
        Dimensions=metric.get("Dimensions", []),
        StartTime=now - timedelta(seconds=seconds),
        EndTime=now,
        Period=period,
        **asked,
    )["Datapoints"]
    points = sorted((each["Timestamp"], _value(each, statistic)) for each in found)
    if not points:
        return None
    values = [value for _, value in points]
    data: list[Sequence[float]] = [[at.timestamp() for at, _ in points], values]
    names = [statistic]
    if threshold is not None:
        data.append([threshold] * len(points))
        names.append("threshold")
    span_shown = [now.timestamp() - seconds, now.timestamp()]
    drawn = json.dumps({"time": True, "range": span_shown, "names": names, "data": data})
    return {"json": drawn, "last": values[-1], "points": points}


def _value(point: Mapping[str, Any], statistic: str) -> float:
    found: float = point[statistic] if statistic in point else point["ExtendedStatistics"][statistic]
    return found


PAGES = (
    Page("GET", "/metrics", metrics),
    Page("GET", "/metrics/one", metric),
    Page("GET", "/metrics/alarms", alarms),
    Page("GET", "/metrics/alarm", alarm),
)
