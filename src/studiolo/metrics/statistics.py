"""The statistics of CloudWatch by their names: `Average`, `p99.9`, `tm(10%:90%)`.

Source: "CloudWatch statistics definitions" (CloudWatch User Guide).
"""

import re
from collections.abc import Callable, Sequence

from studiolo.domain import Invalid
from studiolo.metrics.distribution import Distribution

Statistic = Callable[[Distribution], float | None]
"""None where the distribution does not tell."""

SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda values: values.count,
    "Average": lambda values: values.total / values.count if values.count else None,
    "Sum": lambda values: values.total,
    "Minimum": lambda values: values.least,
    "Maximum": lambda values: values.most,
}
_SHORT = re.compile(r"(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)")
_RANGE = re.compile(r"(tm|wm|tc|ts|pr)\(([^:]*):([^:]*)\)", re.IGNORECASE)
_WHOLE = 100.0


def statistic(name: str) -> Statistic:
    """The statistic of that name. Raises Invalid."""
    if name in SIMPLE:
        return SIMPLE[name]
    if name.upper() == "IQM":
        return _of_values(lambda values: _trimmed_mean(_between(values, 0.25, 0.75)))
    short = _SHORT.fullmatch(name.lower())
    if short is not None:
        kind, part = short[1], float(short[2]) / _WHOLE
        if kind == "p":
            return _of_values(lambda values: _percentile(values, part))
        return _ranged(kind, "", f"{short[2]}%")
    ranged = _RANGE.fullmatch(name)
    if ranged is None:
        raise Invalid(f"The value {name} for parameter Stat is not supported.")
    return _ranged(ranged[1].lower(), ranged[2].strip(), ranged[3].strip())


def _ranged(kind: str, low: str, high: str) -> Statistic:
    """A statistic of the values between two percentiles (`10%`), or between two values."""
    try:
        bounds = [None if text == "" else float(text.rstrip("%")) for text in (low, high)]
    except ValueError as error:
        raise Invalid(f"The bounds ({low}:{high}) of a statistic are numbers or percentages.") from error
    shares = [text.endswith("%") for text in (low, high) if text]
    if any(shares) != all(shares) or not shares:
        raise Invalid(f"The bounds ({low}:{high}) of a statistic are both values, or both percentages.")
    if kind == "pr":
        if all(shares):
            raise Invalid("PR takes values as its bounds, as PR(10:100).")
        return _of_values(lambda values: _share(values, bounds))

    def within(values: Distribution) -> Sequence[tuple[float, float]]:
        if all(shares):
            return _between(values, (bounds[0] or 0.0) / _WHOLE, (_WHOLE if bounds[1] is None else bounds[1]) / _WHOLE)
        return [(value, times) for value, times in values.sorted() if _holds(value, bounds)]

    if kind == "tc":
        return _of_values(lambda values: sum(times for _, times in within(values)))
    if kind == "ts":
        return _of_values(lambda values: sum(value * times for value, times in within(values)))
    if kind == "tm":
        return _of_values(lambda values: _trimmed_mean(within(values)))
    return _of_values(lambda values: _winsorized_mean(values, within(values)))


def _of_values(statistic: Statistic) -> Statistic:
    """None of a distribution that has no values, or does not tell how they lie."""
    return lambda values: statistic(values) if values.count and values.counts is not None else None


def _percentile(values: Distribution, part: float) -> float:
    """The least value that at least that part of all are not above."""
    wanted, passed = part * values.count, 0.0
    for value, times in values.sorted():
        passed += times
        if passed >= wanted - 1e-9 * values.count:
            return value
    return values.most


def _between(values: Distribution, low: float, high: float) -> Sequence[tuple[float, float]]:
    """The values between two parts of them all, of those at the edges as many as lie inside."""
    begin, end, passed, found = low * values.count, high * values.count, 0.0, []
    for value, times in values.sorted():
        inside = min(passed + times, end) - max(passed, begin)
        if inside > 0:
            found.append((value, inside))
        passed += times
    return found


def _trimmed_mean(values: Sequence[tuple[float, float]]) -> float | None:
    count = sum(times for _, times in values)
    return sum(value * times for value, times in values) / count if count else None


def _winsorized_mean(values: Distribution, inside: Sequence[tuple[float, float]]) -> float | None:
    """The mean where what lies outside counts as the nearest value inside."""
    if not inside:
        return None
    least, most = inside[0][0], inside[-1][0]
    return sum(min(max(value, least), most) * times for value, times in values.sorted()) / values.count


def _share(values: Distribution, bounds: Sequence[float | None]) -> float:
    """The percentage of values within the bounds."""
    return _WHOLE * sum(times for value, times in values.sorted() if _holds(value, bounds)) / values.count


def _holds(value: float, bounds: Sequence[float | None]) -> bool:
    low, high = bounds
    return (low is None or value > low) and (high is None or value <= high)
