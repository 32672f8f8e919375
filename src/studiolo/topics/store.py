"""Topics and subscriptions, by their ARNs."""

import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from studiolo.domain import Invalid, Scope
from studiolo.identity import check_topic_policy
from studiolo.recorded import Book, Record, RecordMissing, Records
from studiolo.topics import retries, subscribing
from studiolo.topics.model import is_fifo

TOPIC, SUBSCRIPTION = "sns-topic", "sns-subscription"
TOKEN_LIFETIME = timedelta(days=2)
"""How long a subscription can be confirmed, as SNS has it."""


class TopicStore:
    """The topics and subscriptions of every scope."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, scope: Scope, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Record:
        """A topic of that name: the one that is there, or a new one."""
        if name.endswith(".fifo") != is_fifo(attributes):
            raise Invalid(
                "Invalid parameter: Topic Name: a name ends in .fifo where FifoTopic is true, and nowhere else"
            )
        for each, value in attributes.items():
            _check_attribute(each, value)
        arn = f"arn:{scope.partition}:sns:{scope.region}:{scope.account}:{name}"
        with self._records.writing(scope) as book:
            return book.find(TOPIC, arn) or book.add(TOPIC, arn, {"Name": name, **attributes}, tags)

    def get(self, scope: Scope, arn: str) -> Record:
        with self._records.reading(scope) as book:
            return _topic(book, arn)

    def set(self, scope: Scope, arn: str, name: str, value: str | None) -> None:
        _check_attribute(name, value)
        with self._records.writing(scope) as book:
            book.put(_topic(book, arn).with_(**{name: value or None}))

    def delete(self, scope: Scope, arn: str) -> None:
        """With its subscriptions; what is not there is deleted."""
        with self._records.writing(scope) as book:
            found = book.find(TOPIC, arn)
            if found is not None:
                book.drop(found)
            for each in of_topic(book, arn):
                book.drop(each)

    def all(self, scope: Scope) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(TOPIC)

    def tag(self, scope: Scope, arn: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        with self._records.writing(scope) as book:
            book.put(_topic(book, arn).tagged(tags, without))

    # --- subscriptions

    def subscribe(
        self, scope: Scope, owner: str, arn: str, protocol: str, endpoint: str, attributes: Mapping[str, str]
    ) -> Record:
        """A subscription: the one that is there, or a new one; a pending one has a new token. owner: an account."""
        with self._records.writing(scope) as book:
            topic = _topic(book, arn)
            subscribing.check(protocol, endpoint, attributes, fifo=is_fifo(topic.attributes))
            same = {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint}
            found = next((each for each in of_topic(book, arn) if same.items() <= each.attributes.items()), None)
            if found is None:
                hidden = {"pending": True} if protocol in subscribing.CONFIRMED else None
                identifier = f"{arn}:{uuid.uuid4()}"
                found = book.add(SUBSCRIPTION, identifier, {**same, "Owner": owner, **attributes}, hidden=hidden)
            elif wrong := [name for name, value in attributes.items() if found.get(name) != value]:
                raise Invalid(
                    "Invalid parameter: Attributes Reason: Subscription already exists with different attributes "
                    f"({wrong[0]})"
                )
            if is_pending(found):
                found = book.put(found.hiding(token=secrets.token_hex(128), asked=book.now.isoformat()))
            return found

    def subscription(self, scope: Scope, arn: str) -> Record:
        with self._records.reading(scope) as book:
            return _subscription(book, arn)

    def confirm(self, scope: Scope, topic: str, token: str, *, authenticated: bool = False) -> Record:
        """The subscription that the token was sent to confirm; a second time is fine. Raises Invalid.

        authenticated: whether who would end it must sign.
        """
        with self._records.writing(scope) as book:
            for each in of_topic(book, _topic(book, topic).id):
                known = each.hidden.get("token")
                if known and hmac.compare_digest(str(known).encode(), token.encode()):
                    return book.put(_confirmed(each, book.now, authenticated))
        raise Invalid("Invalid parameter: Token")

    def set_subscription(self, scope: Scope, arn: str, name: str, value: str | None) -> None:
        with self._records.writing(scope) as book:
            found = _subscription(book, arn)
            changed = found.with_(**{name: value or None})
            subscribing.check_attributes(found["Protocol"], {name: value or ""}, changed.attributes)
            book.put(changed)

    def unsubscribe(self, scope: Scope, arn: str, *, signed: bool = True) -> None:
        """Raises Invalid where only who signs may."""
        with self._records.writing(scope) as book:
            found = book.find(SUBSCRIPTION, arn)
            if found is not None and not signed and found.hidden.get("authenticated"):
                raise Invalid("Invalid parameter: SubscriptionArn: only a signed request may end this subscription")
            if found is not None:
                book.drop(found)

    def subscriptions(self, scope: Scope, topic: str | None = None) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(SUBSCRIPTION) if topic is None else of_topic(book, topic)


def of_topic(book: Book, arn: str) -> list[Record]:
    """The subscriptions to a topic."""
    return book.all(SUBSCRIPTION, lambda each: bool(each["TopicArn"] == arn))


def is_pending(subscription: Record) -> bool:
    """Whether its endpoint has not confirmed yet that it wants what is published."""
    return bool(subscription.hidden.get("pending"))


def scope_of(region: str, arn: str) -> Scope:
    """Whose a topic, or subscription, is. Raises Invalid for what is no ARN of one."""
    parts = arn.split(":")
    if len(parts) < 6:
        raise Invalid(f"Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not {len(parts)}")
    if parts[0] != "arn" or parts[2] != "sns" or not parts[4].isdecimal():
        raise Invalid(f"Invalid parameter: TopicArn Reason: {arn} is not the ARN of a topic")
    return Scope(parts[4], region)


def as_attributes(topic: Record) -> dict[str, Any]:
    """What is told of a topic."""
    return {name: value for name, value in topic.attributes.items() if name != "Name"}


def _topic(book: Book, arn: str) -> Record:
    found = book.find(TOPIC, arn)
    if found is None:
        raise RecordMissing(TOPIC, arn, "Topic does not exist")
    return found


def _subscription(book: Book, arn: str) -> Record:
    found = book.find(SUBSCRIPTION, arn)
    if found is None:
        raise RecordMissing(SUBSCRIPTION, arn, "Subscription does not exist")
    return found


def _confirmed(subscription: Record, present: datetime, authenticated: bool) -> Record:
    if not is_pending(subscription):
        return subscription
    if present - datetime.fromisoformat(subscription.hidden["asked"]) > TOKEN_LIFETIME:
        raise Invalid("Invalid parameter: Token: it has expired; Subscribe again")
    return subscription.hiding(pending=False, authenticated=authenticated)


def _check_attribute(name: str, value: str | None) -> None:
    if not value:
        return
    if name == "Policy":
        check_topic_policy(value)
    elif name == "DeliveryPolicy":
        retries.check_policy(value, of_topic=True)
    elif name == "SignatureVersion" and value not in ("1", "2"):
        raise Invalid("Invalid parameter: SignatureVersion: it is 1 or 2")
