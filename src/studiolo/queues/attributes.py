"""What queues can be given: their attributes, after CreateQueue and SetQueueAttributes (Amazon SQS API Reference)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from studiolo.domain import Invalid
from studiolo.identity import check_queue_policy
from studiolo.queues.errors import InvalidAttributeName, InvalidAttributeValue
from studiolo.queues.model import LARGEST, is_queue

NUMBERS: Mapping[str, tuple[int, int]] = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1024, LARGEST),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoQueue": ("true",),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
TEXTS = ("KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy")
"""Those that an empty text takes away."""
OF_FIFO = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")
DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(LARGEST),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
FIFO_DEFAULTS = {"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
COUNTS = (
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
)  # fmt: skip
TOLD = (*COUNTS, "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")
"""Those that nobody sets."""
_NAME = re.compile(r"[\w-]{1,80}", re.ASCII)
FIFO = ".fifo"
NAMES = frozenset({*NUMBERS, *CHOICES, *TEXTS, *TOLD})
"""All that there are."""


def check_name(name: str, attributes: Mapping[str, str]) -> bool:
    """Whether a queue of that name is a FIFO queue. Raises Invalid for what is no name of such a queue."""
    fifo = attributes.get("FifoQueue", "").lower() == "true"
    plain = name.removesuffix(FIFO) if fifo else name
    if fifo and (not name.endswith(FIFO) or len(name) > 80 or not _NAME.fullmatch(plain)):
        raise Invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length."
        )
    if not _NAME.fullmatch(plain):
        raise Invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
    return fifo


def checked(given: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Attributes as they are kept; of those that are taken away the empty text. Raises InvalidAttributeName, -Value."""
    return {name: _checked(name, value, fifo) for name, value in given.items()}


def effective(attributes: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """All attributes that count for a queue that was given these."""
    encrypted = {"SqsManagedSseEnabled": "false" if "KmsMasterKeyId" in attributes else "true"}
    period = {"KmsDataKeyReusePeriodSeconds": "300"} if "KmsMasterKeyId" in attributes else {}
    return {**DEFAULTS, **(FIFO_DEFAULTS if fifo else {}), **encrypted, **period, **attributes}


def redrive_of(attributes: Mapping[str, str]) -> tuple[str, int] | None:
    """The ARN of a queue's dead-letter queue, and how often a message is received before it goes there."""
    if not attributes.get("RedrivePolicy"):
        return None
    policy = json.loads(attributes["RedrivePolicy"])
    return policy["deadLetterTargetArn"], int(policy.get("maxReceiveCount", 10))


def allows_redrive(attributes: Mapping[str, str], source: str) -> bool:
    """Whether a dead-letter queue with these attributes lets the source, an ARN, send there."""
    policy = json.loads(attributes.get("RedriveAllowPolicy") or "{}")
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source in policy.get("sourceQueueArns", []))


def _checked(name: str, value: str, fifo: bool) -> str:
    if name not in NAMES or name in TOLD or (name in OF_FIFO and not fifo):
        raise InvalidAttributeName(f"Unknown Attribute {name}.")
    if name in NUMBERS:
        least, most = NUMBERS[name]
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
            raise _invalid(name, f"It is a whole number from {least} to {most}, and not {value!r}.")
        return str(int(value))
    if name in CHOICES:
        if value.lower() not in map(str.lower, CHOICES[name]):
            raise _invalid(name, f"It is one of {', '.join(CHOICES[name])}, and not {value!r}.")
        return next(each for each in CHOICES[name] if each.lower() == value.lower())
    if value and name == "Policy":
        try:
            check_queue_policy(value)
        except Invalid as error:
            raise _invalid(name, str(error)) from error
    elif value and name == "RedrivePolicy":
        _check_redrive(value)
    elif value and name == "RedriveAllowPolicy":
        _check_allowing(value)
    return value


def _check_redrive(text: str) -> None:
    policy = _object("RedrivePolicy", text)
    for name in policy.keys() - {"deadLetterTargetArn", "maxReceiveCount"}:
        raise _invalid("RedrivePolicy", f"Only deadLetterTargetArn and maxReceiveCount can be in it, and not {name}.")
    if not is_queue(str(policy.get("deadLetterTargetArn"))):
        raise _invalid(
            "RedrivePolicy", f"Invalid value for deadLetterTargetArn: {policy.get('deadLetterTargetArn')!r}."
        )
    count = str(policy.get("maxReceiveCount", 10))
    if not (count.isascii() and count.isdecimal() and len(count) < 5 and 1 <= int(count) <= 1000):
        raise _invalid("RedrivePolicy", f"Invalid value for maxReceiveCount: {count}: it is from 1 to 1000.")


def _check_allowing(text: str) -> None:
    policy = _object("RedriveAllowPolicy", text)
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise _invalid("RedriveAllowPolicy", "redrivePermission is one of allowAll, denyAll, byQueue.")
    if (sources is not None) != (permission == "byQueue"):
        raise _invalid("RedriveAllowPolicy", "sourceQueueArns is for the permission byQueue, which needs it.")
    if sources is not None and not (isinstance(sources, list) and 1 <= len(sources) <= 10):
        raise _invalid("RedriveAllowPolicy", "sourceQueueArns has 1 to 10 ARNs.")


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _invalid(name, "It is not a JSON object.")
    return found


def _invalid(name: str, why: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(f"Invalid value for the parameter {name}. Reason: {why}")
