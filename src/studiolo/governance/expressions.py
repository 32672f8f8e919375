"""The language of data cells filters (Lake Formation Developer Guide, "PartiQL support in row filter expressions").

A column against constants, by `= < > <= >= <> != BETWEEN IN LIKE IS [NOT] NULL`, with AND, OR, NOT and parentheses. The
text is read into a tree by sqlglot, of whose nodes those that are listed here pass, and the tree alone is evaluated:
nothing of the text reaches an engine. Logic has three values, as in SQL, and a row is shown where the filter is true.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from studiolo.catalog import HIVE_NULL, Column
from studiolo.domain import Invalid

LONGEST = 2048
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

Value = str | bool | Decimal


@dataclass(frozen=True, slots=True)
class Compare:
    """`column operator value`."""

    column: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """`column IN (values)`."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """`column LIKE pattern`: `%` is any text, `_` any character, and nothing takes their meaning away."""

    column: str
    pattern: str

    @property
    def regex(self) -> str:
        """The same as a regular expression of RE2 and Python, which the whole text must fit."""
        signs = {"%": ".*", "_": "."}
        return "(?s)" + "".join(signs.get(each, re.escape(each)) for each in self.pattern)


@dataclass(frozen=True, slots=True)
class Null:
    """`column IS NULL`."""

    column: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true, false or unknown (None) whatever the row."""

    value: bool | None


@dataclass(frozen=True, slots=True)
class Not:
    part: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Filter", ...]


Filter = Compare | Among | Like | Null | Truth | Not | And | Or


@lru_cache(maxsize=1024)
def parse(text: str) -> Filter:
    """The filter that an expression says. Raises Invalid for what Lake Formation does not have in one."""
    # It takes 50 ms to import, which a server that has no filters need not wait for.
    from studiolo.governance.parsing import parsed

    if len(text) > LONGEST:
        raise Invalid(f"A row filter expression has at most {LONGEST} characters.")
    return parsed(text)


def columns_of(condition: Filter) -> Iterator[str]:
    """The columns that it asks about."""
    if isinstance(condition, And | Or):
        for part in condition.parts:
            yield from columns_of(part)
    elif isinstance(condition, Not):
        yield from columns_of(condition.part)
    elif not isinstance(condition, Truth):
        yield condition.column


def check(condition: Filter, columns: Sequence[Column], keys: Sequence[Column]) -> None:
    """Raise Invalid for a column that the table does not have, and for what its type does not allow."""
    types = {column.name.lower(): type_of(column) for column in (*columns, *keys)}
    of_keys = {key.name.lower() for key in keys}
    for leaf in _leaves(condition):
        if isinstance(leaf, Truth):
            continue
        if leaf.column not in types:
            raise Invalid(f"The row filter asks about the column {leaf.column}, which the table does not have.")
        kind = types[leaf.column]
        if kind is None:
            raise Invalid(f"The row filter cannot ask about the column {leaf.column}: its type is not supported.")
        if isinstance(leaf, Null):
            if leaf.column in of_keys:
                raise Invalid("IS [NOT] NULL cannot be used on partition columns.")
            continue
        for value in (leaf.pattern,) if isinstance(leaf, Like) else _values(leaf):
            if not kind.takes(value) or (isinstance(leaf, Like) and kind.name != "text"):
                raise Invalid(f"The value {str(value)!r} does not match the type of the column {leaf.column}.")
        if kind.name == "boolean" and isinstance(leaf, Compare) and leaf.operator not in ("=", "<>"):
            raise Invalid(f"The column {leaf.column} is boolean, and can only be compared by = and <>.")


@dataclass(frozen=True, slots=True)
class Type:
    """A type that can be asked about: `text`, `integer`, `decimal`, `float` or `boolean`."""

    name: str
    padded: bool = False

    def takes(self, value: Value) -> bool:
        """Whether a constant is one of it."""
        if self.name == "text":
            return isinstance(value, str)
        if self.name == "boolean":
            return isinstance(value, bool)
        if isinstance(value, str | bool):
            return False
        return self.name != "integer" or (-(2**63) <= value < 2**63 and value == value.to_integral_value())

    def read(self, text: str) -> Any:
        """The value that a text is. Raises ValueError."""
        if self.name == "text":
            return text.rstrip(" ") if self.padded else text
        if self.name == "boolean":
            if text.strip().lower() not in ("true", "false"):
                raise ValueError(text)
            return text.strip().lower() == "true"
        if self.name == "float":
            return float(text)
        try:
            value = Decimal(text.strip())
        except InvalidOperation:
            raise ValueError(text) from None
        if not value.is_finite() or (self.name == "integer" and value != value.to_integral_value()):
            raise ValueError(text)
        return value

    def constant(self, value: Value) -> Any:
        """A constant of a filter, to be compared with what `read` gives."""
        if isinstance(value, str):
            return value.rstrip(" ") if self.padded else value
        return float(value) if self.name == "float" else value


_TYPES = {
    "string": Type("text"),
    "varchar": Type("text"),
    "char": Type("text", padded=True),
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "long"), Type("integer")),
    "decimal": Type("decimal"),
    "float": Type("float"),
    "double": Type("float"),
    "boolean": Type("boolean"),
}


def type_of(column: Column) -> Type | None:
    """How a column is compared; None for one that cannot be."""
    return _TYPES.get((column.type or "string").strip().lower().partition("(")[0].strip())


def bound(condition: Filter, keys: Sequence[Column], values: Sequence[str]) -> Filter:
    """The filter as it is in a partition: what it says of partition keys is true, false or unknown there."""
    known = {key.name.lower(): (type_of(key), value) for key, value in zip(keys, values, strict=True)}
    return _simplified(_bound(condition, known))


def tester(
    text: str, columns: Sequence[tuple[str, str]], keys: Sequence[tuple[str, str]]
) -> Callable[[Mapping[str, Any]], bool]:
    """Tells of a row, by names in lower case, whether a filter is true of it. Raises Invalid.

    columns, keys: names and types of the table's columns and partition keys.
    """
    condition = parse(text)
    own, parting = (tuple(Column(name, kind) for name, kind in some) for some in (columns, keys))
    check(condition, own, parting)

    def holds(row: Mapping[str, Any]) -> bool:
        values = [row.get(each.name.lower()) for each in (*own, *parting)]
        told = [HIVE_NULL if value is None else str(value) for value in values]
        return bound(condition, (*own, *parting), told) == Truth(True)

    return holds


def _bound(condition: Filter, known: Mapping[str, tuple[Type | None, str]]) -> Filter:
    if isinstance(condition, And | Or):
        return type(condition)(tuple(_bound(part, known) for part in condition.parts))
    if isinstance(condition, Not):
        return Not(_bound(condition.part, known))
    if isinstance(condition, Truth) or condition.column not in known:
        return condition
    return Truth(_holds(condition, *known[condition.column]))


def _holds(leaf: Compare | Among | Like | Null, kind: Type | None, text: str) -> bool | None:
    """Whether a comparison holds of one value, written as a partition's is."""
    if kind is None:
        return None
    if isinstance(leaf, Null):
        return text == HIVE_NULL
    if text == HIVE_NULL:
        return None
    try:
        value = kind.read(text)
    except ValueError:
        return None
    if isinstance(leaf, Like):
        return re.fullmatch(leaf.regex, value) is not None
    if isinstance(leaf, Among):
        return any(value == kind.constant(each) for each in leaf.values)
    return OPERATORS[leaf.operator](value, kind.constant(leaf.value))


def _simplified(condition: Filter) -> Filter:
    """The same with what is known taken out of it."""
    if isinstance(condition, Not):
        part = _simplified(condition.part)
        if isinstance(part, Truth):
            return Truth(None if part.value is None else not part.value)
        return Not(part)
    if not isinstance(condition, And | Or):
        return condition
    deciding = isinstance(condition, Or)
    parts = [_simplified(part) for part in condition.parts]
    known = [part.value for part in parts if isinstance(part, Truth)]
    if deciding in known:
        return Truth(deciding)
    rest: list[Filter] = [part for part in parts if not isinstance(part, Truth)]
    if None in known:
        # What is unknown stays so beside what does not decide.
        rest.append(Truth(None))
    if not rest:
        return Truth(not deciding)
    return rest[0] if len(rest) == 1 else type(condition)(tuple(rest))


def never(condition: Filter) -> bool:
    """Whether it is true of no row, as far as is known without one."""
    if isinstance(condition, Truth):
        return condition.value is not True
    if isinstance(condition, And):
        return any(never(part) for part in condition.parts)
    return isinstance(condition, Or) and all(never(part) for part in condition.parts)


def either(conditions: Sequence[Filter]) -> Filter:
    """The rows of all of them together."""
    return _simplified(Or((Truth(False), *conditions)))


def _leaves(condition: Filter) -> Iterator[Compare | Among | Like | Null | Truth]:
    if isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _leaves(part)
    elif isinstance(condition, Not):
        yield from _leaves(condition.part)
    else:
        yield condition


def _values(leaf: Compare | Among) -> tuple[Value, ...]:
    return leaf.values if isinstance(leaf, Among) else (leaf.value,)
