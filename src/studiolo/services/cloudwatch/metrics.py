"""Amazon CloudWatch: metrics."""

import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import encode_token
from studiolo.domain import now
from studiolo.metrics import Datum, Metric, Series
from studiolo.metrics.distribution import Distribution
from studiolo.metrics.statistics import SIMPLE, statistic
from studiolo.services.call import Call
from studiolo.services.cloudwatch.service import (
    COMBINATION,
    INVALID,
    VALIDATION,
    after,
    as_metric,
    checked_period,
    cloudwatch,
    dimensions_of,
    metric_of,
    next_token,
    queries_of,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import (
        GetMetricDataInputTypeDef,
        GetMetricStatisticsInputTypeDef,
        ListMetricsInputTypeDef,
        MetricDatumTypeDef,
        PutMetricDataInputTypeDef,
    )

MOST_DATA, MOST_VALUES, MOST_DIMENSIONS = 1000, 150, 30
MOST_POINTS = 1440
"""Of one GetMetricStatistics."""
MOST_RETURNED = 100_800
"""Numbers in one answer of GetMetricData."""
OLDEST, NEWEST = timedelta(days=14), timedelta(hours=2)
LIMIT = 2.0**360


@cloudwatch.operation
def get_metric_data(call: Call, request: "GetMetricDataInputTypeDef") -> dict[str, Any]:
    start, end = _moment(request["StartTime"]), _moment(request["EndTime"])
    _check_span(start, end)
    queries = queries_of(request["MetricDataQueries"])
    if not any(query.returned for query in queries):
        raise ServiceError(VALIDATION, "At least one of the MetricDataQueries must have ReturnData true.")
    found = call.studio.metrics.reader.series(call.scope, queries, start, end)
    begin = int(after(request) or 0)
    end_of_page = begin + min(request.get("MaxDatapoints", MOST_RETURNED), MOST_RETURNED)
    descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    results, seen = [], 0
    for name, line in ((name, line) for name, lines in found.items() for line in lines):
        moments = sorted(line.points, reverse=descending)
        results.append(_result(name, line, moments[max(begin - seen, 0) : max(end_of_page - seen, 0)]))
        seen += len(moments)
    rest = {"NextToken": encode_token(str(end_of_page))} if seen > end_of_page else {}
    return {"MetricDataResults": results, "Messages": [], **rest}


@cloudwatch.operation
def get_metric_statistics(call: Call, request: "GetMetricStatisticsInputTypeDef") -> dict[str, Any]:
    start, end, period = _moment(request["StartTime"]), _moment(request["EndTime"]), checked_period(request["Period"])
    _check_span(start, end)
    asked = [*request.get("Statistics", ()), *request.get("ExtendedStatistics", ())]
    if not asked:
        raise ServiceError(COMBINATION, "At least one of the parameters Statistics and ExtendedStatistics is needed.")
    points = math.ceil((end - start).total_seconds() / period)
    if points > MOST_POINTS:
        raise ServiceError(
            COMBINATION,
            f"You have requested up to {points:,} datapoints, which exceeds the limit of {MOST_POINTS:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )
    metric, unit = metric_of(request), request.get("Unit")
    told = call.studio.metrics.reader.distributions(call.scope, metric, start, end, period, unit)
    shown = [
        {"Timestamp": datetime.fromtimestamp(at, timezone.utc), "Unit": of, **_statistics(values, asked)}
        for at, by_unit in told.items()
        for of, values in by_unit.items()
    ]
    return {"Label": metric.name, "Datapoints": shown}


@cloudwatch.operation
def list_metrics(call: Call, request: "ListMetricsInputTypeDef") -> dict[str, Any]:
    if request.get("IncludeLinkedAccounts") or request.get("OwningAccount", call.scope.account) != call.scope.account:
        raise ServiceError(INVALID, "Metrics of other accounts cannot be listed in Studiolo.")
    page = call.studio.metrics.list(
        call.scope,
        namespace=request.get("Namespace"),
        name=request.get("MetricName"),
        dimensions=[(each["Name"], each.get("Value")) for each in request.get("Dimensions", ())],
        recent=request.get("RecentlyActive") == "PT3H",
        after=after(request),
    )
    return {"Metrics": [as_metric(metric) for metric in page.items], **next_token(page)}


@cloudwatch.operation
def put_metric_data(call: Call, request: "PutMetricDataInputTypeDef") -> dict[str, Any]:
    namespace, data = request["Namespace"], request.get("MetricData", ())
    if namespace.startswith("AWS/"):
        raise ServiceError(INVALID, "The value AWS/ for parameter Namespace is invalid.")
    if request.get("EntityMetricData"):
        raise ServiceError(INVALID, "EntityMetricData is not supported by Studiolo: give MetricData.")
    if not data or len(data) > MOST_DATA:
        raise ServiceError(INVALID, f"The parameter MetricData needs 1 to {MOST_DATA} items.")
    call.studio.metrics.put(
        call.scope, [_datum(namespace, each, f"MetricData.member.{n}") for n, each in enumerate(data, 1)]
    )
    return {}


def _datum(namespace: str, given: "MetricDatumTypeDef", where: str) -> Datum:
    dimensions = dimensions_of(given.get("Dimensions", ()))
    if len(dimensions) > MOST_DIMENSIONS:
        raise ServiceError(INVALID, f"{where}.Dimensions must not have a size greater than {MOST_DIMENSIONS}.")
    present = now()
    at = _moment(given["Timestamp"]) if "Timestamp" in given else present
    if not present - OLDEST <= at <= present + NEWEST:
        raise ServiceError(
            INVALID,
            f"The parameter {where}.Timestamp must be no more than two weeks ago, and two hours ahead.",
        )
    resolution = given.get("StorageResolution", 60)
    if resolution not in (1, 60):
        raise ServiceError(
            INVALID, f"The value {resolution} for parameter {where}.StorageResolution is invalid: 1 or 60."
        )
    metric = Metric.of(namespace, given["MetricName"], dimensions)
    return Datum(metric, at, _values(given, where), given.get("Unit", "None"), resolution)


def _values(given: "MetricDatumTypeDef", where: str) -> Distribution:
    told = [name for name in ("Value", "Values", "StatisticValues") if name in given]
    if len(told) != 1:
        word = "At least one" if not told else "Only one"
        raise ServiceError(COMBINATION, f"{word} of {where}.Value, .Values and .StatisticValues must be given.")
    if "StatisticValues" in given:
        each = given["StatisticValues"]
        values = [each[name] for name in ("SampleCount", "Sum", "Minimum", "Maximum")]
        _check_numbers(values, where)
        if each["SampleCount"] <= 0 or each["Minimum"] > each["Maximum"]:
            raise ServiceError(INVALID, f"{where}.StatisticValues has no samples, or a Minimum above its Maximum.")
        return Distribution.told(*values)
    numbers = [given["Value"]] if "Value" in given else list(given["Values"])
    counts = [1.0] * len(numbers) if "Counts" not in given else list(given["Counts"])
    if len(numbers) > MOST_VALUES or not numbers or len(numbers) != len(counts):
        raise ServiceError(
            INVALID, f"The parameters {where}.Values and .Counts need as many items as each other, 1 to {MOST_VALUES}."
        )
    _check_numbers([*numbers, *counts], where)
    return Distribution.of(zip(numbers, counts, strict=True))


def _check_numbers(values: list[float], where: str) -> None:
    for value in values:
        if not math.isfinite(value) or abs(value) > LIMIT:
            raise ServiceError(INVALID, f"The value {value} for parameter {where}.Value is invalid.")


def _statistics(values: Distribution, asked: list[str]) -> dict[str, Any]:
    computed = {name: statistic(name)(values) for name in asked}
    simple = {name: value for name, value in computed.items() if name in SIMPLE and value is not None}
    extended = {name: value for name, value in computed.items() if name not in SIMPLE and value is not None}
    return {**simple, **({"ExtendedStatistics": extended} if extended else {})}


def _result(name: str, line: Series, moments: list[int]) -> dict[str, Any]:
    return {
        "Id": name,
        "Label": line.label,
        "Timestamps": [datetime.fromtimestamp(at, timezone.utc) for at in moments],
        "Values": [line.points[at] for at in moments],
        "StatusCode": "Complete",
    }


def _moment(value: Any) -> datetime:
    moment: datetime = value
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


def _check_span(start: datetime, end: datetime) -> None:
    if start >= end:
        raise ServiceError(INVALID, "The parameter StartTime must be less than the parameter EndTime.")
