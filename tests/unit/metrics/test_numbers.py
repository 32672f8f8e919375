"""Distributions, statistics and metric math, in numbers that can be checked by hand."""

import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Invalid
from studiolo.metrics.distribution import Distribution
from studiolo.metrics.expressions import Values, evaluate
from studiolo.metrics.model import Metric, Series
from studiolo.metrics.search import found_by, search
from studiolo.metrics.statistics import statistic

TO_HUNDRED = Distribution.of((float(value), 1.0) for value in range(1, 101))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Average", 50.5),
        ("Sum", 5050),
        ("SampleCount", 100),
        ("p50", 50),
        ("p99.9", 100),
        ("p0", 1),
        ("p100", 100),
        ("tm90", statistics.fmean(range(1, 91))),
        ("TM(10%:90%)", statistics.fmean(range(11, 91))),
        ("IQM", statistics.fmean(range(26, 76))),
        ("tc(80:)", 20),
        ("TS(:10)", 55),
        ("PR(10:20)", 10),
        ("WM(10%:90%)", statistics.fmean([11] * 10 + list(range(11, 91)) + [90] * 10)),
    ],
)
def test_statistics_are_those_that_cloudwatch_defines(name: str, value: float) -> None:
    assert statistic(name)(TO_HUNDRED) == pytest.approx(value)


@pytest.mark.parametrize("name", ["p101", "median", "TM(10%:90)", "PR(1%:2%)", "tm(a:b)", ""])
def test_an_unknown_statistic_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        statistic(name)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=200), st.integers(1, 99))
def test_a_percentile_is_right_to_half_a_percent(values: list[float], part: int) -> None:
    found = statistic(f"p{part}")(Distribution.of((value, 1.0) for value in values))
    ordered = sorted(values)
    exact = ordered[min(-(-part * len(values) // 100), len(values)) - 1]
    assert found == pytest.approx(exact, rel=0.006)


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1), min_size=2, max_size=5))
def test_parts_that_are_merged_are_the_whole(parts: list[list[float]]) -> None:
    whole = Distribution.of((value, 1.0) for part in parts for value in part)
    merged = Distribution()
    for part in parts:
        merged.merge(Distribution.from_json(Distribution.of((value, 1.0) for value in part).to_json()))
    assert merged.counts == whole.counts
    assert (merged.count, merged.least, merged.most) == (whole.count, whole.least, whole.most)


def test_statistics_that_were_told_alone_have_no_percentiles() -> None:
    told = Distribution.told(10, 100, 1, 30)
    assert statistic("p50")(told) is None
    assert statistic("Average")(told) == 10


TIMES = [0, 60, 120, 180]
LINES = {
    "m1": Series({0: 1.0, 60: 2.0, 180: 4.0}, 60, "one"),
    "m2": Series({0: 10.0, 60: 0.0, 120: 30.0, 180: 40.0}, 60, "two"),
}


def computed(text: str) -> list[dict[int, float]]:
    values = Values(lambda name: [LINES[name]], list(LINES), lambda _search: [], TIMES, 60)
    return [dict(line.points) for line in evaluate(text, values)]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("m1 + m2", {0: 11, 60: 2, 180: 44}),
        ("m1 / m2 * 100", {0: 10, 180: 10}),
        ("m1 ^ 2", {0: 1, 60: 4, 180: 16}),
        ("-m1", {0: -1, 60: -2, 180: -4}),
        ("m1 > 1 && m2 > 10", {0: 0, 60: 0, 180: 1}),
        ("m1 > 1 AND m2 < 50 OR m1 == 1", {0: 1, 60: 1, 180: 1}),
        ("IF(m1 > 1, m2, 7)", {0: 7, 60: 0, 180: 40}),
        ("FILL(m1, 0)", {0: 1, 60: 2, 120: 0, 180: 4}),
        ("FILL(m1, REPEAT)", {0: 1, 60: 2, 120: 2, 180: 4}),
        ("FILL(m1, LINEAR)", {0: 1, 60: 2, 120: 3, 180: 4}),
        ("SUM(METRICS())", {0: 11, 60: 2, 120: 30, 180: 44}),
        ("MAX([m1, m2])", {0: 10, 60: 2, 120: 30, 180: 40}),
        ("m1 / SUM(m1)", {0: 1 / 7, 60: 2 / 7, 180: 4 / 7}),
        ("RATE(m2)", {60: -10 / 60, 120: 0.5, 180: 10 / 60}),
        ("DIFF(m1)", {60: 1, 180: 2}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 180: 7}),
        ("TIME_SERIES(PERIOD(m1))", dict.fromkeys(TIMES, 60.0)),
        ("ABS(m1 - 3)", {0: 2, 60: 1, 180: 1}),
    ],
)
def test_metric_math_computes(text: str, points: dict[int, float]) -> None:
    (found,) = computed(text)
    assert found == pytest.approx(points)


def test_a_list_is_sorted_and_cut() -> None:
    assert computed("SORT(METRICS(), AVG, DESC)") == [dict(LINES["m2"].points), dict(LINES["m1"].points)]
    assert computed("SORT(METRICS(), MAX, ASC, 1)") == [dict(LINES["m1"].points)]


@pytest.mark.parametrize(
    "text",
    [
        "m1 +",
        "3 * 4",
        "m1.points",
        "__import__('os')",
        "[x for x in m1]",
        "lambda: m1",
        "NOPE(m1)",
        "m1 if m1 else m2",
        "1 < m1 < 3",
        "FILL(m1)",
        "f'{m1}'",
    ],
)
def test_what_is_no_metric_math_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="Error in expression"):
        computed(text)


METRICS = [
    Metric.of("Shop", "Orders", {"Page": "cart", "Host": "a"}),
    Metric.of("Shop", "Orders", {"Page": "home"}),
    Metric.of("Shop", "Errors", {"Page": "cart"}),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{Shop,Page} ", [1, 2]),
        ('{Shop,Page} MetricName="Orders"', [1]),
        ("{Shop,Page} cart", [2]),
        ("{Shop,Page} NOT cart", [1]),
        ("{Shop,Page,Host} ord", [0]),
        ('{Shop,Page} Page=("home" OR "cart") err', [2]),
        ("{Shop,Page} errors OR Page=home", [1, 2]),
    ],
)
def test_a_search_finds_by_names_and_dimensions(text: str, found: Sequence[int]) -> None:
    assert found_by(search(text, "Sum", 60), METRICS) == [METRICS[number] for number in found]
