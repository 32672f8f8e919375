"""SNS through boto3: what is published reaches functions, and a real HTTP server of the user's."""

import base64
import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.api.lambda_functions import create, messages
from tests.receiving import Receiver
from tests.waiting import until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def sns(client: Callable[..., Any]) -> Any:
    return client("sns")


@pytest.fixture
def topic(sns: Any) -> Iterator[str]:
    arn = sns.create_topic(Name=f"news-{uuid.uuid4().hex[:8]}")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


def subscribed(sns: Any, topic: str, receiver: Receiver, **attributes: str) -> str:
    """A confirmed subscription of the server."""
    arn = sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=receiver.url, ReturnSubscriptionArn=True, Attributes=attributes
    )["SubscriptionArn"]
    _, body = receiver.next()
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(body)["Token"])
    return str(arn)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def test_an_http_endpoint_that_confirms_gets_signed_messages(sns: Any, topic: str, receiver: Receiver) -> None:
    made = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    assert made["SubscriptionArn"] == "pending confirmation"
    headers, body = receiver.next()
    asked = json.loads(body)
    assert headers["x-amz-sns-message-type"] == asked["Type"] == "SubscriptionConfirmation"
    sns.publish(TopicArn=topic, Message="before it is confirmed")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    arn = get(asked["SubscribeURL"]).decode().strip()
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == arn

    sent = sns.publish(
        TopicArn=topic,
        Subject="Air",
        Message="it is märz",
        MessageAttributes={"level": {"DataType": "Number", "StringValue": "3"}},
    )
    headers, body = receiver.next()
    told = json.loads(body)
    assert (told["Message"], told["Subject"], told["MessageId"]) == ("it is märz", "Air", sent["MessageId"])
    assert told["MessageAttributes"] == {"level": {"Type": "Number", "Value": "3"}}
    assert (headers["x-amz-sns-topic-arn"], headers["x-amz-sns-subscription-arn"]) == (topic, arn)
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    text = "".join(f"{name}\n{told[name]}\n" for name in names)
    key = x509.load_pem_x509_certificate(get(told["SigningCertURL"])).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(told["Signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303

    get(told["UnsubscribeURL"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_function_gets_messages_once_its_policy_lets_the_topic(
    sns: Any, topic: str, client: Callable[..., Any], role: str
) -> None:
    functions, logs = client("lambda"), client("logs")
    name = create(functions, role)
    arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    numbers = client("cloudwatch")
    sns.publish(TopicArn=topic, Message="unheard")

    def failures() -> Any:
        dimensions = [{"Name": "TopicName", "Value": topic.rpartition(":")[2]}]
        return numbers.list_metrics(
            Namespace="AWS/SNS", MetricName="NumberOfNotificationsFailed", Dimensions=dimensions
        )["Metrics"]

    until(failures)
    functions.add_permission(
        FunctionName=name,
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    texts = json.dumps({"default": "for all", "lambda": "for functions"})
    sns.publish(TopicArn=topic, Message=texts, MessageStructure="json")

    def printed() -> list[str]:
        try:
            return [each for each in messages(logs, name) if each.startswith("printed ")]
        except logs.exceptions.ResourceNotFoundException:
            return []

    until(printed)
    (line,) = printed()
    (record,) = json.loads(line.removeprefix("printed "))["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("for functions", None)


def test_rules_alarms_functions_and_buckets_publish_where_the_topic_lets_them(
    sns: Any, topic: str, client: Callable[..., Any], role: str, receiver: Receiver
) -> None:
    subscribed(sns, topic, receiver, RawMessageDelivery="true")
    functions = client("lambda")
    function = create(functions, role)
    destination = {"OnSuccess": {"Destination": topic}}
    functions.put_function_event_invoke_config(FunctionName=function, DestinationConfig=destination)
    functions.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"of": "a function"}')
    assert json.loads(receiver.next()[1])["requestPayload"] == {"of": "a function"}

    alarms, events, name = client("cloudwatch"), client("events"), f"told-{uuid.uuid4().hex[:8]}"
    alarms.put_metric_alarm(
        AlarmName=name,
        Namespace="Own",
        MetricName="Heat",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    headers, body = receiver.next()
    told = json.loads(body)
    assert headers["x-amz-sns-rawdelivery"] == "true"
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == (name, "INSUFFICIENT_DATA", "ALARM")
    assert (told["Trigger"]["MetricName"], told["Trigger"]["Statistic"]) == ("Heat", "MAXIMUM")
    alarms.delete_alarms(AlarmNames=[name])

    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    wanted = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"TopicConfigurations": [wanted]})
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": topic, "InputPath": "$.detail"}])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "s3.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": [rule, f"arn:aws:s3:::{name}"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "Detail": '{"price": 3}'}])
    assert json.loads(receiver.next()[1]) == {"price": 3}
    s3.put_object(Bucket=name, Key="a.csv", Body=b"four")
    (record,) = json.loads(receiver.next()[1])["Records"]
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("a.csv", 4)
    events.remove_targets(Rule=name, Ids=["one"])
    events.delete_rule(Name=name)


def test_only_messages_that_pass_the_filter_come_and_a_failed_one_comes_again(
    sns: Any, topic: str, receiver: Receiver
) -> None:
    retry = {"numRetries": 9, "numNoDelayRetries": 9}
    subscribed(
        sns,
        topic,
        receiver,
        FilterPolicy=json.dumps({"store": [{"anything-but": "east"}], "price": [{"numeric": [">", 10]}]}),
        FilterPolicyScope="MessageBody",
        DeliveryPolicy=json.dumps({"healthyRetryPolicy": retry}),
        RawMessageDelivery="true",
    )
    receiver.answers = [500, 429, 302]
    entries = [{"store": "east", "price": 20}, {"store": "west", "price": 20}, {"store": "west", "price": 5}]
    batch = [{"Id": str(number), "Message": json.dumps(each)} for number, each in enumerate(entries)]
    answer = sns.publish_batch(
        TopicArn=topic, PublishBatchRequestEntries=[*batch, {"Id": "bad", "Message": "x", "Subject": "two\nlines"}]
    )
    assert [each["Id"] for each in answer["Successful"]] == ["0", "1", "2"]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("bad", "InvalidParameter")]
    assert [json.loads(receiver.next()[1]) for _ in range(3)] == [entries[1]] * 3
    # The redirect was followed by nobody, and what it answered is not tried again.
    sns.publish(TopicArn=topic, Message=json.dumps({"store": "west", "price": 11}))
    assert json.loads(receiver.next()[1])["price"] == 11


def test_what_cannot_be_published_or_subscribed_is_said_in_sns_s_words(sns: Any, topic: str) -> None:
    wrong, invalid = sns.exceptions.InvalidParameterException, sns.exceptions.InvalidParameterValueException
    with pytest.raises(wrong, match="Message too long"):
        sns.publish(TopicArn=topic, Message="x" * 262145)
    with pytest.raises(invalid, match="Could not cast message attribute 'n' value to number"):
        attributes = {"n": {"DataType": "Number", "StringValue": "many"}}
        sns.publish(TopicArn=topic, Message="x", MessageAttributes=attributes)
    with pytest.raises(sns.exceptions.NotFoundException, match="Topic does not exist"):
        sns.publish(TopicArn=f"{topic}-none", Message="x")
    with pytest.raises(sns.exceptions.BatchEntryIdsNotDistinctException):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "x"}] * 2)
    with pytest.raises(wrong, match="Endpoint must match the specified protocol"):
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="http://127.0.0.1/")
    with pytest.raises(wrong, match="FilterPolicy"):
        sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+1555", Attributes={"FilterPolicy": '{"a": 1}'})
    ordered = sns.create_topic(Name=f"{uuid.uuid4().hex[:8]}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    with pytest.raises(wrong, match="MessageGroupId parameter is required"):
        sns.publish(TopicArn=ordered, Message="x")
    assert "SequenceNumber" in sns.publish(
        TopicArn=ordered, Message="x", MessageGroupId="g", MessageDeduplicationId="d"
    )
    sns.delete_topic(TopicArn=ordered)
