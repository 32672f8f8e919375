"""What is published, and whether it can be: the limits and words are those of Publish (Amazon SNS API Reference)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studiolo.domain import Denied, Invalid
from studiolo.queues import BatchRefused, Value, attribute_fault, check_ids

LARGEST = 256 * 1024
"""Bytes of a message with its attributes, and of all of a batch."""
_SUBJECT = re.compile(r"[!-~][ -~]{0,99}")
_DEDUPLICATION = re.compile(r"[!-~]{1,128}")


class InvalidAttribute(Invalid):
    """An attribute of a message that cannot be."""


class TopicDenied(Denied):
    """A topic's policy does not let a service publish."""


@dataclass(frozen=True)
class Publication:
    """What is published. structure: `json` where the message has texts by protocol."""

    message: str
    subject: str | None = None
    structure: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    group: str | None = None
    deduplication: str | None = None

    @property
    def size(self) -> int:
        """Bytes that count."""
        size = len(self.message.encode())
        for name, value in self.attributes.items():
            content = value.content if isinstance(value.content, bytes) else value.content.encode()
            size += len(name.encode()) + len(value.type.encode()) + len(content)
        return size

    def text(self, protocol: str) -> str:
        """The message for subscribers of a protocol."""
        if self.structure != "json":
            return self.message
        texts = json.loads(self.message)
        return str(texts.get(protocol, texts["default"]))


@dataclass(frozen=True, slots=True)
class Published:
    """sequence: of a FIFO topic's message."""

    id: str
    sequence: str | None = None


def check(publication: Publication, topic: Mapping[str, Any]) -> None:
    """Raise Invalid, or InvalidAttribute, for what a topic with these attributes does not take."""
    if not publication.message:
        raise Invalid("Invalid parameter: Empty message")
    if publication.size > LARGEST:
        raise Invalid("Invalid parameter: Message too long")
    if publication.subject is not None and not _SUBJECT.fullmatch(publication.subject):
        raise Invalid("Invalid parameter: Subject")
    _check_structure(publication)
    for name, value in publication.attributes.items():
        _check_attribute(name, value)
    _check_order(publication, topic)


def check_batch(entries: Sequence[tuple[str, Publication]]) -> None:
    """Raise BatchRefused for a batch of which nothing can be published. Entries: with their ids."""
    check_ids([identifier for identifier, _ in entries])
    if sum(each.size for _, each in entries) > LARGEST:
        raise BatchRefused(
            "BatchRequestTooLong", "The length of all the batch messages put together is more than the limit."
        )


def _check_structure(publication: Publication) -> None:
    if publication.structure is None:
        return
    if publication.structure != "json":
        raise Invalid("Invalid parameter: MessageStructure: it can only be json")
    try:
        texts = json.loads(publication.message)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, dict):
        raise Invalid("Invalid parameter: Message Structure - JSON message body failed to parse")
    if not isinstance(texts.get("default"), str):
        raise Invalid("Invalid parameter: Message Structure - No default entry in JSON message body")
    if wrong := [name for name, text in texts.items() if not isinstance(text, str)]:
        raise Invalid(f"Invalid parameter: Message Structure - the entry {wrong[0]} is not a string")


def _check_attribute(name: str, value: Value) -> None:
    if (fault := attribute_fault(name, value)) is not None:
        raise InvalidAttribute(fault)


def _check_order(publication: Publication, topic: Mapping[str, Any]) -> None:
    """What FIFO topics need, and others do not take."""
    given = {"MessageGroupId": publication.group, "MessageDeduplicationId": publication.deduplication}
    for name, value in given.items():
        if value is not None and not _DEDUPLICATION.fullmatch(value):
            raise Invalid(f"Invalid parameter: {name}: 1 to 128 letters, digits and punctuation")
    if not is_fifo(topic):
        if publication.deduplication is not None:
            raise Invalid(
                "Invalid parameter: The request includes MessageDeduplicationId parameter that is not valid for this topic "
                "type"
            )
        return
    if publication.group is None:
        raise Invalid("Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
    if publication.deduplication is None and str(topic.get("ContentBasedDeduplication")).lower() != "true":
        raise Invalid(
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
            "provided explicitly"
        )


def is_fifo(topic: Mapping[str, Any]) -> bool:
    return str(topic.get("FifoTopic", "false")).lower() == "true"
