"""SNS's topics and subscriptions. Nothing is delivered: who publishes is refused."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.domain import Invalid, Scope
from studiolo.recorded.records import Record, RecordMissing, Records

TOPIC, SUBSCRIPTION = "sns-topic", "sns-subscription"


class Topics:
    """The topics and subscriptions of every scope, by their ARNs."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, scope: Scope, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Record:
        """A topic of that name: the one that is there, or a new one."""
        is_fifo = str(attributes.get("FifoTopic", "false")).lower() == "true"
        if name.endswith(".fifo") != is_fifo:
            raise Invalid(
                "Invalid parameter: Topic Name: a name ends in .fifo where FifoTopic is true, and nowhere else"
            )
        arn = f"arn:{scope.partition}:sns:{scope.region}:{scope.account}:{name}"
        with self._records.writing(scope) as book:
            return book.find(TOPIC, arn) or book.add(TOPIC, arn, {"Name": name, **attributes}, tags)

    def get(self, scope: Scope, arn: str) -> Record:
        with self._records.reading(scope) as book:
            found = book.find(TOPIC, arn)
        if found is None:
            raise RecordMissing(TOPIC, arn, "Topic does not exist")
        return found

    def set(self, scope: Scope, arn: str, name: str, value: str | None) -> None:
        self.get(scope, arn)
        with self._records.writing(scope) as book:
            book.put(book.get(TOPIC, arn).with_(**{name: value}))

    def delete(self, scope: Scope, arn: str) -> None:
        """With its subscriptions; what is not there is deleted."""
        with self._records.writing(scope) as book:
            found = book.find(TOPIC, arn)
            if found is not None:
                book.drop(found)
            for each in book.all(SUBSCRIPTION, lambda each: bool(each["TopicArn"] == arn)):
                book.drop(each)

    def all(self, scope: Scope) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(TOPIC)

    def tag(self, scope: Scope, arn: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        self.get(scope, arn)
        with self._records.writing(scope) as book:
            book.put(book.get(TOPIC, arn).tagged(tags, without))

    def subscribe(self, scope: Scope, arn: str, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> Record:
        """A subscription: the one that is there, or a new one."""
        self.get(scope, arn)
        with self._records.writing(scope) as book:
            same = {"TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint}
            for each in book.all(SUBSCRIPTION):
                if same.items() <= each.attributes.items():
                    return each
            identifier = f"{arn}:{uuid.uuid4()}"
            return book.add(SUBSCRIPTION, identifier, {**same, "Owner": scope.account, **attributes})

    def subscription(self, scope: Scope, arn: str) -> Record:
        with self._records.reading(scope) as book:
            found = book.find(SUBSCRIPTION, arn)
        if found is None:
            raise RecordMissing(SUBSCRIPTION, arn, "Subscription does not exist")
        return found

    def set_subscription(self, scope: Scope, arn: str, name: str, value: str | None) -> None:
        self.subscription(scope, arn)
        with self._records.writing(scope) as book:
            book.put(book.get(SUBSCRIPTION, arn).with_(**{name: value}))

    def unsubscribe(self, scope: Scope, arn: str) -> None:
        with self._records.writing(scope) as book:
            found = book.find(SUBSCRIPTION, arn)
            if found is not None:
                book.drop(found)

    def subscriptions(self, scope: Scope, topic: str | None = None) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(SUBSCRIPTION, lambda each: topic is None or bool(each["TopicArn"] == topic))


def as_attributes(topic: Record) -> dict[str, Any]:
    """What is told of a topic."""
    return {name: value for name, value in topic.attributes.items() if name != "Name"}
