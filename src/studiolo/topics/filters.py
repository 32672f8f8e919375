"""Which messages a subscription is for: filter policies, by EventBridge's patterns, of whose language theirs is a part.

After "Amazon SNS subscription filter policies" (Developer Guide). A policy speaks of a message's attributes or, where its
scope says so, of the message itself, which is JSON then.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import Any

from studiolo.domain import Invalid
from studiolo.patterns import OR, InvalidPattern, Pattern
from studiolo.queues import Value, number_of

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
SCOPES = (ATTRIBUTES, BODY)
MOST_KEYS, MOST_COMBINATIONS = 5, 150


def check(policy: str, scope: str) -> None:
    """Raise Invalid for a text that is no filter policy."""
    try:
        Pattern(policy)
    except InvalidPattern as error:
        raise Invalid(f"Invalid parameter: FilterPolicy: {error.reason}") from error
    document = json.loads(policy)
    nested = [name for name, value in _members(document) if isinstance(value, dict)]
    if nested and scope == ATTRIBUTES:
        raise Invalid(
            "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy: "
            f"{nested[0]} is an object"
        )
    leaves = _leaves(document)
    if len({name for name, _ in leaves}) > MOST_KEYS:
        raise Invalid("Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys")
    if prod(max(1, count) for _, count in leaves) > MOST_COMBINATIONS:
        raise Invalid("Invalid parameter: FilterPolicy: Filter policy is too complex")


def passes(policy: str, scope: str, message: str, attributes: Mapping[str, Value]) -> bool:
    """Whether a subscription of that policy is to get a message."""
    if scope == ATTRIBUTES:
        return _compiled(policy).matches({name: seen for name, each in attributes.items() for seen in _seen(each)})
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and _compiled(policy).matches(document)


@lru_cache(maxsize=1024)
def _compiled(policy: str) -> Pattern:
    return Pattern(policy)


def _seen(value: Value) -> list[Any]:
    """What of an attribute can be asked for, as one item: of bytes nothing."""
    if isinstance(value.content, bytes):
        return []
    if value.type.startswith("Number"):
        return [number_of(value.content)]
    if value.type == "String.Array":
        try:
            return [json.loads(value.content)]
        except (ValueError, RecursionError):
            pass
    return [value.content]


def _members(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in document.items():
        if name == OR:
            found.extend(pair for each in value for pair in _members(each))
        else:
            found.append((name, value))
    return found


def _leaves(document: Mapping[str, Any], path: str = "") -> list[tuple[str, int]]:
    """The paths that a policy asks for, each with how many values, times how deep they lie."""
    found = []
    for name, value in _members(document):
        if isinstance(value, dict):
            found.extend(_leaves(value, f"{path}{name}."))
        else:
            found.append((f"{path}{name}", len(value) * (path.count(".") + 1)))
    return found
