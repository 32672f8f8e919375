"""Queues and messages as values; the limits and words are those of the Amazon SQS API Reference."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from studiolo.domain import Invalid, Scope
from studiolo.queues.errors import BatchRefused, InvalidContents, MissingParameter

LARGEST = 1024 * 1024
"""Bytes of a message with its attributes, and of all of a batch."""
MOST_ENTRIES, MOST_ATTRIBUTES = 10, 10
LONGEST_DELAY = 900
"""Seconds."""
_ARN = re.compile(r"arn:[^:]+:sqs:([a-z0-9-]+):(\d{12}):([\w-]{1,80}(?:\.fifo)?)", re.ASCII)
_ENTRY = re.compile(r"[\w-]{1,80}", re.ASCII)
_NAME = re.compile(r"(?!(?:AWS|Amazon)\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]{1,128}")
_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PARAMETER = "Value {value} for parameter {name} is invalid. Reason: "


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute of a message: its type, e.g. `Number.int`, and its text or bytes."""

    type: str
    content: str | bytes


@dataclass(frozen=True)
class Queue:
    """attributes: those that were set, by SQS's names, as texts."""

    scope: Scope
    name: str
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return queue_arn(self.scope, self.name)

    @property
    def fifo(self) -> bool:
        return self.name.endswith(".fifo")


@dataclass(frozen=True)
class Message:
    """What is sent. delay: seconds; trace: the header of X-Ray."""

    body: str
    delay: int | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    trace: str | None = None
    group: str | None = None
    deduplication: str | None = None

    @property
    def size(self) -> int:
        """Bytes that count."""
        size = len(self.body.encode(errors="surrogatepass"))
        for name, value in self.attributes.items():
            size += len(name.encode()) + len(value.type.encode()) + len(_bytes(value))
        return size


@dataclass(frozen=True, slots=True)
class Sent:
    """sequence: of a message in a FIFO queue."""

    id: str
    sequence: str | None = None


@dataclass(frozen=True)
class Received:
    """What a receiver gets. receipt: its handle; told: what SQS says of it, by the names of its system attributes."""

    id: str
    body: str
    receipt: str
    attributes: Mapping[str, Value]
    told: Mapping[str, str]


def queue_arn(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:sqs:{scope.region}:{scope.account}:{name}"


def is_queue(arn: str) -> bool:
    """Whether it is the ARN of a queue."""
    return _ARN.fullmatch(arn) is not None


def queue_named(arn: str) -> tuple[Scope, str]:
    """Whose queue an ARN names, and its name. Raises Invalid."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise Invalid(f"{arn} is not the ARN of a queue.")
    return Scope(found[2], found[1]), found[3]


def url_of(arn: str) -> str:
    """By which operations of SQS name the queue of an ARN, without a host. Raises Invalid."""
    scope, name = queue_named(arn)
    return f"/{scope.account}/{name}"


def digest(attributes: Mapping[str, Value]) -> str:
    """The MD5 of attributes, after "Calculating the MD5 message digest for message attributes" (Developer Guide)."""
    text = bytearray()
    for name, value in sorted(attributes.items()):
        for part in (name.encode(), value.type.encode()):
            text += len(part).to_bytes(4, "big") + part
        content = _bytes(value)
        text += bytes([1 if isinstance(value.content, str) else 2]) + len(content).to_bytes(4, "big") + content
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def attribute_fault(name: str, value: Value) -> str | None:
    """Why a message cannot have that attribute; None where it can."""
    if not _NAME.fullmatch(name):
        return f"The message attribute name '{name}' is invalid."
    kind = value.type.partition(".")[0]
    if kind not in ("String", "Number", "Binary"):
        return (
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is "
            "Binary, Number, and String."
        )
    if not value.content or isinstance(value.content, bytes) != (kind == "Binary"):
        return (
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{value.type}'."
        )
    if kind == "Number" and number_of(str(value.content)) is None:
        return f"Could not cast message attribute '{name}' value to number."
    return None


def number_of(text: str) -> int | float | None:
    """The number that an attribute of that type is; None for none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def check(message: Message, queue: Queue, attributes: Mapping[str, Any]) -> None:
    """Raise Invalid for what a queue does not take. attributes: all that count for it."""
    if not message.body:
        raise MissingParameter("The request must contain the parameter MessageBody.")
    texts = [message.body, *(each.content for each in message.attributes.values() if isinstance(each.content, str))]
    if any(map(_REFUSED.search, texts)):
        raise InvalidContents(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
            "#x10000 to #x10FFFF"
        )
    if len(message.attributes) > MOST_ATTRIBUTES:
        raise Invalid(
            f"Number of message attributes [{len(message.attributes)}] exceeds the allowed maximum [{MOST_ATTRIBUTES}]."
        )
    for name, value in message.attributes.items():
        if (fault := attribute_fault(name, value)) is not None:
            raise Invalid(fault)
    if message.size > (most := int(attributes["MaximumMessageSize"])):
        raise Invalid(f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.")
    if message.delay is not None and not 0 <= message.delay <= LONGEST_DELAY:
        of = _PARAMETER.format(value=message.delay, name="DelaySeconds")
        raise Invalid(f"{of}DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.")
    _check_order(message, queue, attributes)


def _check_order(message: Message, queue: Queue, attributes: Mapping[str, Any]) -> None:
    """What FIFO queues need, and others do not take."""
    given = {"MessageGroupId": message.group, "MessageDeduplicationId": message.deduplication}
    for name, value in given.items():
        if value is not None and not _TOKEN.fullmatch(value):
            of = _PARAMETER.format(value=value, name=name)
            raise Invalid(f"{of}{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.")
    wrong = ("DelaySeconds", message.delay) if queue.fifo else ("MessageDeduplicationId", message.deduplication)
    if wrong[1]:
        of = _PARAMETER.format(value=wrong[1], name=wrong[0])
        raise Invalid(f"{of}The request include parameter that is not valid for this queue type.")
    if queue.fifo and message.group is None:
        raise MissingParameter("The request must contain the parameter MessageGroupId.")
    if queue.fifo and message.deduplication is None and attributes["ContentBasedDeduplication"] != "true":
        raise Invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
        )


def check_ids(identifiers: Sequence[str]) -> None:
    """Raise BatchRefused for entries of a batch that cannot be told apart, or are too many."""
    if not identifiers:
        raise BatchRefused("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(identifiers) > MOST_ENTRIES:
        raise BatchRefused(
            "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible (more than 10)."
        )
    if not all(map(_ENTRY.fullmatch, identifiers)):
        raise BatchRefused(
            "InvalidBatchEntryId",
            "The Id of a batch entry in a batch request doesn't abide by the specification: 1 to 80 letters, digits, "
            "hyphens and underscores.",
        )
    if len(set(identifiers)) < len(identifiers):
        raise BatchRefused("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")


def _bytes(value: Value) -> bytes:
    content = value.content
    return content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
