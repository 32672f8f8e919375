"""Expressions of Logs Insights, read into functions of a row.

either     := both (or both)*
both       := not* relation (and …)*
relation   := sum [(= | != | < | <= | > | >=) sum | [not] (like | =~) (text | /regex/) | [not] in [ value, … ]]
sum        := product ((+ | -) product)*
product    := power ((* | / | %) power)*
power      := unary (^ power)
unary      := - unary | ( either ) | text | number | (function ( … ) | field) ([ number ])*
"""

import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from studiolo.domain import Invalid
from studiolo.logs.insights.functions import FUNCTIONS, SPANNING
from studiolo.logs.insights.tokens import Malformed, Tokens, unquoted
from studiolo.logs.insights.values import Expression, field, member, number, text, true
from studiolo.logs.regexes import compiled

DEEPEST = 50
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SUMS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": math.fmod,
}  # fmt: skip
_WORDS = frozenset({"and", "or", "not", "like", "in", "as", "by", "asc", "desc"})


class Expressions:
    """Reads expressions off a query's tokens."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.aggregate: Callable[[str], Expression | None] | None = None
        """Within stats: reads what a function of that name makes of a group; None where that is no such function."""
        self._depth = 0

    def either(self) -> Expression:
        """A whole expression. Raises Malformed."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.tokens.expected(f"at most {DEEPEST} expressions within each other")
        parts = [self._both()]
        while self.tokens.accept("or"):
            parts.append(self._both())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else lambda row: any(true(part(row)) for part in parts)

    def name(self) -> str:
        """The name of a field. Raises Malformed."""
        token = self.tokens.peek()
        if token.kind == "quoted":
            return self.tokens.take().text[1:-1]
        if token.kind != "word" or token.word in _WORDS:
            raise self.tokens.expected("a field")
        return self.tokens.take().text

    def _both(self) -> Expression:
        parts = [self._negation()]
        while self.tokens.accept("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda row: all(true(part(row)) for part in parts)

    def _negation(self) -> Expression:
        negated = False
        while self.tokens.accept("not"):
            negated = not negated
        part = self._relation()
        return (lambda row: not true(part(row))) if negated else part

    def _relation(self) -> Expression:
        left = self._sum()
        comparison = self.tokens.accept(*_COMPARISONS)
        if comparison is not None:
            return _compared(_COMPARISONS[comparison], left, self._sum())
        negated = self.tokens.accept("not") is not None
        if self.tokens.accept("like", "=~"):
            fits = self._pattern()
            return lambda row: (found := text(left(row))) is not None and fits(found) is not negated
        if self.tokens.accept("in"):
            values = self._list()
            return lambda row: (left(row) is not None) and _among(row, left, values) is not negated
        if negated:
            raise self.tokens.expected("like or in")
        return left

    def _pattern(self) -> Callable[[str], bool]:
        """What `like` compares with: a regular expression, or a text that is to be within."""
        regex = self.tokens.regex()
        if regex is not None:
            expression = self.compiled(regex)
            return lambda value: expression.search(value) is not None
        token = self.tokens.peek()
        if token.kind != "text":
            raise self.tokens.expected("a text or /regular expression/")
        part = unquoted(self.tokens.take().text)
        return lambda value: part in value

    def compiled(self, regex: str) -> Any:
        """A regular expression, as Java writes it. Raises Malformed."""
        place = self.tokens.place
        try:
            return compiled(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", regex.replace(r"\/", "/")))
        except Invalid as error:
            raise Malformed(str(error), place - len(regex), place) from None

    def _list(self) -> Sequence[Expression]:
        self.tokens.need("[")
        values = [self._sum()]
        while self.tokens.accept(","):
            values.append(self._sum())
        self.tokens.need("]")
        return values

    def _sum(self) -> Expression:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Expression:
        return self._chain(self._power, "*", "/", "%")

    def _chain(self, part: Callable[[], Expression], *signs: str) -> Expression:
        """Parts with signs between them, calculated from the left."""
        first, more = part(), []
        while sign := self.tokens.accept(*signs):
            more.append((_SUMS[sign], part()))
        return _calculated(first, more) if more else first

    def _power(self) -> Expression:
        parts = [self._unary()]
        while self.tokens.accept("^"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else _raised(parts)

    def _unary(self) -> Expression:
        negative = signed = False
        while self.tokens.accept("-"):
            negative, signed = not negative, True
        atom = self._atom()
        return _calculated(lambda _row: 0, [(operator.sub if negative else operator.add, atom)]) if signed else atom

    def _atom(self) -> Expression:
        if self.tokens.accept("("):
            inner = self.either()
            self.tokens.need(")")
            return inner
        token = self.tokens.peek()
        if token.kind == "number":
            found = number(self.tokens.take().text)
            return lambda _row: found
        if token.kind == "text":
            written = unquoted(self.tokens.take().text)
            return lambda _row: written
        name = self.name()
        if token.kind == "word" and self.tokens.accept("("):
            return self._item(self._call(name, token.start))
        return self._item(lambda row: field(row, name))

    def _item(self, part: Expression) -> Expression:
        """What is in a list, at the places in brackets that may follow."""
        while self.tokens.accept("["):
            if self.tokens.peek().kind != "number":
                raise self.tokens.expected("a place in the list, as 0")
            part = _at(part, self.tokens.take().text)
            self.tokens.need("]")
        return part

    def _call(self, name: str, start: int) -> Expression:
        lower = name.lower()
        aggregated = self.aggregate(lower) if self.aggregate is not None else None
        if aggregated is not None:
            return aggregated
        if lower in SPANNING:
            return self._spanning(lower)
        if lower not in FUNCTIONS:
            raise Malformed(f"unknown function {name}", start, start + len(name))
        given: list[Expression] = []
        if not self.tokens.accept(")"):
            given.append(self.either())
            while self.tokens.accept(","):
                given.append(self.either())
            self.tokens.need(")")
        least, most, function = FUNCTIONS[lower]
        if not least <= len(given) <= most:
            asked = str(least) if least == most else f"{least} to {most}"
            raise Malformed(f"{name} takes {asked} arguments, not {len(given)}", start, start + len(name))
        return lambda row: function(*(each(row) for each in given))

    def _spanning(self, name: str) -> Expression:
        moment: Expression = lambda row: row.get("@timestamp")  # noqa: E731
        if self.tokens.peek().kind != "span":
            moment = self.either()
            self.tokens.need(",")
        span = self.tokens.peek()
        parts = re.fullmatch(r"([0-9]{1,9})([a-z]+)", span.text)
        if span.kind != "span" or parts is None or not int(parts[1]):
            raise self.tokens.expected("a span, as 5m")
        self.tokens.take()
        self.tokens.need(")")
        function, count, unit = SPANNING[name], int(parts[1]), parts[2]

        def spanned(row: Any) -> Any:
            at = number(moment(row))
            try:
                return None if at is None else function(int(at), count, unit)
            except (ValueError, OverflowError):
                return None

        return spanned


def _at(part: Expression, place: str) -> Expression:
    return lambda row: member(part(row), place)


def _compared(comparison: Callable[[Any, Any], bool], left: Expression, right: Expression) -> Expression:
    """Numbers as such, everything else as texts; nothing is in no comparison."""

    def compared(row: Any) -> bool:
        one, other = left(row), right(row)
        if one is None or other is None:
            return False
        numbers = number(one), number(other)
        if None not in numbers:
            return comparison(*numbers)
        return comparison(text(one), text(other))

    return compared


def _among(row: Any, left: Expression, values: Sequence[Expression]) -> bool:
    return any(_compared(operator.eq, left, value)(row) for value in values)


def _calculated(first: Expression, more: Sequence[tuple[Callable[[Any, Any], Any], Expression]]) -> Expression:
    def calculated(row: Any) -> Any:
        found = number(first(row))
        for calculate, expression in more:
            other = number(expression(row))
            if found is None or other is None:
                return None
            found = _safely(calculate, found, other)
        return found

    return calculated


def _raised(parts: Sequence[Expression]) -> Expression:
    """Powers, from the right: 2 ^ 3 ^ 2 is 2 ^ 9."""

    def raised(row: Any) -> Any:
        *bases, found = [number(part(row)) for part in parts]
        for base in reversed(bases):
            if base is None or found is None:
                return None
            found = _safely(math.pow, base, found)
        return found

    return raised


def _safely(calculate: Callable[[Any, Any], Any], one: float, other: float) -> Any:
    """What is calculated; nothing where there is no such number."""
    try:
        return calculate(one, other)
    except (ArithmeticError, ValueError):
        return None
