"""How far a distribution is from a baseline's: by what statistics.json says of both."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from studiolo.ml.monitoring.analyzer import distance
from studiolo.ml.monitoring.analyzer.columns import Column
from studiolo.ml.monitoring.analyzer.statistics import feature, sketch

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)


def told(numbers: "np.ndarray[Any, Any] | list[float]") -> Any:
    return feature(Column.of("f", pd.Series([repr(float(each)) for each in numbers], dtype=object)))[
        "numerical_statistics"
    ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the p-value
@given(NUMBERS, NUMBERS)
@settings(max_examples=50)
def test_the_distance_of_numbers_is_that_of_the_kolmogorov_smirnov_test(
    first: list[float], second: list[float]
) -> None:
    assert distance.numerical(told(first), told(second), robust=False) == pytest.approx(
        ks_2samp(first, second, method="asymp").statistic
    )


def test_the_robust_distance_leaves_out_what_chance_can_do() -> None:
    here, there = told(np.linspace(0, 1, 100)), told(np.linspace(0.5, 1.5, 100))
    assert distance.numerical(here, there, robust=False) == pytest.approx(0.5, abs=0.01)
    assert distance.numerical(here, there, robust=True) == pytest.approx(0.5 - 1.8 * (200 / 10000) ** 0.5, abs=0.01)
    few = told([0.0, 1.0]), told([2.0, 3.0])
    assert distance.numerical(*few, robust=False) == 1.0
    assert distance.numerical(*few, robust=True) == 0.0


@given(st.integers(1, 20_000), st.sampled_from([16, 64]))
@settings(max_examples=30)
def test_a_sketch_stands_for_all_values_with_ranks_that_are_hardly_off(count: int, size: int) -> None:
    levels = sketch(np.arange(count, dtype=np.float64), size)
    assert sum(len(level) * 2**number for number, level in enumerate(levels)) == count
    assert len(levels[-1]) <= size
    weighted = sorted((value, 2**number) for number, level in enumerate(levels) for value in level)
    ranks = np.cumsum([weight for _, weight in weighted])
    assert max(abs(rank - value - 1) for rank, (value, _) in zip(ranks, weighted, strict=True)) <= 2 * count / size + 1


def test_categories_differ_by_their_greatest_share_or_as_the_chi_squared_test_says() -> None:
    before, same, other = {"a": 50, "b": 50}, {"a": 500, "b": 500}, {"a": 80, "b": 20}
    assert distance.categorical(before, other, robust=False) == pytest.approx(0.3)
    assert distance.categorical(before, {"c": 1}, robust=False) == 1.0
    assert distance.chi_squared(before, same) == 1.0
    # (80 - 50)^2 / 50 + (20 - 50)^2 / 50 = 36 of one degree of freedom
    assert distance.chi_squared(before, other) == pytest.approx(1.97e-9, rel=0.01)
    assert distance.chi_squared(before, {"a": 3, "b": 2}) is None
