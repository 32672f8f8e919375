"""The analyzers that only compute: all statistics of columns, and how their values are distributed."""

from dataclasses import replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from awsgluedq.checks import Check, Data, Distribution, Measured, Unfit, Verdict
from awsgluedq.conditions import ConditionError
from awsgluedq.kinds import ALL_COLUMNS
from awsgluedq.ruleset import Condition, Rule

BINS = 20
"""How many bins there are, and how many values are told of, at most."""


def parts(rule: Rule, data: Data) -> list[Rule]:
    """The analyzers that one stands for: those of AllStatistics, of AllColumns; of any other, itself."""
    names = data.frame.columns if rule.parameters == (ALL_COLUMNS,) else [*rule.parameters[:1]]
    if rule.type == "Distribution":
        return [replace(rule, parameters=(name,)) for name in names]
    if rule.type != "AllStatistics":
        return [rule]
    of_columns = [replace(rule, type=kind, parameters=(name,)) for name in names for kind in _kinds(name, data)]
    return [replace(rule, type="RowCount", parameters=()), *of_columns]


def _kinds(name: str, data: Data) -> list[str]:
    try:
        kind = data.type(name)
    except Unfit:
        return ["Completeness"]
    further = "ColumnLength" if isinstance(kind, T.StringType) else "ColumnValues"
    return ["Completeness", "Uniqueness", *([further] if isinstance(kind, (T.StringType, T.NumericType)) else [])]


def distribution(rule: Rule, data: Data) -> Check:
    """`Distribution`: of numbers, how many are in each of some bins of one width; of others, the most frequent."""
    name = rule.parameters[0]
    column, kind = data.column(name), data.type(name)
    bins = _bins(rule)
    if rule.tag("rebin") not in (None, "true"):
        raise ConditionError("Bins are made anew of each evaluation's values here: rebin is true.")
    frame = data.frame.where(rule.where) if rule.where else data.frame
    found = _binned(frame, column, bins) if isinstance(kind, T.NumericType) else _frequent(frame, column)
    told = Distribution(kind.simpleString(), *found)

    def judge(measured: Measured, condition: Condition | None) -> Verdict:
        return Verdict(True, None, {}, {f"Column.{name}.Distribution": told})

    return Check(judge)


def _bins(rule: Rule) -> int:
    text = rule.tag("bins") or str(BINS)
    if not text.isdecimal() or not 1 <= int(text) <= BINS:
        raise ConditionError(f"Distribution has 1 to {BINS} bins, and not {text}.")
    return int(text)


def _binned(frame: DataFrame, column: Column, bins: int) -> tuple[list[str], list[int]]:
    number = column.cast("double")
    numbers = frame.select(number.alias("number")).where(number.isNotNull() & ~F.isnan(number))
    row = numbers.agg(F.min("number"), F.max("number")).first()
    assert row is not None
    low, high = row
    if low is None:
        return [], []
    width = (high - low) / bins
    if not width:
        return [str(low), str(high)], [numbers.count()]
    # The highest is in the last bin, whose upper edge it is.
    place = F.least(F.floor((F.col("number") - low) / width), F.lit(bins - 1)).alias("place")
    counts = {one["place"]: one["count"] for one in numbers.groupBy(place).count().collect()}
    edges = [low + width * number for number in range(bins)] + [high]
    return [str(edge) for edge in edges], [counts.get(number, 0) for number in range(bins)]


def _frequent(frame: DataFrame, column: Column) -> tuple[list[str], list[int]]:
    value = column.cast("string").alias("value")
    counted = frame.where(column.isNotNull()).groupBy(value).count().orderBy(F.desc("count"), "value").limit(BINS)
    rows = counted.collect()
    return [str(row["value"]) for row in rows], [row["count"] for row in rows]
