"""What a rule comes down to: what Spark has to compute for it, and the verdict on that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from awsgluedq.conditions import holds
from awsgluedq.ruleset import Condition

UNMET = "Value: {} does not meet the constraint requirement!"
"""AWS's own words for a rule whose metric does not meet its condition."""


class Unfit(Exception):
    """Why a rule cannot be evaluated on this data. It fails, for this reason."""


@dataclass(frozen=True)
class Data:
    """The frame that rules are about, and others by their aliases."""

    frame: DataFrame
    sources: Mapping[str, DataFrame]

    def name(self, given: str) -> str:
        """A column's name, found whatever its case. Raises Unfit."""
        return column_name(self.frame, given)

    def column(self, given: str) -> Column:
        """A column. Raises Unfit."""
        return F.col(quoted(self.name(given)))

    def type(self, given: str) -> T.DataType:
        """A column's type. Raises Unfit."""
        return self.frame.schema[self.name(given)].dataType

    def source(self, alias: str) -> DataFrame:
        """The frame of an alias. Raises Unfit."""
        if alias not in self.sources:
            known = ", ".join(self.sources) or "none"
            raise Unfit(f"{alias} not found in additional sources (additional_data_sources has {known}).")
        return self.sources[alias]


@dataclass(frozen=True)
class Distribution:
    """How often values occur: of numbers, between one edge and the next; of others, the values themselves."""

    type: str
    edges: Sequence[str]
    counts: Sequence[int]


@dataclass(frozen=True)
class Verdict:
    """Whether a rule is met, why not, and the metrics that say so; of an analyzer, distributions by their metrics."""

    passed: bool
    reason: str | None
    metrics: Mapping[str, float]
    distributions: Mapping[str, Distribution] = field(default_factory=dict)


Measured = Mapping[str, Any]
Judge = Callable[[Measured, Condition | None], Verdict]


@dataclass(frozen=True)
class Check:
    """What a rule needs, and its judge.

    `measures` are aggregates, and the judge gets their values by the same names. With `grouped`, columns, it also gets
    how often their values occur: `groups` (different values), `unique` (those that occur once) and `entropy`. `row` is
    true for the rows that meet the rule; it may use columns that `prepare` adds to the frame. `metric` is what
    conditions that look back compare with.
    """

    judge: Judge
    measures: Mapping[str, Column] = field(default_factory=dict)
    grouped: tuple[str, ...] = ()
    row: Column | None = None
    prepare: Callable[[DataFrame], DataFrame] | None = None
    metric: str | None = None


def quoted(name: str) -> str:
    """A column's name in Spark's quotes."""
    return "`" + name.replace("`", "``") + "`"


def column_name(frame: DataFrame, given: str) -> str:
    """A column's name, found whatever its case. Raises Unfit."""
    names = {name.lower(): name for name in frame.columns}
    if given in frame.columns:
        return given
    if given.lower() not in names:
        raise Unfit(f"Input data does not include column {given}!")
    return names[given.lower()]


def rows() -> Column:
    """How many rows there are."""
    return F.count(F.lit(1))


def how_many(condition: Column) -> Column:
    """Of how many rows a condition is true."""
    return F.count(F.when(condition, F.lit(1)))


def against(
    metric: str,
    value: Callable[[Measured], float | None],
    shown: Callable[[float], object] = float,
    unmet: str = UNMET,
) -> Judge:
    """A judge that compares a metric with the rule's condition, or with 1.0 when it has none."""

    def judge(measured: Measured, condition: Condition | None) -> Verdict:
        found = value(measured)
        if found is None:
            return Verdict(False, f"There are no values to compute {metric} of.", {})
        passed = holds(condition, found) if condition else found == 1.0
        return Verdict(passed, None if passed else unmet.format(shown(found)), {metric: float(found)})

    return judge


def share(part: str, whole: str = "rows") -> Callable[[Measured], float | None]:
    """What share one measure is of another; of nothing there is none."""
    return lambda measured: measured[part] / measured[whole] if measured[whole] else None


def compliance(metric: str, row: Column, prepare: Callable[[DataFrame], DataFrame] | None = None) -> Check:
    """The check of a rule that all rows meet, or as many as its threshold or condition says."""
    measures = {"rows": rows(), "good": how_many(row)}
    return Check(against(metric, share("good")), measures, row=row, metric=metric, prepare=prepare)
