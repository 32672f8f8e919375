"""Statistics and constraints of a dataset, and how another violates them."""

from typing import Any

import pandas as pd
import pytest

from studiolo.ml.monitoring.analyzer.columns import columns_of
from studiolo.ml.monitoring.analyzer.constraints import suggested
from studiolo.ml.monitoring.analyzer.statistics import statistics
from studiolo.ml.monitoring.analyzer.violations import Checked, check

ROWS = [[str(n % 10), str(n / 4), "ab"[n % 2], f"text {n}"] for n in range(40)]
NAMES = ["digit", "share", "side", "words"]


def frame(rows: list[list[str | None]] | list[list[str]] = ROWS, names: list[str] = NAMES) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=names, dtype=object)


def checked(current: pd.DataFrame, **config: Any) -> Checked:
    columns = columns_of(frame())
    constraints = suggested(columns)
    constraints["monitoring_config"].update(config)
    return check(constraints, statistics(len(ROWS), columns), columns_of(current))


def changed(column: int, value: str | None, rows: int = 20) -> pd.DataFrame:
    """The dataset with the first values of a column changed."""
    return frame(
        [[*row[:column], value if n < rows else row[column], *row[column + 1 :]] for n, row in enumerate(ROWS)]
    )


def test_statistics_are_those_of_the_documented_schema() -> None:
    document = statistics(len(ROWS), columns_of(frame()))
    digit, share, side, words = document["features"]
    assert (document["version"], document["dataset"]) == (0.0, {"item_count": 40})
    assert [each["inferred_type"] for each in (digit, share, side, words)] == [
        "Integral", "Fractional", "String", "String",
    ]  # fmt: skip
    numbers = digit["numerical_statistics"]
    assert numbers["common"] == {"num_present": 40, "num_missing": 0}
    assert (numbers["mean"], numbers["sum"], numbers["min"], numbers["max"]) == (4.5, 180.0, 0.0, 9.0)
    assert numbers["std_dev"] == pytest.approx(8.25**0.5)
    kll = numbers["distribution"]["kll"]
    assert kll["buckets"][0] == {"lower_bound": 0.0, "upper_bound": 0.9, "count": 4.0}
    assert [bucket["count"] for bucket in kll["buckets"]] == [4.0] * 10
    assert kll["sketch"]["parameters"] == {"c": 0.64, "k": 2048.0}
    assert side["string_statistics"] == {
        "common": {"num_present": 40, "num_missing": 0},
        "distinct_count": 2.0,
        "distribution": {"categorical": {"buckets": [{"value": "a", "count": 20}, {"value": "b", "count": 20}]}},
    }


def test_suggested_constraints_are_what_the_dataset_satisfies() -> None:
    digit, _, side, words = suggested(columns_of(frame()))["features"]
    assert digit == {
        "name": "digit",
        "inferred_type": "Integral",
        "completeness": 1.0,
        "num_constraints": {"is_non_negative": True},
    }
    assert side["string_constraints"] == {"domains": ["a", "b"]}
    assert "string_constraints" not in words
    assert checked(frame()).violations == []


@pytest.mark.parametrize(
    ("current", "kind", "words"),
    [
        (
            changed(0, "1.5"),
            "data_type_check",
            "Expected data type: Integral, Expected match: 100.0%. Observed: Only 50.0%",
        ),
        (changed(1, None), "completeness_check", "Expected completeness: 100.0%. Observed: Only 50.0%"),
        (
            changed(2, "c", 10),
            "categorical_values_check",
            "Observed: Only 75.0% of data is in the domain; not there are: c",
        ),
        (changed(0, "9", 40), "baseline_drift_check", "Numerical distance: 0.49"),
        (changed(2, "a", 40), "baseline_drift_check", "Categorical distance: 0.09"),
        (
            frame([row[:3] for row in ROWS], NAMES[:3]),
            "missing_column_check",
            "dataset: 3, Number of columns in baseline",
        ),
        (frame([[*row, "1"] for row in ROWS], [*NAMES, "new"]), "extra_column_check", "dataset: 5, Number of columns"),
    ],
)
def test_each_documented_check_finds_its_violation_and_no_other(current: pd.DataFrame, kind: str, words: str) -> None:
    low = {"distribution_constraints": {"comparison_threshold": 0.09, "comparison_method": "Robust"}}
    found = checked(current, **low).violations
    assert [each["constraint_check_type"] for each in found] == [kind]
    assert words in found[0]["description"]


def test_columns_that_got_other_names_are_both_missing_and_extra() -> None:
    found = checked(frame(names=["digit", "share", "side", "texts"])).violations
    assert [each["constraint_check_type"] for each in found] == ["missing_column_check", "extra_column_check"]
    assert found[0]["description"].endswith(": words")
    assert found[1]["description"].endswith(": texts")


def test_checks_can_be_switched_off_for_all_and_for_one_feature() -> None:
    wrong = changed(0, "1.5")
    off = checked(wrong, evaluate_constraints="Disabled")
    assert off.violations == []
    assert off.distances["digit"] >= 0
    columns = columns_of(frame())
    constraints = suggested(columns)
    constraints["features"][0]["monitoring_config_overrides"] = {"evaluate_constraints": "Disabled"}
    assert check(constraints, None, columns_of(wrong)).violations == []


def test_a_threshold_below_one_tolerates_that_share() -> None:
    assert checked(changed(0, "1.5"), datatype_check_threshold=0.5, distribution_constraints={}).violations == []
