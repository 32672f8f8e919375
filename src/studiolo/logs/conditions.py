"""Conditions within filter patterns for JSON and for columns, which differ only in what they name.

    condition   := conjunction (|| conjunction)*
    conjunction := part (&& part)*
    part        := ( condition ) | subject (= | != | < | <= | > | >=) value | subject IS (NULL | TRUE | FALSE)
                 | subject [NOT] EXISTS
    value       := "text" | %regular expression% | text

In a text without or with quotes `*` is any text. A comparison holds where one of the subject's values satisfies it.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from studiolo.domain import Invalid
from studiolo.logs.regexes import compiled

Record = TypeVar("Record")
Values = Callable[[Record], Sequence[Any]]
"""All that a subject is in a record: none, where it is not there, and several under a wildcard."""
Test = Callable[[Record], bool]

DEEPEST = 50
MOST_REGEXES = 2
"""As CloudWatch Logs has it for patterns of JSON and columns."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>")
_VALUE = re.compile(r'"(?P<quoted>(?:\\.|[^"\\])*)"|%(?P<regex>(?:\\.|[^%\\])+)%')
_SPACE = re.compile(r"\s*")


class Conditions(Generic[Record]):
    """Reads conditions out of a pattern, from a place of its text on.

    `subject` matches what is compared, `bare` a value without quotes; `resolve` finds the values of a subject.
    """

    def __init__(
        self,
        text: str,
        place: int,
        subject: re.Pattern[str],
        bare: re.Pattern[str],
        resolve: Callable[[str], Values[Record]],
    ) -> None:
        self.text = text
        self.place = place
        self._subject = subject
        self._bare = bare
        self._resolve = resolve
        self._depth = self._regexes = 0

    def condition(self, subject: str | None = None) -> Test[Record]:
        """A whole condition, which may have begun with a subject that was taken already. Raises Invalid."""
        parts = [self._conjunction(subject)]
        while self.accept("||"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def accept(self, mark: str) -> bool:
        """Take the mark, if it is what comes next."""
        self._skip()
        if self.text[self.place : self.place + len(mark)].upper() != mark:
            return False
        self.place += len(mark)
        return True

    def need(self, mark: str) -> None:
        """Take the mark. Raises Invalid."""
        if not self.accept(mark):
            raise self.expected(repr(mark))

    def take(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        """Take what the pattern matches. Raises Invalid."""
        self._skip()
        found = pattern.match(self.text, self.place)
        if found is None:
            raise self.expected(expected)
        self.place = found.end()
        return found

    def at_comparison(self) -> bool:
        """Whether an operator comes next."""
        self._skip()
        return _OPERATOR.match(self.text, self.place) is not None

    def expected(self, what: str) -> Invalid:
        """The refusal of what comes next."""
        rest = self.text[self.place : self.place + 30]
        found = f"there is {rest!r}" if rest else "it ends"
        return Invalid(f"Invalid filter pattern: it needs {what} at character {self.place + 1}, where {found}.")

    def _conjunction(self, subject: str | None = None) -> Test[Record]:
        parts = [self._part(subject)]
        while self.accept("&&"):
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def _part(self, subject: str | None = None) -> Test[Record]:
        if subject is None and self.accept("("):
            self._depth += 1
            if self._depth > DEEPEST:
                raise Invalid(f"Invalid filter pattern: more than {DEEPEST} parentheses within each other.")
            inner = self.condition()
            self.need(")")
            self._depth -= 1
            return inner
        values = self._resolve(subject or self.take(self._subject, "what to compare")[0])
        if self.accept("IS "):
            return self._is(values)
        if self.accept("NOT "):
            self.need("EXISTS")
            return lambda record: not values(record)
        if self.accept("EXISTS"):
            return lambda record: bool(values(record))
        operator = self.take(_OPERATOR, "=, !=, <, <=, >, >=, IS, EXISTS or NOT EXISTS")[0]
        holds = self._comparison(operator)
        return lambda record: any(holds(value) for value in values(record))

    def _is(self, values: Values[Record]) -> Test[Record]:
        for word, wanted in (("NULL", None), ("TRUE", True), ("FALSE", False)):
            if self.accept(word):
                return lambda record: any(value is wanted for value in values(record))
        raise self.expected("NULL, TRUE or FALSE")

    def _comparison(self, operator: str) -> Callable[[Any], bool]:
        self._skip()
        given = _VALUE.match(self.text, self.place)
        found = self.take(self._bare, "a value") if given is None else given
        self.place = found.end()
        if given is not None and given["regex"] is not None:
            return self._fits(operator, given["regex"])
        text = found[0] if given is None else re.sub(r"\\(.)", r"\1", given["quoted"])
        number = float(text) if given is None and _NUMBER.fullmatch(text) else None
        if operator not in ("=", "!="):
            return _orders(operator, number, text)
        negated, fits = operator == "!=", _like(text)

        def equals(value: Any) -> bool:
            if isinstance(value, dict | list) or value is None:
                return False
            if number is not None and isinstance(value, int | float) and not isinstance(value, bool):
                return (value == number) is not negated
            return fits(as_text(value)) is not negated

        return equals

    def _fits(self, operator: str, regex: str) -> Callable[[Any], bool]:
        self._regexes += 1
        if self._regexes > MOST_REGEXES:
            raise Invalid(f"Invalid filter pattern: more than {MOST_REGEXES} regular expressions.")
        if operator not in ("=", "!="):
            raise Invalid(f"Invalid filter pattern: a regular expression is compared by = or !=, not {operator}.")
        expression, negated = plain_regex(regex), operator == "!="
        return lambda value: isinstance(value, str) and (expression.search(value) is not None) is not negated

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.place)
        self.place = space.end() if space else self.place


def plain_regex(regex: str) -> Any:
    """A regular expression of a filter pattern. Raises Invalid for parentheses, which those have not."""
    if re.search(r"(?<!\\)(?:\\\\)*[()]", regex):
        raise Invalid("Invalid filter pattern: a regular expression may not have parentheses.")
    return compiled(regex)


def as_text(value: Any) -> str:
    """A value as it stands in JSON, a string without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _like(text: str) -> Callable[[str], bool]:
    """Whether a text is the given one, in which `*` is any text."""
    if "*" not in text:
        return lambda value: value == text
    first, *middle, last = text.split("*")

    def fits(value: str) -> bool:
        if len(value) < len(first) + len(last) or not (value.startswith(first) and value.endswith(last)):
            return False
        place, end = len(first), len(value) - len(last)
        for piece in middle:
            place = value.find(piece, place, end)
            if place < 0:
                return False
            place += len(piece)
        return True

    return fits


def _orders(operator: str, number: float | None, text: str) -> Callable[[Any], bool]:
    if number is None:
        raise Invalid(f"Invalid filter pattern: {operator} compares with a number, which {text!r} is not.")
    holds: dict[str, Callable[[float], bool]] = {
        "<": lambda value: value < number,
        "<=": lambda value: value <= number,
        ">": lambda value: value > number,
        ">=": lambda value: value >= number,
    }
    test = holds[operator]

    def orders(value: Any) -> bool:
        if isinstance(value, _Column):
            return _NUMBER.fullmatch(value) is not None and test(float(value))
        return isinstance(value, int | float) and not isinstance(value, bool) and test(value)

    return orders


class _Column(str):
    """A value of a column, which is a number where it looks like one."""

    __slots__ = ()


def column(text: str) -> str:
    """The text as the value of a column."""
    return _Column(text)
