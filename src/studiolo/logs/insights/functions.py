"""The functions of Logs Insights ("Functions supported in CloudWatch Logs Insights queries")."""

import ipaddress
import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from studiolo.logs.insights.values import Moment, number, order, text

SECOND = 1000
SPANS = {
    "ms": 1, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND,
}  # fmt: skip
"""Milliseconds of each unit of a span; months, quarters and years (mo, q, y) have none."""
MONTHS = {"mo": 1, "q": 3, "y": 12}


def floor(moment: int, count: int, unit: str) -> Moment:
    """The last beginning of a span of so many units."""
    if unit in SPANS:
        step = count * SPANS[unit]
        return Moment(int(moment) // step * step)
    at = datetime.fromtimestamp(int(moment) / SECOND, timezone.utc)
    step = count * MONTHS[unit]
    return _month((at.year * 12 + at.month - 1) // step * step)


def ceiling(moment: int, count: int, unit: str) -> Moment:
    """The first beginning of a span of so many units that is not before."""
    begun = floor(moment, count, unit)
    if begun == moment:
        return begun
    if unit in SPANS:
        return Moment(begun + count * SPANS[unit])
    at = datetime.fromtimestamp(begun / SECOND, timezone.utc)
    return _month(at.year * 12 + at.month - 1 + count * MONTHS[unit])


def _month(months: int) -> Moment:
    return Moment(int(datetime(months // 12, months % 12 + 1, 1, tzinfo=timezone.utc).timestamp()) * SECOND)


def _numbers(count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of so many numbers (any, where it is 0); nothing comes of what is none, or beyond its domain."""

    def of(*values: Any) -> Any:
        found = [number(value) for value in values]
        if None in found or (count and len(found) != count):
            return None
        try:
            return function(*found)
        except (ValueError, OverflowError):
            return None

    return of


def _texts(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose first value is a text."""
    return lambda first, *more: None if first is None else function(text(first), *more)


def _substring(whole: str, start: Any, length: Any = None) -> str | None:
    begin, size = number(start), None if length is None else number(length)
    if begin is None or begin < 0:
        return None
    return whole[int(begin) :] if size is None else whole[int(begin) : int(begin) + int(size)]


def _concat(*values: Any) -> str:
    return "".join(text(value) or "" for value in values)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _is_address(whole: str, version: int | None = None) -> bool:
    try:
        found = ipaddress.ip_address(whole)
    except ValueError:
        return False
    return version in (None, found.version)


def _is_in(whole: str, network: Any, version: int | None = None) -> bool:
    """Whether an address is of a network, as 10.0.0.0/8, or of one of a version."""
    try:
        address, found = ipaddress.ip_address(whole), ipaddress.ip_network(text(network) or "", strict=False)
    except ValueError:
        return False
    return version in (None, address.version) and address in found


def _json(written: str) -> Any:
    """The map or list that a text is in JSON; None of anything else."""
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Any]]] = {
    "abs": (1, 1, _numbers(1, abs)),
    "ceil": (1, 1, _numbers(1, math.ceil)),
    "floor": (1, 1, _numbers(1, math.floor)),
    "greatest": (1, 99, _numbers(0, max)),
    "least": (1, 99, _numbers(0, min)),
    "log": (1, 1, _numbers(1, math.log)),
    "sqrt": (1, 1, _numbers(1, math.sqrt)),
    "strlen": (1, 1, _texts(len)),
    "toupper": (1, 1, _texts(str.upper)),
    "tolower": (1, 1, _texts(str.lower)),
    "trim": (1, 2, _texts(lambda whole, marks=None: whole.strip(text(marks)))),
    "ltrim": (1, 2, _texts(lambda whole, marks=None: whole.lstrip(text(marks)))),
    "rtrim": (1, 2, _texts(lambda whole, marks=None: whole.rstrip(text(marks)))),
    "substr": (2, 3, _texts(_substring)),
    "replace": (
        3,
        3,
        _texts(lambda whole, old, new: whole.replace(text(old) or "", text(new) or "") if old else whole),
    ),
    "strcontains": (2, 2, _texts(lambda whole, part: (text(part) or "") in whole)),
    "concat": (1, 99, _concat),
    "coalesce": (1, 99, _coalesce),
    "ispresent": (1, 1, lambda value: value is not None),
    "isempty": (1, 1, lambda value: value is None or text(value) == ""),
    "isblank": (1, 1, lambda value: value is None or not (text(value) or "").strip()),
    "isvalidip": (1, 1, _texts(_is_address)),
    "isvalidipv4": (1, 1, _texts(lambda whole: _is_address(whole, 4))),
    "isvalidipv6": (1, 1, _texts(lambda whole: _is_address(whole, 6))),
    "isipinsubnet": (2, 2, _texts(_is_in)),
    "isipv4insubnet": (2, 2, _texts(lambda whole, network: _is_in(whole, network, 4))),
    "isipv6insubnet": (2, 2, _texts(lambda whole, network: _is_in(whole, network, 6))),
    "jsonparse": (1, 1, _texts(_json)),
    "jsonstringify": (1, 1, lambda value: text(value) if isinstance(value, dict | list) else None),
    "frommillis": (1, 1, _numbers(1, lambda value: Moment(int(value)))),
    "tomillis": (1, 1, _numbers(1, lambda value: int(value))),
    "now": (0, 0, lambda: int(time.time())),
}
"""By name in small letters: how many values each takes at least and at most, and what it makes of them."""
SPANNING = {"bin": floor, "datefloor": floor, "dateceil": ceiling}


def _numeric(values: Sequence[Any]) -> list[float]:
    return [found for found in map(number, values) if found is not None]


def _over_numbers(function: Callable[[list[float]], Any]) -> Callable[[Sequence[Any]], Any]:
    def of(values: Sequence[Any]) -> Any:
        found = _numeric(values)
        return function(found) if found else None

    return of


def percentile(values: Sequence[Any], percent: float) -> float | None:
    """The value that so many percent are not above, between two where it falls there."""
    found = sorted(_numeric(values))
    if not found:
        return None
    place = (len(found) - 1) * min(max(percent, 0.0), 100.0) / 100
    below = int(place)
    above = min(below + 1, len(found) - 1)
    return found[below] + (found[above] - found[below]) * (place - below)


AGGREGATES: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len(set(map(text, values))),
    "sum": _over_numbers(sum),
    "avg": _over_numbers(lambda found: sum(found) / len(found)),
    "stddev": _over_numbers(statistics.pstdev),
    "min": lambda values: min(values, key=order, default=None),
    "max": lambda values: max(values, key=order, default=None),
    "sortsfirst": lambda values: min(values, key=order, default=None),
    "sortslast": lambda values: max(values, key=order, default=None),
}
"""What becomes of a field's values in a group, without those of rows that do not have it."""
