"""Deliveries to HTTP endpoints: never lost, never to Studiolo itself, never waited for long."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from studiolo.domain import Invalid, Scope, now
from studiolo.functions import Trusting
from studiolo.identity import Identity, root_key
from studiolo.metrics import Metrics
from studiolo.queues import Queues, Value, queue_arn
from studiolo.state import State
from studiolo.topics import Publication, TopicDenied, Topics
from studiolo.topics.senders import Undelivered, post
from studiolo.topics.tables import deliveries
from tests.receiving import Receiver
from tests.waiting import until

SCOPE = Scope("000000000000", "us-east-1")
NOTHING: Any = None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    found = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield found
    found.close()


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """What listens in this process may be asked: it is the one that asks."""
    monkeypatch.setattr("studiolo.peers.is_of_studiolo", lambda *_: False)


def _topics(state: State, folder: Path) -> Topics:
    identity = Identity(state, root_key(folder), SCOPE.account, now)
    trusting, queues = cast(Trusting, NOTHING), _queues(state, folder)
    return Topics(state, identity, trusting, queues, Metrics(state, now), folder, "http://127.0.0.1:1", now)


def _queues(state: State, folder: Path) -> Queues:
    return Queues(
        state, Identity(state, root_key(folder), SCOPE.account, now), Metrics(state, now), "http://[::1]", now
    )


def _queue(queues: Queues, name: str, topic: str) -> str:
    """The ARN of a queue that the topic may send to."""
    arn = queue_arn(SCOPE, name)
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": {**allow, "Condition": {"ArnLike": {"aws:SourceArn": topic}}}}
    )
    queues.create(SCOPE, name, {"Policy": policy, **({"FifoQueue": "true"} if name.endswith(".fifo") else {})}, {})
    return arn


@pytest.mark.usefixtures("near")
def test_what_an_earlier_server_took_is_delivered_by_the_next(state: State, tmp_path: Path, receiver: Receiver) -> None:
    before = _topics(state, tmp_path)
    arn = before.store.create(SCOPE, "news", {}, {}).id
    made = before.subscribe(SCOPE, SCOPE.account, arn, "http", receiver.url, {})
    before.store.confirm(SCOPE, arn, made.hidden["token"])
    before.publish(SCOPE, arn, Publication("not lost"))
    assert not receiver.got
    after = _topics(state, tmp_path)
    after.start()
    kinds = {json.loads(receiver.next()[1])["Message"][:8] for _ in range(2)}
    assert kinds == {"You have", "not lost"}

    def left() -> int:
        with state.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(deliveries)).scalar_one())

    until(lambda: left() == 0)
    after.close()
    before.close()


def test_a_service_that_the_topic_does_not_name_is_refused(state: State, tmp_path: Path) -> None:
    topics = _topics(state, tmp_path)
    arn = topics.store.create(SCOPE, "news", {}, {}).id
    alarm, rule = (
        f"arn:aws:cloudwatch:us-east-1:{SCOPE.account}:alarm:a",
        f"arn:aws:events:us-east-1:{SCOPE.account}:rule/r",
    )
    topics.publish_by("cloudwatch.amazonaws.com", alarm, arn, Publication("of the same account"))
    with pytest.raises(TopicDenied, match=r"does not let events\.amazonaws\.com"):
        topics.publish_by("events.amazonaws.com", rule, arn, Publication("x"))
    with pytest.raises(TopicDenied):
        elsewhere = alarm.replace(SCOPE.account, "111111111111")
        topics.publish_by("cloudwatch.amazonaws.com", elsewhere, arn, Publication("x"))
    topics.close()


def test_a_token_that_was_not_sent_confirms_nothing(state: State, tmp_path: Path) -> None:
    topics = _topics(state, tmp_path)
    arn = topics.store.create(SCOPE, "news", {}, {}).id
    topics.subscribe(SCOPE, SCOPE.account, arn, "sqs", f"arn:aws:sqs:us-east-1:{SCOPE.account}:queue", {})
    topics.subscribe(SCOPE, SCOPE.account, arn, "http", "http://127.0.0.1/", {})
    for token in ("", "None", "x"):
        with pytest.raises(Invalid, match="Token"):
            topics.store.confirm(SCOPE, arn, token)
    topics.close()


def test_an_own_port_is_as_closed_as_one_where_nothing_listens(receiver: Receiver) -> None:
    with pytest.raises(Undelivered, match="Connection refused"):
        post(receiver.url, b"", {})
    with pytest.raises(Undelivered, match="may not be asked"):
        post("http://169.254.169.254/latest/meta-data", b"", {})
    assert not receiver.got


@pytest.mark.usefixtures("near")
def test_an_answer_in_drops_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def drip() -> None:
            link, _ = slow.accept()
            ended = threading.Event()
            with link:
                while not ended.wait(0.02):
                    try:
                        link.sendall(b"x")
                    except OSError:
                        ended.set()

        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(Undelivered) as failed:
            post(f"http://127.0.0.1:{slow.getsockname()[1]}/", b"", {}, seconds=0.3)
        assert not failed.value.for_good


def test_queues_get_messages_signed_or_raw(state: State, tmp_path: Path) -> None:
    topics, queues = _topics(state, tmp_path), _queues(state, tmp_path)
    arn = topics.store.create(SCOPE, "news", {}, {}).id
    for name, raw in (("told", "false"), ("raw", "true")):
        topics.subscribe(SCOPE, "", arn, "sqs", _queue(queues, name, arn), {"RawMessageDelivery": raw})
    topics.start()
    topics.publish(SCOPE, arn, Publication("it is märz", "Air", attributes={"level": Value("Number", "3")}))
    until(lambda: all(queues.due(SCOPE, name) for name in ("told", "raw")))
    topics.close()
    (told,) = queues.receive(SCOPE, "told")
    body = json.loads(told.body)
    assert (body["Type"], body["Message"], body["Subject"]) == ("Notification", "it is märz", "Air")
    assert body["Signature"]
    assert not told.attributes
    (raw,) = queues.receive(SCOPE, "raw")
    assert (raw.body, raw.attributes) == ("it is märz", {"level": Value("Number", "3")})


def test_a_fifo_topic_keeps_its_order_in_a_fifo_queue_and_takes_nothing_twice(state: State, tmp_path: Path) -> None:
    topics, queues = _topics(state, tmp_path), _queues(state, tmp_path)
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    arn = topics.store.create(SCOPE, "news.fifo", attributes, {}).id
    topics.subscribe(SCOPE, "", arn, "sqs", _queue(queues, "q.fifo", arn), {"RawMessageDelivery": "true"})
    topics.start()
    for text in ("a", "b", "b", "c", "d"):
        topics.publish(SCOPE, arn, Publication(text, group="g"))
    until(lambda: queues.attributes(SCOPE, "q.fifo")["ApproximateNumberOfMessages"] == "4")
    topics.close()
    assert [each.body for each in queues.receive(SCOPE, "q.fifo", 10)] == ["a", "b", "c", "d"]


def test_what_a_subscriber_does_not_get_is_a_dead_letter(state: State, tmp_path: Path) -> None:
    topics, queues = _topics(state, tmp_path), _queues(state, tmp_path)
    arn = topics.store.create(SCOPE, "news", {}, {}).id
    redrive = json.dumps({"deadLetterTargetArn": _queue(queues, "dead", arn)})
    topics.subscribe(SCOPE, "", arn, "sqs", queue_arn(SCOPE, "gone"), {"RedrivePolicy": redrive})
    topics.start()
    topics.publish(SCOPE, arn, Publication("lost"))
    until(lambda: queues.due(SCOPE, "dead") is not None)
    topics.close()
    (dead,) = queues.receive(SCOPE, "dead")
    assert json.loads(dead.body)["Message"] == "lost"
