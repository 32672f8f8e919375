"""What statistics.json says of the columns of a dataset. Source: "Schema for Statistics"."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studiolo.ml.monitoring.analyzer.columns import FRACTIONAL, INTEGRAL, STRING, Column

BUCKETS = 10
SKETCHED = 2048
"""The values of a level of a sketch at most."""
SHRINKING = 0.64
"""Recorded with a sketch: of KLL's, how its levels shrink."""
FEW = 120
"""Distinct texts of which the distribution is told at most, as Deequ has it."""


def statistics(items: int, columns: Sequence[Column], **dataset: str) -> dict[str, Any]:
    """The document; `dataset` is told of it beside the number of its items."""
    features = [feature(column) for column in columns]
    return {"version": 0.0, "dataset": {"item_count": items, **dataset}, "features": features}


def feature(column: Column) -> dict[str, Any]:
    common = {"num_present": column.present, "num_missing": column.missing}
    told: dict[str, Any] = {"name": column.name, "inferred_type": column.kind}
    if column.kind in (INTEGRAL, FRACTIONAL):
        return {**told, "numerical_statistics": {"common": common, **_numerical(column.numbers)}}
    categories = column.counts
    text: dict[str, Any] = {"common": common, "distinct_count": float(len(categories))}
    if column.kind == STRING and len(categories) <= FEW:
        buckets = [{"value": value, "count": count} for value, count in categories.items()]
        text["distribution"] = {"categorical": {"buckets": buckets}}
    return {**told, "string_statistics": text}


def sketch(values: NDArray[np.float64], size: int = SKETCHED) -> list[list[float]]:
    """Values by levels: one of level n stands for 2 to the n of them. At most `size` on the last level.

    As KLL's, but made of the sorted whole: of each pair one value goes up a level, so ranks are off by less than 1/size.
    """
    levels: list[list[float]] = []
    rest = np.sort(values)
    while len(rest) > size:
        odd = len(rest) % 2
        levels.append(rest[len(rest) - odd :].tolist())
        rest = rest[1 : len(rest) - odd : 2] if len(levels) % 2 else rest[0 : len(rest) - odd : 2]
    return [*levels, rest.tolist()]


def _numerical(numbers: NDArray[np.float64]) -> Mapping[str, Any]:
    low, high = float(numbers.min()), float(numbers.max())
    counts, edges = np.histogram(numbers, BUCKETS, (low, high if high > low else low + 1))
    if high == low:
        edges = np.full(BUCKETS + 1, low)
    buckets = [
        {"lower_bound": float(lower), "upper_bound": float(upper), "count": float(count)}
        for lower, upper, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    parameters = {"c": SHRINKING, "k": float(SKETCHED)}
    return {
        "mean": float(numbers.mean()),
        "sum": float(numbers.sum()),
        "std_dev": float(numbers.std()),
        "min": low,
        "max": high,
        "distribution": {"kll": {"buckets": buckets, "sketch": {"parameters": parameters, "data": sketch(numbers)}}},
    }
