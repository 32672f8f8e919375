"""Values of a row: texts, numbers, truths and moments; None for what is not there."""

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
