"""How a dataset violates constraints. Source: "Schema for Violations"."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studiolo.ml.monitoring.analyzer import distance
from studiolo.ml.monitoring.analyzer.columns import STRING, UNKNOWN, Column
from studiolo.ml.monitoring.analyzer.constraints import Settings, overrides
from studiolo.ml.monitoring.analyzer.statistics import feature

MISSING, EXTRA = "Missing columns", "Extra columns"
"""The name of the feature of a check that is of all columns."""
SHOWN = 5
"""The unknown values that a violation names at most."""

Violation = Mapping[str, str]


@dataclass
class Checked:
    """The violations, and how far each feature that was compared is from the baseline."""

    violations: list[Violation] = field(default_factory=list)
    distances: dict[str, float] = field(default_factory=dict)


def check(constraints: Mapping[str, Any], baseline: Mapping[str, Any] | None, columns: Sequence[Column]) -> Checked:
    """Check the columns against constraints, and their distributions against the statistics of a baseline.

    Where the constraints are switched off, distances are found all the same.
    """
    config, found = constraints.get("monitoring_config", {}), Checked()
    expected = constraints.get("features", [])
    if Settings.of(config).evaluated:
        found.violations += _counted([each["name"] for each in expected], [column.name for column in columns])
    present = {column.name: column for column in columns}
    known = {each["name"]: each for each in (baseline or {}).get("features", [])}
    for each in expected:
        column, settings = present.get(each["name"]), Settings.of(config, overrides(each))
        if column is None:
            continue
        if settings.evaluated:
            found.violations += _checked(each, column, settings)
        if settings.compared and column.name in known:
            violated = _compared(found, known[column.name], column, settings)
            found.violations += violated if settings.evaluated else []
    return found


def _counted(expected: Sequence[str], current: Sequence[str]) -> Iterator[Violation]:
    """By their number, as documented; of as many with other names, those are told."""
    kinds = (("missing", MISSING, expected, current), ("extra", EXTRA, current, expected))
    for word, name, these, others in kinds:
        renamed = sorted(set(these) - set(others)) if len(these) == len(others) else []
        if len(these) > len(others) or renamed:
            yield _violation(
                name,
                f"{word}_column_check",
                f"There are {word} columns in current dataset. Number of columns in current dataset: {len(current)}, "
                f"Number of columns in baseline constraints: {len(expected)}"
                f"{': ' if renamed else ''}{', '.join(renamed[:SHOWN])}",
            )


def _checked(constraint: Mapping[str, Any], column: Column, settings: Settings) -> Iterator[Violation]:
    kind = constraint.get("inferred_type", UNKNOWN)
    share = column.share_of(kind)
    if share < settings.type_threshold:
        yield _violation(
            column.name,
            "data_type_check",
            f"Data type match requirement is not met. Expected data type: {kind}, Expected match: "
            f"{settings.type_threshold * 100}%. Observed: Only {share * 100}% of data is {kind}.",
        )
    completeness = float(constraint.get("completeness", 0.0))
    if column.completeness < completeness:
        yield _violation(
            column.name,
            "completeness_check",
            f"Completeness requirement is not met. Expected completeness: {completeness * 100}%. Observed: Only "
            f"{column.completeness * 100}% of data is there.",
        )
    domains = constraint.get("string_constraints", {}).get("domains")
    if domains and column.present:
        unknown = {value: count for value, count in column.counts.items() if value not in set(domains)}
        share = 1 - sum(unknown.values()) / column.present
        if share < settings.domain_threshold:
            yield _violation(
                column.name,
                "categorical_values_check",
                f"Domain content requirement is not met. Expected match: {settings.domain_threshold * 100}%. Observed: "
                f"Only {share * 100}% of data is in the domain; not there are: {', '.join(list(unknown)[:SHOWN])}.",
            )


def _compared(found: Checked, baseline: Mapping[str, Any], column: Column, settings: Settings) -> Sequence[Violation]:
    """Note the distance of a feature from its baseline's; whether that is too much. Of two types there is none."""
    current = feature(column)
    if "numerical_statistics" in baseline and "numerical_statistics" in current:
        far = distance.numerical(
            baseline["numerical_statistics"], current["numerical_statistics"], robust=settings.robust
        )
        words, threshold = "Numerical distance: {} exceeds numerical threshold: {}", settings.distance
        too_far = far is not None and far > threshold
    else:
        before, after = _categories(baseline), column.counts
        if before is None or column.kind != STRING:
            return ()
        threshold = settings.categorical_distance
        if settings.chi_squared:
            far = distance.chi_squared(before, after)
            words = "Chi-squared p-value: {} is below categorical threshold: {}"
            too_far = far is not None and far < threshold
        else:
            far = distance.categorical(before, after, robust=settings.robust)
            words = "Categorical distance: {} exceeds categorical threshold: {}"
            too_far = far is not None and far > threshold
    if far is None:
        return ()
    found.distances[column.name] = far
    return [_violation(column.name, "baseline_drift_check", words.format(far, threshold))] if too_far else ()


def _categories(told: Mapping[str, Any]) -> dict[str, int] | None:
    buckets = told.get("string_statistics", {}).get("distribution", {}).get("categorical", {}).get("buckets")
    return None if buckets is None else {each["value"]: int(each["count"]) for each in buckets}


def _violation(name: str, kind: str, description: str) -> Violation:
    return {"feature_name": name, "constraint_check_type": kind, "description": description}
