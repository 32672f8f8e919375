"""What leaves CloudWatch Logs: live tail, exports to S3, what metric filters count; through boto3 and the aws CLI."""

import gzip
import json
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.config
import pytest

from tests.conftest import REGION, Server
from tests.waiting import until

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def logs(client: Client) -> Any:
    """Without the host names of their own that some operations have."""
    return client("logs", config=botocore.config.Config(inject_host_prefix=False, retries={"total_max_attempts": 1}))


@pytest.fixture
def group(logs: Any) -> Iterator[str]:
    """The ARN of a group with the stream `job/algo-1`."""
    name = f"/tests/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="job/algo-1")
    (shown,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    yield shown["logGroupArn"]
    logs.delete_log_group(logGroupName=name)


def put(logs: Any, group: str, *texts: str) -> None:
    events = [{"timestamp": int(time.time() * 1000), "message": text} for text in texts]
    logs.put_log_events(logGroupName=name_of(group), logStreamName="job/algo-1", logEvents=events)


def name_of(group: str) -> str:
    return group.rpartition(":")[2]


def test_a_live_tail_shows_what_comes_and_its_filter_lets_through(logs: Any, group: str) -> None:
    put(logs, group, "ERROR of before")
    asked = {"logGroupIdentifiers": [group], "logStreamNamePrefixes": ["job/"], "logEventFilterPattern": "ERROR"}
    stream = logs.start_live_tail(**asked)["responseStream"]
    events = iter(stream)
    start = next(events)["sessionStart"]
    assert {name: start[name] for name in asked} == asked
    put(logs, group, "ERROR here", "all well")
    updates = (event["sessionUpdate"] for event in events)
    came = next(update["sessionResults"] for update in updates if update["sessionResults"])
    assert [(each["message"], each["logStreamName"]) for each in came] == [("ERROR here", "job/algo-1")]
    stream.close()


def test_a_live_tail_is_refused_in_the_service_s_words(logs: Any, group: str) -> None:
    both = {"logStreamNames": ["a"], "logStreamNamePrefixes": ["a"]}
    with pytest.raises(logs.exceptions.InvalidParameterException, match="mutually exclusive"):
        logs.start_live_tail(logGroupIdentifiers=[group], **both)
    with pytest.raises(logs.exceptions.InvalidParameterException, match="not the ARN"):
        logs.start_live_tail(logGroupIdentifiers=[name_of(group)])
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.start_live_tail(logGroupIdentifiers=[f"{group}-none"])


def test_the_aws_cli_tails_in_a_shell_of_studiolo_env(server: Server, logs: Any, group: str, tmp_path: Path) -> None:
    command = ["aws", "logs", "start-live-tail", "--region", REGION, "--log-group-identifiers", group]
    with (shown := tmp_path / "shown").open("w") as output:
        tail = subprocess.Popen(command, env=server.environment(), stdout=output)

    def came() -> bool:
        put(logs, group, "hello")
        return "hello" in shown.read_text()

    until(came)
    tail.send_signal(signal.SIGINT)
    tail.wait(30)


def test_events_are_exported_to_a_bucket_whose_policy_lets_cloudwatch_logs(
    client: Client, logs: Any, group: str, bucket: str
) -> None:
    s3, account = client("s3"), group.split(":")[4]
    put(logs, group, "a", "b")
    prefix = f"logs-{uuid.uuid4().hex[:8]}"
    asked = {"logGroupName": name_of(group), "fromTime": 0, "to": int(time.time() * 1000) + 60_000}
    asked |= {"destination": bucket, "destinationPrefix": prefix, "taskName": "days"}
    with pytest.raises(logs.exceptions.InvalidParameterException, match="GetBucketAcl call on the given bucket failed"):
        logs.create_export_task(**asked)
    service = {"Effect": "Allow", "Principal": {"Service": f"logs.{REGION}.amazonaws.com"}}
    told = {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"}
    statements = [
        {**service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        {
            **service,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/{prefix}/*",
            "Condition": {"StringEquals": told, "ArnLike": {"aws:SourceArn": f"{group}:*"}},
        },
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    with pytest.raises(logs.exceptions.InvalidParameterException, match="PutObject call on the given bucket failed"):
        logs.create_export_task(**{**asked, "destinationPrefix": "elsewhere"})
    task = logs.create_export_task(**asked)["taskId"]
    (done,) = until(
        lambda: (
            logs.describe_export_tasks(taskId=task)["exportTasks"]
            if logs.describe_export_tasks(taskId=task, statusCode="COMPLETED")["exportTasks"]
            else None
        )
    )
    s3.delete_bucket_policy(Bucket=bucket)
    assert (done["taskName"], done["status"]["code"], done["to"]) == ("days", "COMPLETED", asked["to"])
    keys = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]}
    file = f"{prefix}/{task}/job-algo-1/000000.gz"
    assert keys == {file, f"{prefix}/aws-logs-write-test"}
    text = gzip.decompress(s3.get_object(Bucket=bucket, Key=file)["Body"].read()).decode()
    assert [line.partition("Z ")[2] for line in text.splitlines()] == ["a", "b"]
    with pytest.raises(logs.exceptions.InvalidOperationException):
        logs.cancel_export_task(taskId=task)


def test_a_metric_filter_counts_what_comes(client: Client, logs: Any, group: str) -> None:
    name = f"air-{uuid.uuid4().hex[:8]}"
    metric = {"metricName": "ms", "metricNamespace": name, "metricValue": "$.ms", "dimensions": {"level": "$.level"}}
    logs.put_metric_filter(
        logGroupName=name_of(group), filterName="slow", filterPattern="{ $.ms > 1 }", metricTransformations=[metric]
    )
    put(logs, group, *(json.dumps({"level": "INFO", "ms": ms}) for ms in (1, 5, 7)))
    cloudwatch, present = client("cloudwatch"), int(time.time())
    asked = {"Namespace": name, "MetricName": "ms", "Dimensions": [{"Name": "level", "Value": "INFO"}], "Period": 3600}
    asked |= {"StartTime": present - 3600, "EndTime": present + 3600, "Statistics": ["Sum"]}
    found = until(lambda: cloudwatch.get_metric_statistics(**asked)["Datapoints"])
    assert sum(each["Sum"] for each in found) == 12
