"""Metric math: expressions on series of numbers.

Source: "Using math expressions with CloudWatch metrics" (CloudWatch User Guide). The grammar is that of Python's own
expressions, once `&&`, `||`, `^` and the words AND and OR are written as Python has them; only what is listed here means
anything.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from studiolo.domain import Invalid
from studiolo.metrics.functions import FUNCTIONS, Lines, Value, across, line_of
from studiolo.metrics.model import Series
from studiolo.metrics.search import Search, search

_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right if right else math.nan,
    ast.Pow: lambda left, right: _power(left, right),
    ast.Gt: lambda left, right: float(left > right),
    ast.GtE: lambda left, right: float(left >= right),
    ast.Lt: lambda left, right: float(left < right),
    ast.LtE: lambda left, right: float(left <= right),
    ast.Eq: lambda left, right: float(left == right),
    ast.NotEq: lambda left, right: float(left != right),
    ast.And: lambda left, right: float(bool(left) and bool(right)),
    ast.Or: lambda left, right: float(bool(left) or bool(right)),
}
_AS_PYTHON = {"&&": " and ", "||": " or ", "^": "**", "AND": " and ", "OR": " or "}
_FOREIGN = re.compile(r""""[^"]*"|'[^']*'|&&|\|\||\^|\bAND\b|\bOR\b""")
LONGEST = 2048
_STATISTICS_ARGUMENTS = 2


@dataclass(frozen=True)
class Values:
    """What an expression can name: other queries by id, all the metrics of the request, searches.

    times: the second at which each period begins.
    """

    of: Callable[[str], Sequence[Series]]
    metrics: Sequence[str]
    search: Callable[[Search], Sequence[Series]]
    times: Sequence[int]
    period: int


def evaluate(text: str, values: Values) -> Sequence[Series]:
    """The series that an expression gives. Raises Invalid."""
    if len(text) > LONGEST:
        raise Invalid(f"An expression has at most {LONGEST} characters.")
    written = _FOREIGN.sub(lambda found: _AS_PYTHON.get(found[0], found[0]), text).strip()
    try:
        tree = ast.parse(written, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise Invalid(f"Error in expression '{text}': it cannot be read ({error}).") from error
    found = _Evaluation(text, values).value(tree.body)
    if isinstance(found, float):
        raise Invalid(f"Error in expression '{text}': it gives a single number, and a time series is wanted.")
    return found if isinstance(found, list) else [found]


class _Evaluation:
    """The reading of one expression."""

    def __init__(self, text: str, values: Values) -> None:
        self._text = text
        self._values = values

    def value(self, node: ast.expr) -> Value:
        """What a part of the expression is."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return float(node.value)
        if isinstance(node, ast.Name):
            found = self._values.of(node.id)
            return found[0] if len(found) == 1 else list(found)
        if isinstance(node, ast.List):
            return self._list([self.value(each) for each in node.elts])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._apply(operator.mul, -1.0, self.value(node.operand))
        if isinstance(node, ast.BinOp):
            return self._apply(self._operator(node.op), self.value(node.left), self.value(node.right))
        if isinstance(node, ast.BoolOp):
            found_so_far, *rest = [self.value(each) for each in node.values]
            for each in rest:
                found_so_far = self._apply(self._operator(node.op), found_so_far, each)
            return found_so_far
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._apply(self._operator(node.ops[0]), self.value(node.left), self.value(node.comparators[0]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node.func.id, node.args)
        raise self._wrong("it has a part that metric math does not know")

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> Value:
        if name == "METRICS":
            return self._metrics(arguments)
        if name == "SEARCH":
            return self._search(arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._wrong(f"the function {name} is not one that Studiolo has: {', '.join(sorted(FUNCTIONS))}")
        words = [each.id if isinstance(each, ast.Name) and each.id.isupper() else None for each in arguments]
        given = [word if word is not None else self.value(each) for word, each in zip(words, arguments, strict=True)]
        try:
            return function(given, self._values.times, self._values.period)
        except (TypeError, IndexError, ValueError, AttributeError) as error:
            raise self._wrong(f"{name} does not take these arguments") from error

    def _metrics(self, arguments: Sequence[ast.expr]) -> Lines:
        """All metrics of the request, or those whose ids have a text in them."""
        part = self._string(arguments[0]) if arguments else ""
        return [line for name in self._values.metrics if part in name for line in self._values.of(name)]

    def _search(self, arguments: Sequence[ast.expr]) -> Lines:
        if len(arguments) < _STATISTICS_ARGUMENTS:
            raise self._wrong("SEARCH takes a search, a statistic, and a period in seconds")
        period = self._values.period
        if len(arguments) > _STATISTICS_ARGUMENTS:
            given = self.value(arguments[2])
            if not isinstance(given, float) or given < 1:
                raise self._wrong("the period of SEARCH is a number of seconds")
            period = int(given)
        return list(self._values.search(search(self._string(arguments[0]), self._string(arguments[1]), period)))

    def _string(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        raise self._wrong("a text in quotation marks is missing")

    def _list(self, given: Sequence[Value]) -> Lines:
        found: Lines = []
        for each in given:
            found.extend(each if isinstance(each, list) else [line_of(each, self._values.times, self._values.period)])
        return found

    def _operator(self, node: ast.AST) -> Callable[[float, float], float]:
        try:
            return _OPERATORS[type(node)]
        except KeyError as error:
            raise self._wrong("it has an operator that metric math does not know") from error

    def _apply(self, function: Callable[[float, float], float], left: Value, right: Value) -> Value:
        """Number by number, where both have one; a list with a single series: each of its own."""
        if isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                raise self._wrong("two lists of series have different lengths")
            return [self._lines(function, one, other) for one, other in zip(left, right, strict=True)]
        if isinstance(left, list):
            return [self._lines(function, each, right) for each in left]
        if isinstance(right, list):
            return [self._lines(function, left, each) for each in right]
        if isinstance(left, float) and isinstance(right, float):
            return function(left, right)
        return self._lines(function, left, right)

    def _lines(self, function: Callable[[float, float], float], left: Value, right: Value) -> Series:
        made = across(function, left, right, self._values.period)
        return replace(made, points={at: value for at, value in made.points.items() if math.isfinite(value)})

    def _wrong(self, why: str) -> Invalid:
        return Invalid(f"Error in expression '{self._text}': {why}.")


def _power(left: float, right: float) -> float:
    try:
        found = left**right
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return found if isinstance(found, float) else math.nan
