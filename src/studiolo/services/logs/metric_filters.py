"""Amazon CloudWatch Logs: metric filters."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.logs.filters import compile_extraction
from studiolo.logs.metric_filters import MetricFilter
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, as_milliseconds, logs, next_token, paging

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        DeleteMetricFilterRequestTypeDef,
        DescribeMetricFiltersRequestTypeDef,
        PutMetricFilterRequestTypeDef,
        TestMetricFilterRequestTypeDef,
    )


@logs.operation
def delete_metric_filter(call: Call, request: "DeleteMetricFilterRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.metric_filters.delete(call.scope, request["logGroupName"], request["filterName"])
    return {}


@logs.operation
def describe_metric_filters(call: Call, request: "DescribeMetricFiltersRequestTypeDef") -> dict[str, Any]:
    if ("metricName" in request) != ("metricNamespace" in request):
        raise ServiceError(INVALID, "metricName and metricNamespace must be given together.")
    page = call.studio.logs.metric_filters.list(
        call.scope, request.get("logGroupName"), prefix=request.get("filterNamePrefix", ""), **paging(request)
    )
    found = [each for each in page.items if "metricName" not in request or _counts(each, request)]
    return {"metricFilters": [as_metric_filter(each) for each in found], **next_token(page)}


@logs.operation
def put_metric_filter(call: Call, request: "PutMetricFilterRequestTypeDef") -> dict[str, Any]:
    asked = [
        name
        for name in ("applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions")
        if request.get(name)
    ]
    if asked:
        raise ServiceError(INVALID, f"{', '.join(asked)} in PutMetricFilter is not supported by Studiolo.")
    call.studio.logs.metric_filters.put(
        call.scope,
        request["logGroupName"],
        request["filterName"],
        request["filterPattern"],
        [dict(metric) for metric in request["metricTransformations"]],
    )
    return {}


@logs.operation
def test_metric_filter(call: Call, request: "TestMetricFilterRequestTypeDef") -> dict[str, Any]:
    extract = compile_extraction(request["filterPattern"])
    found = [(number, text, extract(text)) for number, text in enumerate(request["logEventMessages"], start=1)]
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": text, "extractedValues": dict(values)}
            for number, text, values in found
            if values is not None
        ]
    }


def as_metric_filter(each: MetricFilter) -> dict[str, Any]:
    return {
        "filterName": each.name,
        "filterPattern": each.pattern,
        "metricTransformations": list(each.metrics),
        "creationTime": as_milliseconds(each.created),
        "logGroupName": each.group,
        "applyOnTransformedLogs": False,
    }


def _counts(each: MetricFilter, request: "DescribeMetricFiltersRequestTypeDef") -> bool:
    """Whether the filter is for the metric that is asked for."""
    return any(
        metric["metricName"] == request["metricName"] and metric["metricNamespace"] == request["metricNamespace"]
        for metric in each.metrics
    )
