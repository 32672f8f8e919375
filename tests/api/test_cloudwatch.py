"""CloudWatch's metrics and alarms, through boto3 and the aws CLI's older protocol."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import ServiceModel

from tests.waiting import until

DIMENSIONS = [{"Name": "City", "Value": "Madrid"}]


@pytest.fixture(scope="module")
def cloudwatch(client: Callable[..., Any]) -> Any:
    return client("cloudwatch")


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    return f"Test/{request.node.name[:80]}"


def minutes_ago(minutes: float) -> datetime:
    return datetime.now(timezone.utc).replace(second=0, microsecond=0) - timedelta(minutes=minutes)


def datum(name: str, value: float, minutes: float = 1, **more: Any) -> dict[str, Any]:
    return {"MetricName": name, "Timestamp": minutes_ago(minutes), "Value": value, "Dimensions": DIMENSIONS, **more}


@pytest.mark.parametrize(
    ("protocol", "content_type"),
    [("smithy-rpc-v2-cbor", "cbor"), ("json", "amz-json-1.0"), ("query", "www-form-urlencoded")],
)
def test_what_is_put_is_read_by_every_protocol(
    client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, namespace: str, protocol: str, content_type: str
) -> None:
    monkeypatch.setattr(ServiceModel, "resolved_protocol", protocol)
    cloudwatch, sent = client("cloudwatch"), []
    cloudwatch.meta.events.register("before-send", lambda request, **_: sent.append(request.headers["Content-Type"]))
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum("NO2", 20.0), datum("NO2", 40.0)])
    asked = {"MetricName": "NO2", "Dimensions": DIMENSIONS, "StartTime": minutes_ago(5), "EndTime": minutes_ago(0)}
    found = cloudwatch.get_metric_statistics(
        Namespace=namespace, Period=60, Statistics=["Average", "SampleCount"], ExtendedStatistics=["p100"], **asked
    )
    (point,) = found["Datapoints"]
    assert (point["Average"], point["SampleCount"], point["ExtendedStatistics"]) == (30.0, 2.0, {"p100": 40.0})
    assert point["Timestamp"] == minutes_ago(1)
    assert all(content_type in str(each) for each in sent)


def test_queries_and_expressions_answer_in_pages(cloudwatch: Any, namespace: str) -> None:
    data = [datum("Calls", 10.0 * n, n) for n in range(1, 5)] + [datum("Errors", float(n), n) for n in range(1, 5)]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def stat(name: str, metric: str) -> dict[str, Any]:
        of = {"Namespace": namespace, "MetricName": metric, "Dimensions": DIMENSIONS}
        return {"Id": name, "MetricStat": {"Metric": of, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    share = {"Id": "share", "Expression": "100 * errors / calls", "Label": "percent"}
    search = f"SEARCH('{{{namespace},City}} MetricName=\"Errors\"', 'Sum', 60)"
    queries = [stat("calls", "Calls"), stat("errors", "Errors"), share, {"Id": "found", "Expression": search}]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=minutes_ago(10),
        EndTime=minutes_ago(0),
        ScanBy="TimestampAscending",
        PaginationConfig={"PageSize": 3},
    )
    found: dict[str, list[float]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            found.setdefault(result["Id"], []).extend(result["Values"])
    assert found == {"share": [10.0] * 4, "found": [4.0, 3.0, 2.0, 1.0]}


def test_metrics_are_listed_by_their_dimensions(cloudwatch: Any, namespace: str) -> None:
    cloudwatch.put_metric_data(
        Namespace=namespace, MetricData=[datum("A", 1), {**datum("A", 1), "Dimensions": []}, datum("B", 1)]
    )
    found = cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "City"}])["Metrics"]
    assert [each["MetricName"] for each in found] == ["A", "B"]
    assert cloudwatch.list_metrics(Namespace=namespace, MetricName="A")["Metrics"][0]["Dimensions"] == DIMENSIONS
    assert cloudwatch.list_metrics(Namespace=namespace, Dimensions=[{"Name": "City", "Value": "Rome"}])["Metrics"] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Namespace": "AWS/Mine"}, "AWS/"),
        ({"MetricData": [{**datum("A", 1), "Value": float("nan")}]}, "nan"),
        ({"MetricData": [{"MetricName": "A"}]}, "At least one"),
        ({"MetricData": [datum("A", 1, 60 * 24 * 15)]}, "two weeks"),
        ({"MetricData": [{"MetricName": "A", "Values": [1.0, 2.0], "Counts": [1.0]}]}, "as many items"),
    ],
)
def test_numbers_that_cannot_be_are_refused_in_cloudwatchs_words(
    cloudwatch: Any, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words) as refused:
        cloudwatch.put_metric_data(**{"Namespace": "Test/refused", "MetricData": [datum("A", 1)], **change})
    assert refused.value.response["Error"]["Code"] in ("InvalidParameterValue", "InvalidParameterCombination")
    assert cloudwatch.list_metrics(Namespace="Test/refused")["Metrics"] == []


def test_too_many_points_are_refused_with_what_to_do(cloudwatch: Any) -> None:
    with pytest.raises(ClientError, match="exceeds the limit of 1,440"):
        cloudwatch.get_metric_statistics(
            Namespace="N",
            MetricName="M",
            StartTime=minutes_ago(3000),
            EndTime=minutes_ago(0),
            Period=60,
            Statistics=["Sum"],
        )


def test_an_alarm_sounds_says_why_and_goes_quiet(cloudwatch: Any, namespace: str) -> None:
    name = f"no2-{time.time_ns()}"
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum("NO2", 80.0, 1), datum("NO2", 90.0, 2)])
    watched = {
        "Namespace": namespace,
        "MetricName": "NO2",
        "Dimensions": DIMENSIONS,
        "Statistic": "Maximum",
        "Period": 60,
    }
    alarm = {
        "AlarmName": name,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": ["arn:aws:swf:eu-central-1:000000000000:action/x"],
        **watched,
    }
    cloudwatch.put_metric_alarm(Threshold=40.0, Tags=[{"Key": "team", "Value": "air"}], **alarm)
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-all", AlarmRule=f"ALARM({name}) AND TRUE")

    def state(of: str) -> dict[str, Any]:
        found = cloudwatch.describe_alarms(AlarmNames=[of], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        (alarm,) = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return dict(alarm)

    sounding = until(lambda: each if (each := state(name))["StateValue"] == "ALARM" else None)
    assert "were greater than the threshold (40.0) (minimum 1 datapoint" in sounding["StateReason"]
    assert json.loads(sounding["StateReasonData"])["threshold"] == 40.0
    assert until(lambda: state(f"{name}-all")["StateValue"] == "ALARM")
    with pytest.raises(ClientError, match=f"{name}-all depends on it"):
        cloudwatch.delete_alarms(AlarmNames=[name])
    cloudwatch.put_metric_alarm(Threshold=400.0, **alarm)
    quiet = until(lambda: each if (each := state(name))["StateValue"] == "OK" else None)
    assert "not greater than the threshold (400.0)" in quiet["StateReason"]
    history = cloudwatch.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in reversed(history)] == [
        f'Alarm "{name}" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Failed to execute action arn:aws:swf:eu-central-1:000000000000:action/x: Studiolo does no actions of swf",
        f'Alarm "{name}" updated',
        "Alarm updated from ALARM to OK",
    ]
    assert cloudwatch.list_tags_for_resource(ResourceARN=quiet["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "air"}]
    cloudwatch.delete_alarms(AlarmNames=[name, f"{name}-all"])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_a_dashboard_is_given_back_as_it_was(cloudwatch: Any) -> None:
    body = json.dumps({"widgets": []})
    cloudwatch.put_dashboard(DashboardName="air", DashboardBody=body)
    assert cloudwatch.get_dashboard(DashboardName="air")["DashboardBody"] == body
    with pytest.raises(cloudwatch.exceptions.DashboardInvalidInputError):
        cloudwatch.put_dashboard(DashboardName="air", DashboardBody="[]")
    cloudwatch.delete_dashboards(DashboardNames=["air"])
    with pytest.raises(ClientError) as gone:
        cloudwatch.get_dashboard(DashboardName="air")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"
