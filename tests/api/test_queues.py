"""SQS through boto3: queues that SDKs, the CLI and Studiolo's own services send to and receive from."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.conftest import REGION, Server
from tests.waiting import until

V = "2012-10-17"


@pytest.fixture
def sqs(client: Callable[..., Any]) -> Any:
    return client("sqs")


@pytest.fixture
def queue(sqs: Any) -> Iterator[str]:
    """The URL of a queue."""
    url = sqs.create_queue(QueueName=f"work-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def arn_of(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def test_what_is_sent_is_received_with_its_attributes(sqs: Any, queue: str) -> None:
    attributes = {
        "unit.name": {"DataType": "String.label", "StringValue": "µg"},
        "unit.raw": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
        "level": {"DataType": "Number", "StringValue": "3"},
    }
    sent = sqs.send_message(QueueUrl=queue, MessageBody="it is märz", MessageAttributes=attributes)
    (got,) = sqs.receive_message(
        QueueUrl=queue, MessageAttributeNames=["unit.*"], MessageSystemAttributeNames=["SentTimestamp", "SenderId"]
    )["Messages"]
    assert (got["Body"], got["MessageId"], got["MD5OfBody"]) == (
        "it is märz",
        sent["MessageId"],
        sent["MD5OfMessageBody"],
    )
    assert got["MessageAttributes"] == {name: attributes[name] for name in ("unit.name", "unit.raw")}
    assert got["Attributes"].keys() == {"SentTimestamp", "SenderId"}
    done = sqs.delete_message_batch(
        QueueUrl=queue, Entries=[{"Id": "a", "ReceiptHandle": got["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "x"}]
    )
    assert [each["Id"] for each in done["Successful"]] == ["a"]
    assert [(each["Id"], each["Code"]) for each in done["Failed"]] == [("b", "ReceiptHandleIsInvalid")]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "b"}])
    assert "Failed" not in sent


def test_who_waits_has_what_comes_at_once(sqs: Any, queue: str, client: Callable[..., Any]) -> None:
    found: list[Any] = []

    def wait() -> None:
        found.append((client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20), time.monotonic()))

    waiting = threading.Thread(target=wait)
    waiting.start()
    # What is delayed comes by itself: nothing tells that it can be received now.
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=1)
    sent = time.monotonic()
    waiting.join()
    (answer, at) = found[0]
    assert [each["Body"] for each in answer["Messages"]] == ["late"]
    assert at - sent < 15


def test_refusals_are_those_that_sdks_know(sqs: Any, queue: str) -> None:
    name = queue.rpartition("/")[2]
    with pytest.raises(sqs.exceptions.QueueNameExists, match="QueueAlreadyExists"):
        sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "5"})
    with pytest.raises(sqs.exceptions.QueueDoesNotExist, match=r"AWS\.SimpleQueueService\.NonExistentQueue"):
        sqs.get_queue_url(QueueName="nothing")
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Speed": "5"})
    with pytest.raises(sqs.exceptions.EmptyBatchRequest):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])
    with pytest.raises(sqs.exceptions.ClientError, match="NotImplemented"):
        sqs.start_message_move_task(SourceArn=arn_of(sqs, queue))


def test_queues_are_listed_by_prefix_in_pages(sqs: Any, queue: str) -> None:
    name = queue.rpartition("/")[2]
    others = [sqs.create_queue(QueueName=f"{name}-{i}")["QueueUrl"] for i in range(2)]
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=name, PaginationConfig={"PageSize": 2})
    assert [page["QueueUrls"] for page in pages] == [[queue, others[0]], [others[1]]]
    for each in others:
        sqs.delete_queue(QueueUrl=each)


def test_rights_are_those_of_the_role_or_of_the_queue(
    sqs: Any, queue: str, server: Server, client: Callable[..., Any]
) -> None:
    iam, name, arn = client("iam"), f"worker-{uuid.uuid4().hex[:8]}", arn_of(sqs, queue)
    account = {"Effect": "Allow", "Principal": {"AWS": arn.split(":")[4]}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": V, "Statement": [account]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    may = {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": arn}
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps({"Version": V, "Statement": [may]}))
    key = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="worker")["Credentials"]
    worker = boto3.client(
        "sqs",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    assert "Messages" not in worker.receive_message(QueueUrl=queue)
    with pytest.raises(sqs.exceptions.ClientError, match=f"sqs:SendMessage on resource: {arn}"):
        worker.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "a"}])
    allow = {"Effect": "Allow", "Principal": {"AWS": role["Arn"]}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": V, "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    worker.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": "a"}])


def test_rules_and_buckets_tell_queues_whose_policy_lets_them(
    sqs: Any, queue: str, client: Callable[..., Any], bucket: str
) -> None:
    arn, events, source = arn_of(sqs, queue), client("events"), f"test.{uuid.uuid4().hex[:8]}"
    services = {"Service": ["events.amazonaws.com", "s3.amazonaws.com"]}
    allow = {"Effect": "Allow", "Principal": services, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": V, "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    gone = {"Id": "gone", "Arn": f"{arn}-gone", "DeadLetterConfig": {"Arn": arn}}
    events.put_targets(Rule=source, Targets=[{"Id": "queue", "Arn": arn, "InputPath": "$.detail"}, gone])
    events.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": '{"n": 1}'}])
    found = [_received(sqs, queue) for _ in range(2)]
    assert {"n": 1} in [json.loads(each["Body"]) for each in found]
    dead = next(each for each in found if "detail" in each["Body"])
    assert dead["MessageAttributes"]["TARGET_ARN"]["StringValue"] == f"{arn}-gone"
    assert dead["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NotFound"

    wanted = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    # A changed configuration counts after a second.
    until(lambda: _told_of_an_object(sqs, queue, client("s3"), bucket))
    client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    events.remove_targets(Rule=source, Ids=["queue", "gone"])
    events.delete_rule(Name=source)


def _received(sqs: Any, queue: str) -> Any:
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MessageAttributeNames=["All"])["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return message


def _told_of_an_object(sqs: Any, queue: str, s3: Any, bucket: str) -> bool:
    s3.put_object(Bucket=bucket, Key="queued/a b", Body=b"a")
    found = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
    keys = [json.loads(each["Body"])["Records"][0]["s3"]["object"]["key"] for each in found]
    return keys == ["queued/a+b"]
