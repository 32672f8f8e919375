"""Filter policies, by the examples of "Amazon SNS subscription filter policies"."""

import json
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.queues import Value
from studiolo.topics.filters import ATTRIBUTES, BODY, check, passes

ATTRIBUTES_OF_A_SALE = {
    "store": Value("String", "example_corp"),
    "price": Value("Number.float", "210.75"),
    "interests": Value("String.Array", '["soccer", "rugby", "hockey"]'),
    "source": Value("String", "10.0.0.5"),
    "picture": Value("Binary", b"x"),
}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"store": ["example_corp"]}, True),
        ({"store": ["Example_Corp"]}, False),
        ({"store": [{"equals-ignore-case": "Example_Corp"}]}, True),
        ({"store": [{"prefix": "example"}]}, True),
        ({"store": [{"suffix": "corp"}]}, True),
        ({"store": [{"anything-but": ["example_corp"]}]}, False),
        ({"store": [{"anything-but": {"prefix": "other"}}]}, True),
        ({"price": [{"numeric": [">", 0, "<=", 250]}]}, True),
        ({"price": [{"numeric": ["=", 210.75]}], "store": ["other"]}, False),
        ({"price": ["210.75"]}, False),
        ({"interests": ["rugby", "tennis"]}, True),
        ({"interests": ["tennis"]}, False),
        ({"source": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"store": [{"exists": True}], "event": [{"exists": False}]}, True),
        ({"picture": ["x"]}, False),
        ({"$or": [{"store": ["other"]}, {"price": [{"numeric": [">", 200]}]}]}, True),
    ],
)
def test_a_policy_of_attributes(policy: dict[str, Any], expected: bool) -> None:
    text = json.dumps(policy)
    check(text, ATTRIBUTES)
    assert passes(text, ATTRIBUTES, "not asked", ATTRIBUTES_OF_A_SALE) is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('{"sale": {"price": 20, "items": [{"kind": "book"}, {"kind": "pen"}]}}', True),
        ('{"sale": {"price": 20, "items": [{"kind": "cup"}]}}', False),
        ("no JSON", False),
        ("[1]", False),
    ],
)
def test_a_policy_of_the_message(message: str, expected: bool) -> None:
    policy = json.dumps({"sale": {"price": [20], "items": {"kind": ["pen"]}}})
    check(policy, BODY)
    assert passes(policy, BODY, message, {}) is expected


@pytest.mark.parametrize(
    ("policy", "scope", "why"),
    [
        ('{"a": "b"}', ATTRIBUTES, "must be an object or an array"),
        ('{"a": {"b": ["c"]}}', ATTRIBUTES, "does not support nested filter policy"),
        (json.dumps({each: ["x"] for each in "abcdef"}), ATTRIBUTES, "more than 5 keys"),
        (json.dumps({each: [*range(6)] for each in "abc"}), ATTRIBUTES, "too complex"),
        (json.dumps({"a": {"b": {"c": [*range(51)]}}}), BODY, "too complex"),
    ],
)
def test_what_is_no_policy_is_refused(policy: str, scope: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        check(policy, scope)
