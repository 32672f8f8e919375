"""What is told to CloudWatch of an analysis, as the job's role. Source: "CloudWatch Metrics" (Developer Guide)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studiolo.ml.monitoring.analyzer.told import Told

AT_ONCE = 500
"""Metrics of one request."""
OF_CALLS, OF_TRANSFORMS = "Endpoints", "ModelMonitoring"
DATA, QUALITY = "data-metrics", "model-metrics"
"""What namespaces end with, after what the analysis is of."""


def data_metrics(document: Mapping[str, Any], distances: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    """Those of the features of a statistics.json."""
    for feature in document["features"]:
        name = feature["name"]
        told = feature.get("numerical_statistics") or feature["string_statistics"]
        present, missing = told["common"]["num_present"], told["common"]["num_missing"]
        if "sum" in told:
            values = {"Maximum": told["max"], "Minimum": told["min"], "Sum": told["sum"], "SampleCount": present}
            yield {"MetricName": f"feature_data_{name}", "StatisticValues": values}
        yield {"MetricName": f"feature_non_null_{name}", "Value": present / max(present + missing, 1)}
        if name in distances:
            yield {"MetricName": f"feature_baseline_drift_{name}", "Value": distances[name]}


def quality_metrics(measured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of the model's quality that are numbers."""
    for name, told in measured.items():
        if "value" in told:
            yield {"MetricName": name, "Value": told["value"]}


def publish(told: Told, metrics: Sequence[Mapping[str, Any]]) -> None:
    """Tell CloudWatch. Raises botocore's errors."""
    import boto3

    names = (("Endpoint", told.endpoint), ("MonitoringSchedule", told.schedule))
    dimensions = [{"Name": name, "Value": value} for name, value in names if value]
    at = {} if told.end is None else {"Timestamp": told.end}
    client = boto3.client("cloudwatch")
    namespace = f"aws/sagemaker/{OF_CALLS if told.endpoint else OF_TRANSFORMS}/{QUALITY if told.quality else DATA}"
    for begin in range(0, len(metrics), AT_ONCE):
        data = [{**each, **at, "Dimensions": dimensions} for each in metrics[begin : begin + AT_ONCE]]
        client.put_metric_data(Namespace=namespace, MetricData=data)
