"""The functions of metric math: numbers, series and lists of series in, one of these out.

Source: "Metric math syntax and functions" (CloudWatch User Guide). A statistic of one series is a number; of a list it is
the series of that statistic at each moment.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import pairwise

from studiolo.metrics.model import Series

Line = Series
Lines = list[Series]
Value = float | Line | Lines
Given = Sequence[Value | str]
Function = Callable[[Given, Sequence[int], int], Value]
"""Of what is given, the moments of the periods in seconds of 1970, and the period in seconds."""


def line_of(value: Value | str, times: Sequence[int], period: int) -> Line:
    """A number as a series that has it at every moment. Raises TypeError for a list."""
    if isinstance(value, float):
        return Series(dict.fromkeys(times, value), period)
    if isinstance(value, Series):
        return value
    raise TypeError("a list of series is given where one is wanted")


def across(function: Callable[[float, float], float], left: Value, right: Value, period: int) -> Line:
    """A function of two series where both have a number; one of them may be the same number everywhere."""
    if isinstance(left, Series) and isinstance(right, Series):
        both = [at for at in left.points if at in right.points]
        return Series({at: function(left.points[at], right.points[at]) for at in both}, left.period)
    if isinstance(left, Series) and isinstance(right, float):
        return replace(left, points={at: function(value, right) for at, value in left.points.items()}, label="")
    if isinstance(left, float) and isinstance(right, Series):
        return replace(right, points={at: function(left, value) for at, value in right.points.items()}, label="")
    raise TypeError("two numbers or lists are given where series are wanted")


def _reduced(function: Callable[[Sequence[float]], float]) -> Function:
    """Of one series: a number. Of a list: a series."""

    def apply(given: Given, _times: Sequence[int], period: int) -> Value:
        value = _single(given)
        if isinstance(value, float):
            return function([value])
        if isinstance(value, Series):
            return function(list(value.points.values())) if value.points else math.nan
        moments = sorted({at for line in value for at in line.points})
        return Series(
            {at: function([line.points[at] for line in value if at in line.points]) for at in moments}, period
        )

    return apply


def _each(function: Callable[[Line], Mapping[int, float]]) -> Function:
    """Of each series, a series."""

    def apply(given: Given, times: Sequence[int], period: int) -> Value:
        value = _single(given)
        if isinstance(value, list):
            return [replace(line, points=function(line)) for line in value]
        return replace(line_of(value, times, period), points=function(line_of(value, times, period)))

    return apply


def _number_by_number(function: Callable[[float], float]) -> Function:
    def apply(given: Given, times: Sequence[int], period: int) -> Value:
        value = _single(given)
        if isinstance(value, float):
            return function(value)
        return _each(lambda line: {at: function(each) for at, each in line.points.items()})([value], times, period)

    return apply


def _of_time(function: Callable[[datetime], float]) -> Function:
    return _each(lambda line: {at: function(datetime.fromtimestamp(at, timezone.utc)) for at in line.points})


def _single(given: Given) -> Value:
    (value,) = given
    if isinstance(value, str):
        raise TypeError("a word is given where a series is wanted")
    return value


def _if(given: Given, times: Sequence[int], period: int) -> Value:
    condition, then, *rest = given
    if isinstance(condition, float):
        chosen = then if condition else rest[0]
        return line_of(chosen, times, period)
    test, yes = line_of(condition, times, period), line_of(then, times, period)
    no = line_of(rest[0], times, period) if rest else Series({}, period)
    chosen_points = {at: (yes if value else no).points.get(at) for at, value in test.points.items()}
    return Series({at: value for at, value in chosen_points.items() if value is not None}, period)


def _fill(given: Given, times: Sequence[int], period: int) -> Value:
    value, filling = given
    if isinstance(value, list):
        return [line for each in value for line in [line_of(_fill([each, filling], times, period), times, period)]]
    line = line_of(value, times, period)
    if filling == "REPEAT":
        return replace(line, points=_repeated(line, times))
    if filling == "LINEAR":
        return replace(line, points=_joined(line, times))
    other = line_of(filling, times, period)
    return replace(line, points={at: line.points.get(at, other.points.get(at, 0.0)) for at in times})


def _repeated(line: Line, times: Sequence[int]) -> Mapping[int, float]:
    found: dict[int, float] = {}
    last: float | None = None
    for at in times:
        last = line.points.get(at, last)
        if last is not None:
            found[at] = last
    return found


def _joined(line: Line, times: Sequence[int]) -> Mapping[int, float]:
    known = sorted(line.points)
    found = dict(line.points)
    for begin, end in pairwise(known):
        for at in times:
            if begin < at < end:
                share = (at - begin) / (end - begin)
                found[at] = line.points[begin] * (1 - share) + line.points[end] * share
    return dict(sorted(found.items()))


def _sort(given: Given, _times: Sequence[int], _period: int) -> Value:
    lines, function, order, *limit = given
    if not isinstance(lines, list) or order not in ("ASC", "DESC") or not isinstance(function, str):
        raise TypeError("SORT takes a list, a function and an order")
    value_of: Callable[[Sequence[float]], float] = _SORTED_BY[function]
    ordered = sorted(
        (line for line in lines if line.points),
        key=lambda line: value_of(list(line.points.values())),
        reverse=order == "DESC",
    )
    count = limit[0] if limit else float(len(ordered))
    return ordered[: int(count)] if isinstance(count, float) else ordered


def _slice(given: Given, _times: Sequence[int], _period: int) -> Value:
    lines, *bounds = given
    if not isinstance(lines, list):
        raise TypeError("SLICE takes a list")
    numbers = [int(bound) for bound in bounds if isinstance(bound, float)]
    found = lines[slice(*numbers)] if len(numbers) > 1 else lines[numbers[0] :]
    return found[0] if len(found) == 1 and len(numbers) == 1 and numbers[0] == len(lines) - 1 else found


def _changes(line: Line) -> list[tuple[int, float, int]]:
    """From one number to the next: when, by how much, after how many seconds."""
    points = sorted(line.points.items())
    return [(at, value - before, at - since) for (since, before), (at, value) in pairwise(points)]


def _running_sum(line: Line) -> Mapping[int, float]:
    total, found = 0.0, {}
    for at, value in sorted(line.points.items()):
        total += value
        found[at] = total
    return found


def _first_or_last(index: int) -> Function:
    def apply(given: Given, _times: Sequence[int], _period: int) -> Value:
        value = _single(given)
        if not isinstance(value, list) or not value:
            raise TypeError("a list of series is wanted")
        return value[index]

    return apply


_SORTED_BY: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": math.fsum,
    "LAST": lambda values: values[-1],
}

FUNCTIONS: Mapping[str, Function] = {
    "ABS": _number_by_number(abs),
    "AVG": _reduced(statistics.fmean),
    "CEIL": _number_by_number(lambda value: float(math.ceil(value))),
    "DATAPOINT_COUNT": _reduced(lambda values: float(len(values))),
    "DATE": _of_time(lambda at: float(at.day)),
    "DAY": _of_time(lambda at: float(at.isoweekday())),
    "DIFF": _each(lambda line: {at: change for at, change, _ in _changes(line)}),
    "DIFF_TIME": _each(lambda line: {at: float(seconds) for at, _, seconds in _changes(line)}),
    "EPOCH": _of_time(lambda at: at.timestamp()),
    "FILL": _fill,
    "FIRST": _first_or_last(0),
    "FLOOR": _number_by_number(lambda value: float(math.floor(value))),
    "HOUR": _of_time(lambda at: float(at.hour)),
    "IF": _if,
    "LAST": _first_or_last(-1),
    "LOG": _number_by_number(lambda value: math.log(value) if value > 0 else math.nan),
    "LOG10": _number_by_number(lambda value: math.log10(value) if value > 0 else math.nan),
    "MAX": _reduced(max),
    "METRIC_COUNT": lambda given, _times, _period: float(len(value)) if isinstance(value := given[0], list) else 1.0,
    "MIN": _reduced(min),
    "MINUTE": _of_time(lambda at: float(at.minute)),
    "MONTH": _of_time(lambda at: float(at.month)),
    "PERIOD": lambda given, times, period: float(line_of(given[0], times, period).period),
    "RATE": _each(lambda line: {at: change / seconds for at, change, seconds in _changes(line)}),
    "REMOVE_EMPTY": lambda given, _times, _period: [line for line in _list_of(given) if line.points],
    "RUNNING_SUM": _each(_running_sum),
    "SLICE": _slice,
    "SORT": _sort,
    "STDDEV": _reduced(lambda values: statistics.pstdev(values)),
    "SUM": _reduced(math.fsum),
    "TIME_SERIES": lambda given, times, period: line_of(given[0], times, period),
    "YEAR": _of_time(lambda at: float(at.year)),
}


def _list_of(given: Given) -> Lines:
    value = _single(given)
    return value if isinstance(value, list) else [value] if isinstance(value, Series) else []
