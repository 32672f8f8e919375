"""Rules about numbers that are computed of a whole column, of several, or of the frame."""

import re
from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from awsgluedq.checks import (
    UNMET,
    Check,
    Data,
    Judge,
    Measured,
    Unfit,
    Verdict,
    against,
    compliance,
    how_many,
    quoted,
    rows,
    share,
)
from awsgluedq.conditions import ConditionError
from awsgluedq.ruleset import Condition, Rule


def row_count(rule: Rule, data: Data) -> Check:
    """`RowCount`."""
    metric = "Dataset.*.RowCount"
    return Check(against(metric, lambda measured: measured["rows"], int), {"rows": rows()}, metric=metric)


def column_count(rule: Rule, data: Data) -> Check:
    """`ColumnCount`."""
    return _known("Dataset.*.ColumnCount", float(len(data.frame.columns)))


def column_exists(rule: Rule, data: Data) -> Check:
    """`ColumnExists`. Raises Unfit."""
    data.name(rule.parameters[0])
    return Check(lambda measured, condition: Verdict(True, None, {}))


def column_names_match_pattern(rule: Rule, data: Data) -> Check:
    """`ColumnNamesMatchPattern`: of all columns. Raises ConditionError."""
    try:
        pattern = re.compile(rule.parameters[0])
    except re.error as error:
        raise ConditionError(f'"{rule.parameters[0]}" is not a regular expression: {error}.') from error
    others = [name for name in data.frame.columns if not pattern.fullmatch(name)]
    ratio = 1 - len(others) / len(data.frame.columns)
    reason = f"Columns that do not match the pattern: {', '.join(others)}" if others else None
    metrics = {"Dataset.*.ColumnNamesPatternMatchRatio": ratio}
    return Check(lambda measured, condition: Verdict(not others, reason, metrics))


def completeness(rule: Rule, data: Data) -> Check:
    """`Completeness` and `IsComplete`: the share of values that are not null."""
    name = rule.parameters[0]
    return compliance(f"Column.{name}.Completeness", data.column(name).isNotNull())


def uniqueness(rule: Rule, data: Data) -> Check:
    """`Uniqueness` and `IsUnique`: the share of rows whose value no other row has."""
    return _of_values(rule, data, "Uniqueness", share("unique"))


def unique_value_ratio(rule: Rule, data: Data) -> Check:
    """`UniqueValueRatio`: of the different values, the share of those that one row has."""
    return _of_values(rule, data, "UniqueValueRatio", share("unique", "groups"))


def distinct_values_count(rule: Rule, data: Data) -> Check:
    """`DistinctValuesCount`: how many different values there are, null not among them."""
    return _of_values(rule, data, "DistinctValuesCount", lambda measured: measured["groups"], rowwise=False)


def entropy(rule: Rule, data: Data) -> Check:
    """`Entropy`, in nats, of the values that are not null."""
    return _of_values(rule, data, "Entropy", lambda measured: measured["entropy"], rowwise=False)


def is_primary_key(rule: Rule, data: Data) -> Check:
    """`IsPrimaryKey`: no value is null, and none is there twice."""
    names = [data.name(name) for name in rule.parameters]
    unique = _of_values(rule, data, "Uniqueness", share("unique"))
    complete = {f"complete {name}": how_many(data.column(name).isNotNull()) for name in names}

    def judge(measured: Measured, condition: Condition | None) -> Verdict:
        verdict = unique.judge(measured, None)
        ratios = {f"Column.{name}.Completeness": share(f"complete {name}")(measured) for name in names}
        missing = [ratio for ratio in ratios.values() if ratio != 1.0]
        reason = verdict.reason or (UNMET.format(missing[0]) if missing else None)
        found = {metric: ratio for metric, ratio in ratios.items() if ratio is not None}
        return Verdict(verdict.passed and not missing, reason, {**verdict.metrics, **found})

    assert unique.row is not None
    every = reduce(and_, (data.column(name).isNotNull() for name in names))
    return Check(judge, {**unique.measures, **complete}, unique.grouped, unique.row & every)


def column_correlation(rule: Rule, data: Data) -> Check:
    """`ColumnCorrelation`: Pearson's coefficient."""
    one, other = (_numeric(data, name) for name in rule.parameters)
    return _aggregate(f"Multicolumn.{','.join(rule.parameters)}.ColumnCorrelation", F.corr(one, other))


def column_statistic(function: Callable[[Column], Column]) -> Callable[[Rule, Data], Check]:
    """The rules that are an aggregate of a column of numbers."""

    def build(rule: Rule, data: Data) -> Check:
        name = rule.parameters[0]
        return _aggregate(f"Column.{name}.{rule.type}", function(_numeric(data, name)))

    return build


mean = column_statistic(F.mean)
total = column_statistic(F.sum)
standard_deviation = column_statistic(F.stddev_pop)


def _aggregate(metric: str, value: Column) -> Check:
    return Check(against(metric, lambda measured: measured["value"]), {"value": value}, metric=metric)


def _known(metric: str, value: float) -> Check:
    return Check(against(metric, lambda measured: value), metric=metric)


def _numeric(data: Data, name: str) -> Column:
    kind = data.type(name)
    if not isinstance(kind, T.NumericType):
        raise Unfit(f"Column {name} is of type {kind.simpleString()}, and the rule needs one of numbers.")
    # As AWS computes: sums of long integers would overflow.
    return data.column(name).cast("double")


def _of_values(rule: Rule, data: Data, what: str, value: Callable[[Measured], Any], *, rowwise: bool = True) -> Check:
    names = tuple(data.name(name) for name in rule.parameters)
    place = f"Column.{rule.parameters[0]}" if len(names) == 1 else f"Multicolumn.{','.join(rule.parameters)}"
    metric = f"{place}.{what}"
    judge: Judge = against(metric, value)
    row = _alone(rule, data, names) if rowwise else None
    return Check(judge, {"rows": rows()}, names, row, metric=metric)


def _alone(rule: Rule, data: Data, names: tuple[str, ...]) -> Column:
    """Whether no other row has a row's values. Rows that the rule does not look at are none."""
    looked_at = F.expr(rule.where) if rule.where else F.lit(True)
    others = F.count(F.when(looked_at, F.lit(1))).over(Window.partitionBy(*[F.col(quoted(name)) for name in names]))
    some = ~reduce(and_, (data.column(name).isNull() for name in names))
    return (others == 1) & some
