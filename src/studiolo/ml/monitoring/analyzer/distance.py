"""How far the distribution of a feature is from that of a baseline, by what two statistics.json say of it.

Sources: "Schema for Constraints" (the greatest difference of two cumulative distributions, and its robust form after
the two-sample Kolmogorov-Smirnov test), and Deequ's `Distance` for the constants, which the Guide does not have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CRITICAL = 1.8
"""c(alpha) of the Kolmogorov-Smirnov test for an alpha of 0.003."""
EXPECTED, EXPECTED_OF_TWO = 5, 10
"""How many are to be expected in a category for a chi-squared test (Yates, Moore & McCabe), of two (Cochran)."""
SMALL_SHARE = 0.2
"""The share of categories that may have fewer."""


def numerical(baseline: Mapping[str, Any], current: Mapping[str, Any], *, robust: bool) -> float | None:
    """The distance of two sketches; None where one is of nothing."""
    (first, n), (second, m) = (_weighted(each["distribution"]["kll"]["sketch"]["data"]) for each in (baseline, current))
    if not n or not m:
        return None
    at = np.unique(np.concatenate((first[0], second[0])))
    simple = float(np.abs(_cumulative(first, at) / n - _cumulative(second, at) / m).max())
    return _robust(simple, n, m) if robust else simple


def categorical(baseline: Mapping[str, int], current: Mapping[str, int], *, robust: bool) -> float | None:
    """The greatest difference of the shares of a category; None where there are none."""
    n, m = sum(baseline.values()), sum(current.values())
    if not n or not m:
        return None
    simple = max(abs(baseline.get(key, 0) / n - current.get(key, 0) / m) for key in {*baseline, *current})
    return _robust(simple, n, m) if robust else simple


def chi_squared(baseline: Mapping[str, int], current: Mapping[str, int]) -> float | None:
    """The p-value of the current counts, would the baseline's shares hold; None where no test can be made.

    Categories that the baseline does not have are left out, and small ones are put together.
    """
    from scipy.stats import chisquare

    n, m = sum(baseline.values()), sum(count for key, count in current.items() if key in baseline)
    if not n or not m:
        return None
    # The smallest first: while too many are small, the two smallest become one.
    pairs = sorted((count / n * m, float(current.get(key, 0))) for key, count in baseline.items())
    while len(pairs) > 1 and _too_small([expected for expected, _ in pairs]):
        (a, b), (c, d), *others = pairs
        pairs = sorted([(a + c, b + d), *others])
    if len(pairs) < 2:
        return None
    expected, observed = zip(*pairs, strict=True)
    return float(chisquare(observed, expected).pvalue)


def _too_small(expected: Sequence[float]) -> bool:
    two = len(expected) == 2
    small = sum(each < (EXPECTED_OF_TWO if two else EXPECTED) for each in expected)
    return small > (0 if two else int(SMALL_SHARE * len(expected)))


def _robust(simple: float, n: float, m: float) -> float:
    return max(0.0, simple - CRITICAL * float(np.sqrt((n + m) / (n * m))))


def _weighted(levels: Sequence[Sequence[float]]) -> tuple[tuple[Floats, Floats], float]:
    """The sorted values of a sketch and how many values those up to each stand for; how many all do."""
    values = np.array([value for level in levels for value in level], dtype=np.float64)
    weights = np.array([2.0**number for number, level in enumerate(levels) for _ in level])
    order = np.argsort(values, kind="stable")
    return (values[order], np.cumsum(weights[order])), float(weights.sum())


def _cumulative(sketch: tuple[Floats, Floats], at: Floats) -> Floats:
    values, sums = sketch
    found: Floats = np.concatenate(([0.0], sums))[np.searchsorted(values, at, side="right")]
    return found
