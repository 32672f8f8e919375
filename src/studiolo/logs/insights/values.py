"""Values of a row: texts, numbers, truths and moments; None for what is not there."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

Row = Mapping[str, Any]
Expression = Callable[[Row], Any]

MOST_FIELDS = 200
"""Fields that are found in one event of JSON, as CloudWatch Logs has it."""


class Moment(int):
    """Milliseconds since 1970, which are shown as a date and time in UTC."""

    __slots__ = ()

    def __str__(self) -> str:
        shown = datetime.fromtimestamp(int(self) / 1000, timezone.utc)
        return f"{shown:%Y-%m-%d %H:%M:%S}.{int(self) % 1000:03d}"


def shown(value: Any) -> str:
    """A value as a result has it: a number with four places at most."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if math.isfinite(value) else str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def number(value: Any) -> float | int | None:
    """The value as a number; None where it is none."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return None
    try:
        return int(value)
    except ValueError:
        pass
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def text(value: Any) -> str | None:
    """The value as a text; None where there is none."""
    return None if value is None else value if isinstance(value, str) else shown(value)


def true(value: Any) -> bool:
    """Whether a value counts as a condition that holds."""
    return bool(value) and value != "false"


def order(value: Any) -> tuple[int, Any]:
    """What values are sorted by: numbers first, then texts; what is not there comes before all."""
    if value is None:
        return (0, 0)
    found = number(value)
    return (2, str(value)) if found is None else (1, found)


def member(value: Any, place: str) -> Any:
    """What a map has under a name, or a list at an index; None where there is nothing."""
    found = None
    if isinstance(value, dict):
        found = value.get(place)
    elif isinstance(value, list) and place.isascii() and place.isdigit() and int(place) < len(value):
        found = value[int(place)]
    return int(found) if isinstance(found, bool) else found


def field(row: Row, name: str) -> Any:
    """A field of a row, or what is under `map.name` in a map that a field is."""
    found = row.get(name)
    if found is not None or "." not in name:
        return found
    first, *places = name.split(".")
    for number_of_parts in range(len(places)):
        whole = ".".join([first, *places[:number_of_parts]])
        if isinstance(row.get(whole), dict | list):
            found = row[whole]
            for place in places[number_of_parts:]:
                found = member(found, place)
            return found
    return None


def flattened(record: Any) -> dict[str, Any]:
    """The fields of an event of JSON: `a.b` for what is within, `a.0` for elements of arrays."""
    found: dict[str, Any] = {}
    for name, value in _leaves("", record):
        found[name] = value
        if len(found) == MOST_FIELDS:
            break
    return found


def _leaves(prefix: str, record: Any) -> Iterator[tuple[str, Any]]:
    children = record.items() if isinstance(record, dict) else enumerate(record)
    for name, value in children:
        where = f"{prefix}{name}"
        if isinstance(value, dict | list):
            yield from _leaves(f"{where}.", value)
        elif value is not None:
            yield where, int(value) if isinstance(value, bool) else value
