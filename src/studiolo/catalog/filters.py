"""Conditions on partitions: what a filter says, which values satisfy it, and where in an index those can lie.

Logic has three values, as in SQL: a comparison with NULL, or with a value that is none of its key's type, is unknown.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from studiolo.catalog.keys import END_OF_TEXT, LONGEST_TEXT, MISFIT, NULL, TEXT, VALUE, Kind, after_prefix, kind_of
from studiolo.catalog.model import HIVE_NULL, Column
from studiolo.catalog.patterns import fitting
from studiolo.domain import Invalid

Range = tuple[bytes, bytes]
"""From the first bytes on, up to and without the second."""
Test = Callable[[Sequence[str]], bool | None]
ALL_VALUES: Range = (VALUE, MISFIT)
MISFITS: Range = (MISFIT, b"\x04")
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(frozen=True)
class Compare:
    """`key operator value`; the operator is one of OPERATORS, the value a text as it was written."""

    key: str
    operator: str
    value: str


@dataclass(frozen=True)
class Among:
    """`key IN (values)`."""

    key: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Matches:
    """The text of a key fits a regular expression altogether; `prefix` is what every fitting text begins with."""

    key: str
    pattern: str
    prefix: str = ""
    negated: bool = False


@dataclass(frozen=True)
class IsNull:
    """`key IS NULL`: the value is __HIVE_DEFAULT_PARTITION__."""

    key: str
    negated: bool = False


@dataclass(frozen=True)
class And:
    """All of them."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Or:
    """One of them, or more."""

    parts: tuple["Filter", ...]


Filter = Compare | Among | Matches | IsNull | And | Or


def negate(condition: Filter) -> Filter:
    """NOT, brought down to the comparisons."""
    if isinstance(condition, Compare):
        return Compare(condition.key, NEGATED[condition.operator], condition.value)
    if isinstance(condition, Among):
        return Among(condition.key, condition.values, not condition.negated)
    if isinstance(condition, Matches):
        return Matches(condition.key, condition.pattern, condition.prefix, not condition.negated)
    if isinstance(condition, IsNull):
        return IsNull(condition.key, not condition.negated)
    parts = tuple(negate(part) for part in condition.parts)
    return Or(parts) if isinstance(condition, And) else And(parts)


def like(key: str, pattern: str, *, negated: bool = False) -> Matches:
    """`key LIKE pattern`: `%` is any text, `_` any character, and a backslash takes their meaning away."""
    parts: list[list[str]] = [[]]
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        if piece == "%":
            parts.append([])
        else:
            parts[-1].append("." if piece == "_" else re.escape(piece[-1]))
    regex = f"(?s:{'.*'.join(map(''.join, parts))})"
    literal = re.match(r"(?:[^\\%_]|\\.)*", pattern, re.DOTALL)
    prefix = re.sub(r"\\(.)", r"\1", literal[0] if literal else "", flags=re.DOTALL)
    return Matches(key, regex, prefix, negated)


class Keys:
    """The partition keys of a table, by name, whatever the case."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._positions = {column.name.lower(): position for position, column in enumerate(columns)}
        self._columns = columns

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._positions

    def find(self, name: str) -> tuple[int, Kind]:
        """Where a key stands, and how it is compared. Raises Invalid."""
        position = self._positions.get(name.lower())
        if position is None:
            known = ", ".join(column.name for column in self._columns) or "none"
            raise Invalid(f"{name} is not a partition key of the table; its partition keys: {known}.")
        kind = kind_of(self._columns[position])
        if kind is None:
            raise Invalid(
                f"Partition key {name} has the type {self._columns[position].type}, which no filter compares."
            )
        return position, kind


def _literal(name: str, kind: Kind, text: str) -> Any:
    try:
        return kind.read(text)
    except ValueError:
        raise Invalid(f"{text!r} is not a value of partition key {name}, which is of the type {kind.name}.") from None


def evaluator(condition: Filter, keys: Keys) -> Test:
    """The function that tells of a partition's values whether they satisfy a condition. Raises Invalid."""
    if isinstance(condition, And | Or):
        tests = [evaluator(part, keys) for part in condition.parts]
        return _all(tests) if isinstance(condition, And) else _any(tests)
    position, kind = keys.find(condition.key)
    if isinstance(condition, IsNull):
        negated = condition.negated
        return lambda values: (values[position] == HIVE_NULL) is not negated
    if isinstance(condition, Matches):
        return _matches(condition, position)
    return _comparison(condition, position, kind)


def _comparison(condition: Compare | Among, position: int, kind: Kind) -> Test:
    holds: Callable[[Any], bool]
    if isinstance(condition, Among):
        among = {_literal(condition.key, kind, value) for value in condition.values}
        negated = condition.negated
        holds = lambda value: (value in among) is not negated  # noqa: E731
    else:
        holds = _holds(condition.operator, _literal(condition.key, kind, condition.value))

    def test(values: Sequence[str]) -> bool | None:
        text = values[position]
        if text == HIVE_NULL:
            return None
        try:
            return holds(kind.read(text))
        except ValueError:
            return None

    return test


def _holds(operator: str, literal: Any) -> Callable[[Any], bool]:
    holds: Mapping[str, Callable[[Any], bool]] = {
        "=": lambda value: bool(value == literal),
        "<>": lambda value: bool(value != literal),
        "<": lambda value: bool(value < literal),
        "<=": lambda value: bool(value <= literal),
        ">": lambda value: bool(value > literal),
        ">=": lambda value: bool(value >= literal),
    }
    return holds[operator]


def _matches(condition: Matches, position: int) -> Test:
    fits = fitting(condition.pattern)

    def test(values: Sequence[str]) -> bool | None:
        if values[position] == HIVE_NULL:
            return None
        return fits(values[position]) is not condition.negated

    return test


def _all(tests: Sequence[Test]) -> Test:
    def test(values: Sequence[str]) -> bool | None:
        answers = [each(values) for each in tests]
        return False if False in answers else None if None in answers else True

    return test


def _any(tests: Sequence[Test]) -> Test:
    def test(values: Sequence[str]) -> bool | None:
        answers = [each(values) for each in tests]
        return True if True in answers else None if None in answers else False

    return test


def ranges_of(condition: Filter, keys: Keys, position: int) -> list[Range] | None:
    """Where the components of the key at `position` must lie, in ascending disjoint ranges; None for anywhere."""
    if isinstance(condition, And | Or):
        found = [ranges_of(part, keys, position) for part in condition.parts]
        if isinstance(condition, And):
            return reduce(_intersection, found)
        return None if None in found else _union([each for part in found for each in part or ()])
    at, kind = keys.find(condition.key)
    return None if at != position else _own_ranges(condition, kind)


def _own_ranges(condition: Compare | Among | Matches | IsNull, kind: Kind) -> list[Range] | None:
    if isinstance(condition, IsNull):
        return [ALL_VALUES, MISFITS] if condition.negated else [_from_prefix(NULL)]
    if isinstance(condition, Matches):
        prefix = condition.prefix.encode("utf-8", "surrogatepass")[:LONGEST_TEXT]
        if condition.negated or kind is not TEXT or not prefix or 0 in prefix:
            return None
        return [_from_prefix(VALUE + prefix)]
    if isinstance(condition, Among):
        if condition.negated:
            return [ALL_VALUES]
        return _union([_point(kind, _literal(condition.key, kind, value)) for value in condition.values])
    low, high = _point(kind, _literal(condition.key, kind, condition.value))
    ranges = {
        "=": (low, high),
        "<>": ALL_VALUES,
        # Values that are cut may share the bytes of the limit and lie on either side of it.
        "<": (ALL_VALUES[0], high),
        "<=": (ALL_VALUES[0], high),
        ">": (low, ALL_VALUES[1]),
        ">=": (low, ALL_VALUES[1]),
    }
    return [ranges[condition.operator]]


def is_point(limits: Range, kind: Kind) -> bool:
    """Whether a range holds the components of one value alone, so that the next key's may follow them."""
    low, high = limits
    if limits in (ALL_VALUES, MISFITS) or after_prefix(low) != high:
        return False
    # What a LIKE begins with looks the same, but for the end of the text.
    return kind is not TEXT or low == NULL or low.endswith(END_OF_TEXT)


def _point(kind: Kind, literal: Any) -> Range:
    return _from_prefix(VALUE + kind.body(literal))


def _from_prefix(prefix: bytes) -> Range:
    return prefix, after_prefix(prefix) or b"\xff"


def _intersection(left: list[Range] | None, right: list[Range] | None) -> list[Range] | None:
    if left is None or right is None:
        return right if left is None else left
    pairs = [(max(a[0], b[0]), min(a[1], b[1])) for a in left for b in right]
    return sorted(pair for pair in pairs if pair[0] < pair[1])


def _union(ranges: list[Range]) -> list[Range]:
    merged: list[Range] = []
    for low, high in sorted(ranges):
        # Neighbors stay apart: each of them may be the place of one value.
        if merged and low < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
