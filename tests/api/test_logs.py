"""CloudWatch Logs through boto3, as SDKs and the aws CLI use it."""

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import REGION, Server
from tests.waiting import until

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def logs(client: Client) -> Any:
    return client("logs")


@pytest.fixture
def group(logs: Any) -> Iterator[str]:
    name = f"/tests/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name, tags={"team": "air"})
    yield name
    logs.delete_log_group(logGroupName=name)


@pytest.fixture
def stream(logs: Any, group: str) -> str:
    """A stream with the events `0` … `9`, a millisecond apart."""
    put(logs, group, "job/algo-1", [str(i) for i in range(10)])
    return "job/algo-1"


def put(logs: Any, group: str, stream: str, texts: list[str], at: int | None = None) -> dict[str, Any]:
    present = int(time.time() * 1000) - 60_000 if at is None else at
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": present + i, "message": text} for i, text in enumerate(texts)]
    answer: dict[str, Any] = logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return answer


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def code(error: "pytest.ExceptionInfo[ClientError]") -> str:
    said: str = error.value.response["Error"]["Code"]
    return said


def test_events_are_read_from_the_head_until_the_token_stays(logs: Any, group: str, stream: str) -> None:
    asked = {"logGroupName": group, "logStreamName": stream, "startFromHead": True, "limit": 4}
    read, token = [], None
    while True:
        answer = logs.get_log_events(**asked, **({"nextToken": token} if token else {}))
        read += messages(answer)
        if answer["nextForwardToken"] == token:
            break
        token = answer["nextForwardToken"]
    assert read == [str(i) for i in range(10)]


def test_events_are_read_from_the_tail_backward(logs: Any, group: str, stream: str) -> None:
    asked = {"logGroupName": group, "logStreamName": stream, "limit": 6}
    last = logs.get_log_events(**asked)
    first = logs.get_log_events(**asked, nextToken=last["nextBackwardToken"])
    none = logs.get_log_events(**asked, nextToken=first["nextBackwardToken"])
    assert messages(first) + messages(last) == [str(i) for i in range(10)]
    assert none["nextBackwardToken"] == first["nextBackwardToken"]
    assert messages(none) == []


def test_a_token_of_another_is_refused(logs: Any, group: str, stream: str) -> None:
    for token in ("none of ours", "f/12", "b/" + "9" * 56 + "/s"):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.get_log_events(logGroupName=group, logStreamName=stream, nextToken=token)
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.filter_log_events(logGroupName=group, nextToken=token)


def test_the_sagemaker_sdk_reads_a_job_s_streams_in_order(logs: Any, group: str) -> None:
    sdk = pytest.importorskip("sagemaker.logs")
    present = int(time.time() * 1000) - 60_000
    put(logs, group, "job/algo-1", ["a", "c"], at=present)
    put(logs, group, "job/algo-2", ["b"], at=present)
    found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="job/", orderBy="LogStreamName", limit=2)
    assert "nextToken" not in found
    streams = [each["logStreamName"] for each in found["logStreams"]]
    read = [(i, event["message"]) for i, event in sdk.multi_stream_iter(logs, group, streams)]
    assert read == [(0, "a"), (1, "b"), (0, "c")]


def test_a_search_over_streams_is_paged_and_merged(logs: Any, group: str) -> None:
    present = int(time.time() * 1000) - 60_000
    for i in range(3):
        put(logs, group, f"s{i}", [f"ERROR {i} {j}" if j % 2 else f"info {i} {j}" for j in range(6)], at=present)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern="ERROR", interleaved=True, PaginationConfig={"PageSize": 4}
    )
    events = [event for page in pages for event in page["events"]]
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    assert sorted(event["message"] for event in events) == [f"ERROR {i} {j}" for i in range(3) for j in (1, 3, 5)]
    assert len({event["eventId"] for event in events}) == 9


def test_a_follower_sees_what_is_added_once(logs: Any, group: str, stream: str) -> None:
    # As `aws logs tail --follow` asks: again from the last event's time on, known events told by their ids.
    first = logs.filter_log_events(logGroupIdentifier=group, interleaved=True)["events"]
    since = first[-1]["timestamp"]
    event = {"timestamp": since, "message": "later"}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
    again = logs.filter_log_events(logGroupIdentifier=group, interleaved=True, startTime=since)["events"]
    known = {event["eventId"] for event in first}
    assert [event["message"] for event in again if event["eventId"] not in known] == ["later"]


def test_the_aws_cli_reads_a_stream(server: Server, logs: Any, group: str, stream: str) -> None:
    command = [
        "aws",
        "logs",
        "get-log-events",
        "--region",
        REGION,
        "--log-group-name",
        group,
        "--log-stream-name",
        stream,
    ]
    shown = subprocess.run(
        [*command, "--start-from-head", "--query", "events[].message", "--output", "text"],
        env=server.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.split() == [str(i) for i in range(10)]


def test_events_are_found_by_what_their_json_and_their_columns_hold(logs: Any, group: str) -> None:
    lines = ['{"message": "x", "size": 3}', '{"message": "y"}', "10.0.0.1 frank 404", "10.0.0.2 - 200"]
    put(logs, group, "s", lines)
    for pattern, found in {
        '{ $.message = "x" && $.size > 2 }': lines[:1],
        "{ $.size NOT EXISTS }": lines[1:2],
        "[ip, user, status = 4*]": lines[2:3],
        "[ip, user != %[a-z]%, ...]": lines[3:],
    }.items():
        assert messages(logs.filter_log_events(logGroupName=group, filterPattern=pattern)) == found, pattern


def test_a_query_of_insights_answers_what_is_there(logs: Any, group: str) -> None:
    put(
        logs,
        group,
        "s",
        [json.dumps({"level": level, "ms": ms}) for level, ms in (("INFO", 1), ("WARN", 5), ("INFO", 3))],
    )
    present = int(time.time())
    asked = {"logGroupNames": [group], "startTime": present - 3600, "endTime": present + 60}
    text = "filter ms > 0 | stats count(*) as n, avg(ms) as mean by level | sort n desc"
    query = logs.start_query(**asked, queryString=text)["queryId"]
    answer = until(lambda: (got := logs.get_query_results(queryId=query))["status"] == "Complete" and got)
    assert [{each["field"]: each["value"] for each in row} for row in answer["results"]] == [
        {"level": "INFO", "n": "2", "mean": "2"},
        {"level": "WARN", "n": "1", "mean": "5"},
    ]
    assert (answer["statistics"]["recordsMatched"], answer["statistics"]["recordsScanned"]) == (3.0, 3.0)
    shown = logs.describe_queries(logGroupName=group, status="Complete")["queries"]
    assert [(each["queryId"], each["queryString"]) for each in shown] == [(query, text)]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="already ended"):
        logs.stop_query(queryId=query)
    with pytest.raises(logs.exceptions.MalformedQueryException, match="unexpected symbol found =") as error:
        logs.start_query(**asked, queryString="filter = 3")
    assert error.value.response["queryCompileError"]["location"] == {"startCharOffset": 7, "endCharOffset": 8}
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.start_query(**{**asked, "logGroupNames": ["/none"]}, queryString="limit 1")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="none")


def test_a_filter_is_tried_on_messages_of_ones_own(logs: Any) -> None:
    found = logs.test_metric_filter(filterPattern="{ $.ms > 2 }", logEventMessages=['{"ms": 1}', '{"ms": 3}'])[
        "matches"
    ]
    assert found == [{"eventNumber": 2, "eventMessage": '{"ms": 3}', "extractedValues": {"$.ms": "3"}}]


def test_metric_filters_are_kept_with_their_group(logs: Any, group: str) -> None:
    metric = {
        "metricName": "errors",
        "metricNamespace": "air",
        "metricValue": "$.ms",
        "dimensions": {"level": "$.level"},
    }
    filters = {"logGroupName": group, "filterName": "slow"}
    logs.put_metric_filter(**filters, filterPattern="{ $.ms > 1 }", metricTransformations=[metric])
    logs.put_metric_filter(**filters, filterPattern="{ $.ms > 2 }", metricTransformations=[metric])
    (shown,) = logs.describe_metric_filters(metricName="errors", metricNamespace="air", filterNamePrefix="sl")[
        "metricFilters"
    ]
    assert (shown["logGroupName"], shown["filterPattern"]) == (group, "{ $.ms > 2 }")
    assert shown["metricTransformations"] == [metric]
    (described,) = logs.describe_log_groups(logGroupIdentifiers=[group])["logGroups"]
    assert described["metricFilterCount"] == 1
    for pattern, wrong in (
        ("{ $.ms > }", metric),
        ("", {**metric, "metricValue": "x"}),
        ("", {**metric, "defaultValue": 0}),
    ):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.put_metric_filter(**filters, filterPattern=pattern, metricTransformations=[wrong])
    logs.delete_metric_filter(**filters)
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="metric filter does not exist"):
        logs.delete_metric_filter(**filters)
    logs.put_metric_filter(**filters, filterPattern="", metricTransformations=[{**metric, "metricValue": "1"}])


def test_resource_policies_are_kept_by_name(logs: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "es.amazonaws.com"},
        "Action": "logs:PutLogEvents",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    put = logs.put_resource_policy(policyName="search", policyDocument=document)["resourcePolicy"]
    assert [
        each for each in logs.describe_resource_policies()["resourcePolicies"] if each["policyName"] == "search"
    ] == [put]
    assert put["policyDocument"] == document
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.put_resource_policy(policyName="search", policyDocument=document.replace("logs:", "s3:"))
    logs.delete_resource_policy(policyName="search")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="search"):
        logs.delete_resource_policy(policyName="search")


def test_groups_are_described_with_what_was_set(logs: Any, group: str, stream: str) -> None:
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    (shown,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert (shown["retentionInDays"], shown["arn"]) == (7, f"{shown['logGroupArn']}:*")
    assert shown["storedBytes"] > 0
    logs.delete_retention_policy(logGroupName=group)
    (shown,) = logs.describe_log_groups(logGroupNamePattern=group.rpartition("/")[2])["logGroups"]
    assert "retentionInDays" not in shown
    arn = shown["logGroupArn"]
    named = logs.describe_log_groups(logGroupIdentifiers=[arn], logGroupClass="STANDARD")["logGroups"]
    assert [each["logGroupName"] for each in named] == [group]
    assert not logs.describe_log_groups(logGroupIdentifiers=[arn], logGroupClass="INFREQUENT_ACCESS")["logGroups"]
    logs.tag_resource(resourceArn=arn, tags={"stage": "raw"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "raw"}


def test_streams_are_described_by_name_and_by_their_last_event(logs: Any, group: str) -> None:
    present = int(time.time() * 1000) - 60_000
    for name, at in (("a", present), ("b", present + 2), ("c", present + 1)):
        put(logs, group, name, ["x"], at=at)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 2}
    )
    streams = [stream for page in pages for stream in page["logStreams"]]
    assert [stream["logStreamName"] for stream in streams] == ["b", "c", "a"]
    assert streams[0]["firstEventTimestamp"] == streams[0]["lastEventTimestamp"] == present + 2
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Cannot order by LastEventTime"):
        logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="a")


def test_events_of_the_wrong_time_are_rejected_and_said(logs: Any, group: str, stream: str) -> None:
    present = int(time.time() * 1000)
    month = 30 * 24 * 3_600_000
    old = put(logs, group, "old", ["x"], at=present - month)
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = put(logs, group, "new", ["x"], at=present + month)
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    backward = [{"timestamp": present, "message": "b"}, {"timestamp": present - 1, "message": "a"}]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="chronological order"):
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=backward)


def test_logs_refuse_in_their_own_words(logs: Any, group: str, stream: str) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log group does not exist"):
        logs.describe_log_streams(logGroupName="/none")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log stream does not exist"):
        logs.get_log_events(logGroupName=group, logStreamName="none")
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException, match="The specified log group already exists"):
        logs.create_log_group(logGroupName=group)
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException, match="The specified log stream already exists"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    with pytest.raises(ClientError) as error:
        logs.create_log_group(logGroupName="a b")
    assert code(error) == "InvalidParameterException"
    with pytest.raises(ClientError) as error:
        logs.filter_log_events(logGroupName=group, filterPattern='{ $.level = "x"')
    assert code(error) == "InvalidParameterException"


def test_another_region_has_its_own_groups(client: Client, logs: Any, group: str) -> None:
    elsewhere = client("logs", region_name="ap-south-1")
    assert not elsewhere.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
