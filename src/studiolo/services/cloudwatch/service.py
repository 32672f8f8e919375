"""What the operations of CloudWatch share: its error codes, metrics and queries in its words, lists."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.metrics import Expression, Metric, MetricStat, Query
from studiolo.services.service import Service

INVALID = "InvalidParameterValue"
COMBINATION = "InvalidParameterCombination"
VALIDATION = "ValidationError"

cloudwatch = Service(
    "cloudwatch",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: INVALID,
        Invalid: VALIDATION,
        Conflict: VALIDATION,
        Denied: "AccessDenied",
        LimitExceeded: "LimitExceeded",
    },
    invalid=VALIDATION,
)


def dimensions_of(given: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The dimensions of a metric. Raises ServiceError where one is there twice."""
    found: dict[str, str] = {}
    for each in given:
        if each["Name"] in found:
            raise ServiceError(INVALID, f"No dimension can be given twice: {each['Name']}.")
        found[each["Name"]] = each["Value"]
    return found


def metric_of(given: Mapping[str, Any]) -> Metric:
    return Metric.of(given["Namespace"], given["MetricName"], dimensions_of(given.get("Dimensions", ())))


def as_dimensions(metric: Metric) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]


def as_metric(metric: Metric) -> dict[str, Any]:
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": as_dimensions(metric)}


def queries_of(given: Sequence[Mapping[str, Any]]) -> list[Query]:
    """The queries of a request. Raises ServiceError."""
    names = [each["Id"] for each in given]
    if len(set(names)) < len(names):
        raise ServiceError(VALIDATION, "The values for parameter id in MetricDataQueries must be unique.")
    return [_query_of(each) for each in given]


def _query_of(given: Mapping[str, Any]) -> Query:
    name = given["Id"]
    if not (name[:1].islower() and name.replace("_", "a").isalnum()):
        raise ServiceError(VALIDATION, f"The value {name} for parameter Id is not matching the expected pattern.")
    if ("MetricStat" in given) == ("Expression" in given):
        raise ServiceError(VALIDATION, f"Give exactly one of MetricStat and Expression for {name}.")
    if given.get("AccountId"):
        raise ServiceError(VALIDATION, "Metrics of other accounts (AccountId) cannot be read in Studiolo.")
    what: MetricStat | Expression
    if "MetricStat" in given:
        stat = given["MetricStat"]
        what = MetricStat(metric_of(stat["Metric"]), checked_period(stat["Period"]), stat["Stat"], stat.get("Unit"))
    else:
        period = given.get("Period")
        what = Expression(given["Expression"], None if period is None else checked_period(period))
    return Query(name, what, given.get("Label"), given.get("ReturnData", True))


def as_query(query: Query) -> dict[str, Any]:
    """A query in the API's words."""
    said: dict[str, Any] = {"Id": query.id, "ReturnData": query.returned}
    if query.label is not None:
        said["Label"] = query.label
    if isinstance(query.what, Expression):
        period = {} if query.what.period is None else {"Period": query.what.period}
        return {**said, "Expression": query.what.text, **period}
    unit = {} if query.what.unit is None else {"Unit": query.what.unit}
    stat = {"Metric": as_metric(query.what.metric), "Period": query.what.period, "Stat": query.what.stat, **unit}
    return {**said, "MetricStat": stat}


def checked_period(period: int) -> int:
    """Raises ServiceError unless it is one that CloudWatch has."""
    if period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60):
        raise ServiceError(INVALID, "Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    return period


def after(request: Mapping[str, Any]) -> str | None:
    token = request.get("NextToken")
    return decode_token(token, "InvalidNextToken") if token else None


def next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"NextToken": encode_token(page.next)}
