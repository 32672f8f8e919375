"""What a metric filter takes out of an event: a number, and the dimensions that it counts under."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from studiolo.logs.filters import compile_extraction
from studiolo.logs.json_filters import field_of


class Measured(NamedTuple):
    """A number, and its dimensions."""

    value: float
    dimensions: Mapping[str, str]


def measure(pattern: str, metric: Mapping[str, Any]) -> Callable[[str], tuple[bool, Measured | None]]:
    """Whether a message fits a pattern, and what it counts for a metric, an API's MetricTransformation.

    Nothing is counted where the value is no number, or a dimension is not there. Raises Invalid for the pattern.
    """
    extract = compile_extraction(pattern)
    dimensions: Mapping[str, str] = metric.get("dimensions") or {}

    def of(message: str) -> tuple[bool, Measured | None]:
        found = extract(message)
        if found is None:
            return False, None
        value = _number(_value(metric["metricValue"], found, message))
        told = {name: _value(selector, found, message) for name, selector in dimensions.items()}
        known = {name: text for name, text in told.items() if text}
        return True, None if value is None or len(known) < len(told) else Measured(value, known)

    return of


def _value(asked: str, found: Mapping[str, str], message: str) -> str | None:
    """A value as it stands, or the field of the event that it names."""
    if not asked.startswith("$"):
        return asked
    return found.get(asked) or field_of(asked, message)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
