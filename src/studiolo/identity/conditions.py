"""The condition operators of IAM policies (IAM User Guide, "IAM JSON policy elements: Condition operators")."""

import base64
import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from studiolo.domain import Invalid
from studiolo.identity.patterns import Context, Pattern, variables_of

Test = Callable[[str, Context], bool]
"""Whether one value of the request matches one value of the policy."""

Maker = Callable[[str, bool], Test]
"""Makes the test of a policy's value; the flag tells whether it may have variables. Raises ValueError for no value."""

_OPERATOR = re.compile(r"^(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<if_exists>IfExists)?$")


class UnknownOperator(Invalid):
    """The policy names a condition operator that IAM does not have."""


class UnknownValue(Invalid):
    """A value of the policy is not of its operator's type."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key; several values are alternatives."""

    key: str
    tests: tuple[Test, ...]
    negated: bool = False
    if_exists: bool = False
    quantifier: str | None = None
    variables: tuple[str, ...] = ()

    def holds(self, context: Context) -> bool:
        """Whether the request meets it. A key that the request lacks meets only what asks for a mismatch."""
        values = context.get(self.key, ())
        if not values:
            if self.if_exists or self.quantifier == "ForAllValues":
                return True
            return self.negated and self.quantifier is None
        met = (any(test(value, context) for test in self.tests) != self.negated for value in values)
        return all(met) if self.quantifier == "ForAllValues" or (self.negated and not self.quantifier) else any(met)


@dataclass(frozen=True)
class Missing:
    """The operator Null: whether the request lacks the key, in any of the ways asked for."""

    key: str
    wanted: frozenset[bool]
    variables: tuple[str, ...] = ()

    def holds(self, context: Context) -> bool:
        return (not context.get(self.key, ())) in self.wanted


def conditions(
    block: Mapping[str, Mapping[str, Any]], *, variables: bool = True, strict: bool = True
) -> tuple[Condition | Missing, ...]:
    """The conditions of a statement, all of which must hold. Raises UnknownOperator, and UnknownValue if `strict`.

    A value that is none of its operator's type matches nothing otherwise.
    """
    return tuple(
        _condition(name, key, value, variables=variables, strict=strict)
        for name, keys in block.items()
        for key, value in keys.items()
    )


def _condition(name: str, key: str, value: Any, *, variables: bool, strict: bool) -> Condition | Missing:
    values = [_text(each) for each in (value if isinstance(value, list) else [value])]
    if name == "Null":
        if strict and not all(each.lower() in ("true", "false") for each in values):
            raise UnknownValue(f"The operator Null of {key} takes true or false.")
        return Missing(key.lower(), frozenset(each.lower() == "true" for each in values))
    parsed = _OPERATOR.match(name)
    if parsed is None or parsed["name"] not in OPERATORS:
        raise UnknownOperator(f"Invalid Condition type : {name}.")
    maker, negated = OPERATORS[parsed["name"]]
    tests = tuple(_test(maker, each, variables=variables, strict=strict) for each in values)
    asked = tuple(name for each in values for name in variables_of(each)) if variables else ()
    return Condition(key.lower(), tests, negated, parsed["if_exists"] is not None, parsed["set"], asked)


def _test(maker: Maker, wanted: str, *, variables: bool, strict: bool) -> Test:
    try:
        return maker(wanted, variables)
    except (ValueError, InvalidOperation, OverflowError, OSError) as error:
        if strict:
            raise UnknownValue(f"The value {wanted!r} of a condition is not one of its operator's.") from error
        return lambda _value, _context: False


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(wanted: str, variables: bool) -> Test:
    return Pattern(wanted, wildcards=False, variables=variables).matches


def _equals_ignoring_case(wanted: str, variables: bool) -> Test:
    return Pattern(wanted, wildcards=False, ignore_case=True, variables=variables).matches


def _like(wanted: str, variables: bool) -> Test:
    return Pattern(wanted, variables=variables).matches


def _arn_like(wanted: str, variables: bool) -> Test:
    """Each of the six parts of an ARN is matched by itself: a wildcard does not reach over a colon before the last."""
    if wanted == "*":
        return lambda value, _: value.count(":") >= 5
    patterns = [Pattern(part, variables=variables) for part in split_arn(wanted)]

    def test(value: str, context: Context) -> bool:
        parts = value.split(":", 5)
        return len(parts) == len(patterns) and all(
            pattern.matches(part, context) for pattern, part in zip(patterns, parts, strict=True)
        )

    return test


def split_arn(text: str) -> list[str]:
    """The parts of an ARN's pattern between colons, six at most, taking no colon within a variable for one."""
    parts: list[str] = []
    depth = start = 0
    for i, character in enumerate(text):
        if text.startswith("${", i):
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == ":" and not depth and len(parts) < 5:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]


def _same_boolean(wanted: str, variables: bool) -> Test:
    return Pattern(wanted, wildcards=False, ignore_case=True, variables=variables).matches


def _same_bytes(wanted: str, _variables: bool) -> Test:
    expected = base64.b64decode(wanted, validate=True)

    def test(value: str, _: Context) -> bool:
        try:
            return base64.b64decode(value, validate=True) == expected
        except ValueError:
            return False

    return test


def _compared(convert: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Maker:
    """A test that compares two values once both are converted; what cannot be converted does not match."""

    def make(wanted: str, _variables: bool) -> Test:
        expected = convert(wanted)

        def test(value: str, _: Context) -> bool:
            try:
                return compare(convert(value), expected)
            except (ValueError, InvalidOperation, OverflowError, OSError):
                return False

        return test

    return make


def _number(text: str) -> Decimal:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text, re.ASCII):
        raise ValueError(text)
    return Decimal(text)


_W3C = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII
)


def moment(text: str) -> datetime:
    """A date of ISO 8601 in the forms that the W3C notes, or seconds since 1970. Raises ValueError."""
    if re.fullmatch(r"(\d{1,3}|\d{5,})(\.\d+)?", text, re.ASCII):
        return datetime.fromtimestamp(float(text), timezone.utc)
    parsed = _W3C.fullmatch(text)
    if parsed is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = parsed.groups()
    clock = (int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")[:6]))
    return datetime(int(year), int(month or 1), int(day or 1), *clock, tzinfo=_zone(zone))


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return timezone.utc
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _in_network(wanted: str, _variables: bool) -> Test:
    network = ipaddress.ip_network(wanted, strict=False)

    def test(value: str, _: Context) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _comparisons(prefix: str, convert: Callable[[str], Any]) -> Iterable[tuple[str, tuple[Maker, bool]]]:
    yield f"{prefix}Equals", (_compared(convert, operator.eq), False)
    yield f"{prefix}NotEquals", (_compared(convert, operator.eq), True)
    yield f"{prefix}LessThan", (_compared(convert, operator.lt), False)
    yield f"{prefix}LessThanEquals", (_compared(convert, operator.le), False)
    yield f"{prefix}GreaterThan", (_compared(convert, operator.gt), False)
    yield f"{prefix}GreaterThanEquals", (_compared(convert, operator.ge), False)


OPERATORS: Mapping[str, tuple[Maker, bool]] = {
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
    "BinaryEquals": (_same_bytes, False),
    "Bool": (_same_boolean, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    **dict(_comparisons("Numeric", _number)),
    **dict(_comparisons("Date", moment)),
}
"""Each operator: how it tests a value, and whether it asks for no match."""
