"""What a subscription can be: protocols with their endpoints, and its attributes.

After Subscribe and SetSubscriptionAttributes (Amazon SNS API Reference).
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from studiolo.domain import Invalid
from studiolo.functions import is_function
from studiolo.queues import is_queue
from studiolo.topics import filters, retries

HTTP = ("http", "https")
DELIVERED = ("lambda", "sqs", *HTTP)
"""The protocols that Studiolo delivers by."""
CONFIRMED = (*HTTP, "email", "email-json")
"""Those whose endpoints must say that they want what is published."""
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+?[0-9 ().-]{3,}")
OTHERS = {
    "email": (_MAIL, "Email address"),
    "email-json": (_MAIL, "Email address"),
    "sms": (_PHONE, "SMS endpoint"),
    "firehose": (re.compile(r"arn:[^:]+:firehose:[^:]+:\d{12}:deliverystream/[\w.-]+"), "Firehose endpoint ARN"),
    "application": (re.compile(r"arn:[^:]+:sns:[^:]+:\d{12}:endpoint/.+"), "Application endpoint arn invalid"),
}
"""Those that are recorded, and nothing is delivered by: what endpoints look like, and the words for what does not."""
ATTRIBUTES = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy",
    "SubscriptionRoleArn",
)  # fmt: skip


def check(protocol: str, endpoint: str, attributes: Mapping[str, str], *, fifo: bool) -> None:
    """Raise Invalid for a subscription that cannot be. fifo: whether the topic is one."""
    if protocol not in DELIVERED and protocol not in OTHERS:
        raise Invalid(f"Invalid parameter: Does not support this protocol string: {protocol}")
    if fifo and protocol != "sqs":
        raise Invalid(f"Invalid parameter: Invalid protocol type: {protocol}: to FIFO topics only queues can subscribe")
    if protocol == "lambda":
        if not is_function(endpoint):
            raise Invalid("Invalid parameter: Lambda endpoint ARN")
    elif protocol == "sqs":
        if not is_queue(endpoint):
            raise Invalid("Invalid parameter: SQS endpoint ARN")
        if endpoint.endswith(".fifo") and not fifo:
            raise Invalid(
                "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                "standard SNS topics"
            )
    elif protocol in HTTP:
        _check_address(protocol, endpoint)
    elif not OTHERS[protocol][0].fullmatch(endpoint):
        raise Invalid(f"Invalid parameter: {OTHERS[protocol][1]}")
    check_attributes(protocol, attributes, attributes)


def check_attributes(protocol: str, changed: Mapping[str, str], all_of_it: Mapping[str, str]) -> None:
    """Raise Invalid for attributes that cannot be. changed: those that are set now, of all that there will be."""
    for name, value in changed.items():
        if name not in ATTRIBUTES:
            raise Invalid(f"Invalid parameter: AttributeName: {name} is none that a subscription can be given")
        if not value:
            continue
        if name == "RawMessageDelivery":
            if value.lower() not in ("true", "false"):
                raise Invalid(f"Invalid parameter: RawMessageDelivery: {value} is neither true nor false")
            if value.lower() == "true" and protocol not in (*HTTP, "sqs", "firehose"):
                raise Invalid("Invalid parameter: Delivery protocol does not support raw message delivery.")
        elif name == "RedrivePolicy":
            _check_redrive(value)
        elif name == "DeliveryPolicy":
            retries.check_policy(value)
        elif name == "FilterPolicyScope" and value not in filters.SCOPES:
            raise Invalid(f"Invalid parameter: FilterPolicyScope: it is one of {', '.join(filters.SCOPES)}")
    policy = all_of_it.get("FilterPolicy")
    # {} is what takes a policy away.
    if policy and not _is_empty(policy):
        filters.check(policy, all_of_it.get("FilterPolicyScope") or filters.ATTRIBUTES)


def filter_policy(attributes: Mapping[str, str]) -> tuple[str, str] | None:
    """The filter policy of a subscription, with its scope; None where it is for all that is published."""
    policy = attributes.get("FilterPolicy")
    if not policy or _is_empty(policy):
        return None
    return policy, attributes.get("FilterPolicyScope") or filters.ATTRIBUTES


def _is_empty(policy: str) -> bool:
    try:
        return bool(json.loads(policy) == {})
    except (ValueError, RecursionError):
        return False


def _check_redrive(text: str) -> None:
    try:
        target = str(json.loads(text)["deadLetterTargetArn"])
    except (ValueError, TypeError, KeyError, RecursionError):
        target = ""
    if not is_queue(target):
        raise Invalid("Invalid parameter: RedrivePolicy: its deadLetterTargetArn must be the ARN of a queue")


def _check_address(protocol: str, endpoint: str) -> None:
    try:
        where = urlsplit(endpoint)
        _ = where.port
    except ValueError as error:
        raise Invalid(f"Invalid parameter: Endpoint: {error}") from error
    if where.scheme != protocol:
        raise Invalid("Invalid parameter: Endpoint must match the specified protocol")
    if not where.hostname or not endpoint.isascii() or any(each <= " " for each in endpoint):
        raise Invalid("Invalid parameter: HTTP(S) Endpoint: it is a URL of a host")
