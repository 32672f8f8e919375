"""The condition operators of IAM policies (IAM User Guide, "IAM JSON policy elements: Condition operators")."""

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from studiolo.domain import Invalid
from studiolo.identity.patterns import Context, Pattern

Test = Callable[[str, Context], bool]
"""Whether one value of the request matches one value of the policy."""

_OPERATOR = re.compile(r"^(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<if_exists>IfExists)?$")


class UnknownOperator(Invalid):
    """The policy names a condition operator that IAM does not have."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key; several values are alternatives."""

    key: str
    tests: tuple[Test, ...]
    negated: bool = False
    if_exists: bool = False
    quantifier: str | None = None

    def holds(self, context: Context) -> bool:
        """Whether the request meets it. A key that the request lacks meets only what asks for a mismatch."""
        values = context.get(self.key, ())
        if not values:
            if self.if_exists or self.quantifier == "ForAllValues":
                return True
            return self.negated and self.quantifier is None
        met = (any(test(value, context) for test in self.tests) != self.negated for value in values)
        return all(met) if self.quantifier == "ForAllValues" else any(met)


@dataclass(frozen=True)
class Missing:
    """The operator Null: whether the request lacks the key."""

    key: str
    wanted: bool

    def holds(self, context: Context) -> bool:
        return (not context.get(self.key)) == self.wanted


def conditions(block: Mapping[str, Mapping[str, Any]]) -> tuple[Condition | Missing, ...]:
    """The conditions of a statement, all of which must hold. Raises UnknownOperator."""
    return tuple(_condition(name, key, value) for name, keys in block.items() for key, value in keys.items())


def _condition(name: str, key: str, value: Any) -> Condition | Missing:
    values = [_text(each) for each in (value if isinstance(value, list) else [value])]
    if name == "Null":
        return Missing(key.lower(), values == ["true"])
    parsed = _OPERATOR.match(name)
    if parsed is None or parsed["name"] not in OPERATORS:
        raise UnknownOperator(f"Invalid Condition type : {name}.")
    test, negated = OPERATORS[parsed["name"]]
    tests = tuple(test(each) for each in values)
    return Condition(key.lower(), tests, negated, parsed["if_exists"] is not None, parsed["set"])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(wanted: str) -> Test:
    return Pattern(wanted, wildcards=False).matches


def _equals_ignoring_case(wanted: str) -> Test:
    return Pattern(wanted, wildcards=False, ignore_case=True).matches


def _like(wanted: str) -> Test:
    return Pattern(wanted).matches


def _arn_like(wanted: str) -> Test:
    """Each of the six parts of an ARN is matched by itself: a wildcard does not reach over a colon before the last."""
    patterns = [Pattern(part) for part in wanted.split(":", 5)]

    def test(value: str, context: Context) -> bool:
        parts = value.split(":", 5)
        return len(parts) == len(patterns) and all(
            pattern.matches(part, context) for pattern, part in zip(patterns, parts, strict=True)
        )

    return test


def _same_boolean(wanted: str) -> Test:
    return lambda value, _: value.lower() == wanted.lower()


def _compared(convert: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[str], Test]:
    """A test that compares two values once both are converted; what cannot be converted does not match."""

    def make(wanted: str) -> Test:
        def test(value: str, _: Context) -> bool:
            try:
                return compare(convert(value), convert(wanted))
            except (ValueError, OverflowError, OSError):
                return False

        return test

    return make


def _moment(text: str) -> datetime:
    """A date of ISO 8601, or seconds since 1970."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), timezone.utc)
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def _in_network(wanted: str) -> Test:
    def test(value: str, _: Context) -> bool:
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
        except ValueError:
            return False

    return test


def _comparisons(prefix: str, convert: Callable[[str], Any]) -> dict[str, tuple[Callable[[str], Test], bool]]:
    return {
        f"{prefix}Equals": (_compared(convert, operator.eq), False),
        f"{prefix}NotEquals": (_compared(convert, operator.eq), True),
        f"{prefix}LessThan": (_compared(convert, operator.lt), False),
        f"{prefix}LessThanEquals": (_compared(convert, operator.le), False),
        f"{prefix}GreaterThan": (_compared(convert, operator.gt), False),
        f"{prefix}GreaterThanEquals": (_compared(convert, operator.ge), False),
    }


OPERATORS: Mapping[str, tuple[Callable[[str], Test], bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnLike": (_arn_like, False),
    "ArnNotLike": (_arn_like, True),
    "BinaryEquals": (_equals, False),
    "Bool": (_same_boolean, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    **_comparisons("Numeric", float),
    **_comparisons("Date", _moment),
}
"""Each operator: how it tests a value, and whether it asks for no match."""
