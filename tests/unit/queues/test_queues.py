"""Queues with a clock that is held: who gets a message when, and what FIFO queues promise."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from studiolo.domain import AlreadyExists, DomainError, Invalid, NotFound, Scope
from studiolo.identity import Identity, root_key
from studiolo.metrics import Metrics
from studiolo.queues import (
    LARGEST,
    BatchRefused,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidContents,
    InvalidReceipt,
    Message,
    MissingParameter,
    NotInFlight,
    QueueDenied,
    Queues,
    Received,
    Sent,
    Value,
    digest,
    queue_arn,
)
from studiolo.state import State

SCOPE = Scope("000000000000", "us-east-1")
FIFO = {"FifoQueue": "true"}


class Clock:
    def __init__(self) -> None:
        self.present = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.present

    def passes(self, **time: float) -> None:
        self.present += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queues(tmp_path: Path, clock: Clock) -> Iterator[Queues]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    identity = Identity(state, root_key(tmp_path), SCOPE.account, clock)
    yield Queues(state, identity, Metrics(state, clock), "http://127.0.0.1:1", clock)
    state.close()


def send(queues: Queues, name: str, *bodies: str, group: str | None = None, **given: str) -> list[Sent]:
    done = queues.send(SCOPE, name, [Message(body, group=group, **given) for body in bodies], "me")  # type: ignore[arg-type]
    assert all(isinstance(each, Sent) for each in done), done
    return [each for each in done if isinstance(each, Sent)]


def bodies(found: list[Received]) -> list[str]:
    return [each.body for each in found]


def refusal(queues: Queues, name: str, message: Message) -> DomainError:
    (done,) = queues.send(SCOPE, name, [message], "me")
    assert isinstance(done, DomainError)
    return done


def test_the_md5_of_attributes_is_the_one_that_the_sdk_for_java_expects() -> None:
    attributes = {
        "ccc": Value("String", "Tüst"),
        "bin": Value("Binary.x", b"\2\3\4"),
        "zzz": Value("Number", "230.01"),
    }
    assert digest(attributes) == "7b2a96a4abd663aa432e28568be6f1a1"


def test_what_is_received_is_hidden_until_its_time_is_over(queues: Queues, clock: Clock) -> None:
    queues.create(SCOPE, "q", {"VisibilityTimeout": "30"}, {})
    send(queues, "q", "a", "b")
    assert bodies(queues.receive(SCOPE, "q", 10)) == ["a", "b"]
    assert queues.receive(SCOPE, "q", 10) == []
    assert queues.due(SCOPE, "q") == clock.present + timedelta(seconds=30)
    clock.passes(seconds=30)
    (again,) = queues.receive(SCOPE, "q", 1)
    assert again.told["ApproximateReceiveCount"] == "2"
    assert queues.delete_messages(SCOPE, "q", [again.receipt, again.receipt]) == [None, None]
    counts = queues.attributes(SCOPE, "q")
    assert counts["ApproximateNumberOfMessages"] == "1"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_receipt_is_worth_nothing_once_somebody_else_has_received(queues: Queues, clock: Clock) -> None:
    queues.create(SCOPE, "q", {}, {})
    send(queues, "q", "a")
    (old,) = queues.receive(SCOPE, "q")
    clock.passes(seconds=31)
    (new,) = queues.receive(SCOPE, "q")
    queues.delete_messages(SCOPE, "q", [old.receipt])
    (error,) = queues.hide(SCOPE, "q", [(old.receipt, 5)])
    assert isinstance(error, NotInFlight)
    assert queues.hide(SCOPE, "q", [(new.receipt, 0)]) == [None]
    assert bodies(queues.receive(SCOPE, "q")) == ["a"]
    for wrong in ("x", "", "MSB4", new.receipt[4:]):
        (error,) = queues.delete_messages(SCOPE, "q", [wrong])
        assert isinstance(error, InvalidReceipt)


def test_what_is_delayed_or_too_old_is_not_received(queues: Queues, clock: Clock) -> None:
    queues.create(SCOPE, "q", {"DelaySeconds": "10", "MessageRetentionPeriod": "60"}, {})
    queues.send(SCOPE, "q", [Message("late"), Message("now", delay=0)], "me")
    assert bodies(queues.receive(SCOPE, "q", 10)) == ["now"]
    assert queues.attributes(SCOPE, "q")["ApproximateNumberOfMessagesDelayed"] == "1"
    clock.passes(seconds=10)
    assert bodies(queues.receive(SCOPE, "q", 10)) == ["late"]
    clock.passes(seconds=50)
    assert queues.receive(SCOPE, "q", 10) == []
    assert queues.attributes(SCOPE, "q")["ApproximateNumberOfMessages"] == "0"


def test_what_is_received_too_often_is_a_dead_letter(queues: Queues, clock: Clock) -> None:
    queues.create(SCOPE, "dead", {}, {})
    redrive = json.dumps({"deadLetterTargetArn": queue_arn(SCOPE, "dead"), "maxReceiveCount": "2"})
    queues.create(SCOPE, "q", {"RedrivePolicy": redrive, "VisibilityTimeout": "1"}, {})
    send(queues, "q", "a")
    for _ in range(2):
        assert bodies(queues.receive(SCOPE, "q")) == ["a"]
        clock.passes(seconds=1)
    assert queues.receive(SCOPE, "q") == []
    (dead,) = queues.receive(SCOPE, "dead")
    assert dead.told["DeadLetterQueueSourceArn"] == queue_arn(SCOPE, "q")
    assert [each.name for each in queues.sources(SCOPE, "dead")] == ["q"]


@pytest.mark.parametrize(
    ("target", "allowing", "why"),
    [
        ("none", "", "does not exist"),
        ("other.fifo", "", "same type"),
        ("dead", '{"redrivePermission": "denyAll"}', "does not let this queue"),
    ],
)
def test_dead_letters_need_somewhere_to_go(queues: Queues, target: str, allowing: str, why: str) -> None:
    queues.create(SCOPE, "other.fifo", FIFO, {})
    queues.create(SCOPE, "dead", {"RedriveAllowPolicy": allowing}, {})
    redrive = json.dumps({"deadLetterTargetArn": queue_arn(SCOPE, target), "maxReceiveCount": 2})
    with pytest.raises(Invalid, match=why):
        queues.create(SCOPE, "q", {"RedrivePolicy": redrive}, {})


def test_a_fifo_queue_keeps_the_order_of_a_group_while_others_go_on(queues: Queues, clock: Clock) -> None:
    queues.create(SCOPE, "q.fifo", {**FIFO, "ContentBasedDeduplication": "true"}, {})
    for i in range(4):
        send(queues, "q.fifo", str(i), group=f"g{i % 2}")
    (first,) = queues.receive(SCOPE, "q.fifo")
    assert first.body == "0"
    assert bodies(queues.receive(SCOPE, "q.fifo", 10)) == ["1", "3"]
    assert queues.receive(SCOPE, "q.fifo", 10) == []
    clock.passes(seconds=30)
    assert bodies(queues.receive(SCOPE, "q.fifo", 10)) == ["0", "1", "2", "3"]
    clock.passes(seconds=30)
    (error,) = queues.delete_messages(SCOPE, "q.fifo", [first.receipt])
    assert error is None, "somebody else has received it since"
    (late,) = queues.receive(SCOPE, "q.fifo")
    clock.passes(seconds=30)
    (error,) = queues.delete_messages(SCOPE, "q.fifo", [late.receipt])
    assert "has expired" in str(error)


def test_a_fifo_queue_takes_a_message_once_in_five_minutes(queues: Queues, clock: Clock) -> None:
    queues.create(SCOPE, "q.fifo", {**FIFO, "ContentBasedDeduplication": "true"}, {})
    (first,) = send(queues, "q.fifo", "a", group="g")
    (second,) = send(queues, "q.fifo", "a", group="h")
    assert second == first
    (other,) = send(queues, "q.fifo", "a", group="g", deduplication="x")
    assert int(str(other.sequence)) > int(str(first.sequence))
    found = queues.receive(SCOPE, "q.fifo", 10)
    queues.delete_messages(SCOPE, "q.fifo", [each.receipt for each in found])
    assert send(queues, "q.fifo", "a", group="g") == [first], "also when it has been dealt with"
    clock.passes(minutes=5)
    assert send(queues, "q.fifo", "a", group="g") != [first]


def test_the_same_attempt_receives_the_same_again(queues: Queues) -> None:
    queues.create(SCOPE, "q.fifo", {**FIFO, "ContentBasedDeduplication": "true"}, {})
    send(queues, "q.fifo", "a", "b", group="g")
    (first,) = queues.receive(SCOPE, "q.fifo", attempt="once")
    assert queues.receive(SCOPE, "q.fifo", attempt="once") == [first]
    assert queues.receive(SCOPE, "q.fifo", attempt="another") == []


def test_messages_that_cannot_be_are_refused(queues: Queues) -> None:
    queues.create(SCOPE, "q", {"MaximumMessageSize": "1024"}, {})
    queues.create(SCOPE, "q.fifo", FIFO, {})
    assert isinstance(refusal(queues, "q", Message("")), MissingParameter)
    assert isinstance(refusal(queues, "q", Message("a\ud800")), InvalidContents)
    assert "shorter than 1024" in str(refusal(queues, "q", Message("a" * 1025)))
    assert "not valid for this queue type" in str(refusal(queues, "q", Message("a", deduplication="x")))
    assert isinstance(refusal(queues, "q.fifo", Message("a", deduplication="x")), MissingParameter)
    assert "ContentBasedDeduplication" in str(refusal(queues, "q.fifo", Message("a", group="g")))
    assert "must contain non-empty" in str(refusal(queues, "q", Message("a", attributes={"n": Value("String", "")})))
    with pytest.raises(BatchRefused):
        queues.send(SCOPE, "q", [Message("a" * (LARGEST // 2)), Message("b" * (LARGEST // 2 + 1))], "me")
    with pytest.raises(NotFound):
        queues.send(SCOPE, "none", [Message("a")], "me")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"VisibilityTimeout": "43201"}, InvalidAttributeValue),
        ({"DelaySeconds": "-1"}, InvalidAttributeValue),
        ({"ContentBasedDeduplication": "true"}, InvalidAttributeName),
        ({"QueueArn": "x"}, InvalidAttributeName),
        ({"Policy": "{}"}, InvalidAttributeValue),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "x", "maxReceiveCount": 1}'}, InvalidAttributeValue),
        ({"RedrivePolicy": "[]"}, InvalidAttributeValue),
        ({"RedriveAllowPolicy": '{"redrivePermission": "byQueue"}'}, InvalidAttributeValue),
        (FIFO, Invalid),
    ],
)
def test_attributes_that_cannot_be_are_refused(queues: Queues, given: dict[str, str], error: type[Invalid]) -> None:
    with pytest.raises(error):
        queues.create(SCOPE, "q", given, {})


@pytest.mark.parametrize("name", ["", "a b", "a.fifo", "a" * 81, "ä", "a/b"])
def test_names_that_cannot_be_are_refused(queues: Queues, name: str) -> None:
    with pytest.raises(Invalid):
        queues.create(SCOPE, name, {}, {})


def test_a_queue_is_made_once(queues: Queues) -> None:
    made = queues.create(SCOPE, "q", {"VisibilityTimeout": "5"}, {})
    assert queues.create(SCOPE, "q", {"VisibilityTimeout": "5", "DelaySeconds": "0"}, {}) == made
    with pytest.raises(AlreadyExists, match="VisibilityTimeout"):
        queues.create(SCOPE, "q", {"VisibilityTimeout": "6"}, {})
    queues.delete(SCOPE, "q")
    queues.create(SCOPE, "q", {"VisibilityTimeout": "6"}, {})


def test_a_service_sends_where_the_policy_lets_it(queues: Queues) -> None:
    queues.create(SCOPE, "q", {}, {})
    arn, topic = queue_arn(SCOPE, "q"), f"arn:aws:sns:us-east-1:{SCOPE.account}:news"
    with pytest.raises(QueueDenied):
        queues.send_by("sns.amazonaws.com", topic, arn, Message("a"))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    queues.set(SCOPE, "q", {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statement})})
    queues.send_by("sns.amazonaws.com", topic, arn, Message("a"))
    with pytest.raises(QueueDenied):
        queues.send_by("sns.amazonaws.com", f"{topic}-other", arn, Message("a"))
    queues.permit(SCOPE, "q", "others", ["111111111111"], ["SendMessage"])
    assert len(json.loads(queues.attributes(SCOPE, "q")["Policy"])["Statement"]) == 2
    queues.forbid(SCOPE, "q", "others")
    queues.set(SCOPE, "q", {"Policy": ""})
    assert "Policy" not in queues.attributes(SCOPE, "q")
