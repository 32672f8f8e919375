"""A ruleset evaluated on a frame: one Spark job for all metrics of one `where`, and one for all values' counts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from awsgluedq import analyzers, files, metrics, references, sql, values
from awsgluedq.checks import Check, Data, Distribution, Unfit, how_many, quoted, rows
from awsgluedq.conditions import ConditionError, Past, resolved
from awsgluedq.lexer import RulesetError
from awsgluedq.ruleset import AnyRule, Composite, Condition, Rule, Ruleset

BUILDERS: dict[str, Callable[[Rule, Data], Check]] = {
    "AggregateMatch": references.aggregate_match,
    "ColumnCorrelation": metrics.column_correlation,
    "ColumnCount": metrics.column_count,
    "ColumnDataType": values.column_data_type,
    "ColumnExists": metrics.column_exists,
    "ColumnLength": values.column_length,
    "ColumnNamesMatchPattern": metrics.column_names_match_pattern,
    "ColumnValues": values.column_values,
    "Completeness": metrics.completeness,
    "CustomSql": sql.custom_sql,
    "DataFreshness": values.data_freshness,
    "DatasetMatch": references.dataset_match,
    "DistinctValuesCount": metrics.distinct_values_count,
    "Distribution": analyzers.distribution,
    "Entropy": metrics.entropy,
    "FileFreshness": files.file_freshness,
    "FileMatch": files.file_match,
    "FileSize": files.file_size,
    "FileUniqueness": files.file_uniqueness,
    "IsComplete": metrics.completeness,
    "IsPrimaryKey": metrics.is_primary_key,
    "IsUnique": metrics.uniqueness,
    "Mean": metrics.mean,
    "ReferentialIntegrity": references.referential_integrity,
    "RowCount": metrics.row_count,
    "RowCountMatch": references.row_count_match,
    "SchemaMatch": references.schema_match,
    "StandardDeviation": metrics.standard_deviation,
    "Sum": metrics.total,
    "UniqueValueRatio": metrics.unique_value_ratio,
    "Uniqueness": metrics.uniqueness,
}
OF_ROWS = ("ColumnValues", "ColumnLength", "ColumnDataType", "DataFreshness", "FileFreshness", "FileSize")
"""Rule types whose condition is about each row or file: how many have to meet it is their threshold, all without one."""


@dataclass(frozen=True)
class Outcome:
    """What became of a rule. `row` is true for the rows that meet it, and None for a rule that rows do not have."""

    rule: AnyRule
    passed: bool
    reason: str | None
    metrics: Mapping[str, float]
    evaluated: str
    row: Column | None = None
    where: str | None = None
    distributions: Mapping[str, Distribution] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """The outcomes of the rules and of the analyzers, in their order, and the frame that their rows' columns are of."""

    outcomes: Sequence[Outcome]
    analyzed: Sequence[Outcome]
    frame: DataFrame


@dataclass
class _Leaf:
    """A rule on its way: its check, or why there is none, and later what was measured for it."""

    rule: Rule
    check: Check | None = None
    unfit: str | None = None
    measured: dict[str, Any] = field(default_factory=dict)


def evaluate(
    frame: DataFrame,
    ruleset: Ruleset,
    sources: Mapping[str, DataFrame],
    past: Callable[[str, str | None], Past],
    *,
    by_row: bool,
) -> Evaluation:
    """Evaluate a ruleset. `past` gives the values of a metric, under a filter, that conditions look back to.

    With `by_row` a composite rule is met when each row meets it; without, when its rules, each by itself, meet it.
    Raises ValueError for a filter that Spark refuses, and for what cannot be told row by row.
    """
    data = Data(frame, sources)
    analyzed = {id(rule): analyzers.parts(rule, data) for rule in ruleset.analyzers}
    parts = [part for some in analyzed.values() for part in some]
    leaves = [_leaf(rule, data) for rule in (*_leaves(ruleset.rules), *parts)]
    for leaf in leaves:
        if leaf.check and leaf.check.prepare:
            frame = leaf.check.prepare(frame)
    _measure(data.frame, frame, leaves)
    told = {id(leaf.rule): _judged(leaf, past) for leaf in leaves}
    outcomes = [_outcome(rule, told, by_row=by_row) for rule in ruleset.rules]
    if by_row:
        outcomes = _counted(frame, outcomes)
    of_analyzers = [_together(rule, [told[id(part)] for part in analyzed[id(rule)]]) for rule in ruleset.analyzers]
    return Evaluation(outcomes, of_analyzers, frame)


def _leaves(rules: Sequence[AnyRule]) -> Iterator[Rule]:
    for rule in rules:
        if isinstance(rule, Composite):
            yield from _leaves(rule.rules)
        else:
            yield rule


def _leaf(rule: Rule, data: Data) -> _Leaf:
    try:
        if rule.type in OF_ROWS and rule.condition and rule.condition.dynamics:
            raise Unfit(f"{rule.type} is about each row, and last(...) about the whole: it cannot look back here.")
        return _Leaf(rule, BUILDERS[rule.type](rule, data))
    except (Unfit, ConditionError) as error:
        return _Leaf(rule, unfit=str(error))


# -- measuring


def _measure(frame: DataFrame, prepared: DataFrame, leaves: Sequence[_Leaf]) -> None:
    for where in dict.fromkeys(leaf.rule.where for leaf in leaves):
        of_these = [leaf for leaf in leaves if leaf.rule.where == where and leaf.check]
        filtered = _filtered(frame, where, next(leaf.rule for leaf in leaves if leaf.rule.where == where))
        # Preparing joins other frames, which no rule with a filter asks for, nor the counts of values.
        _aggregate(filtered if where else prepared, of_these)
        _count_values(filtered, of_these)


def _filtered(frame: DataFrame, where: str | None, rule: Rule) -> DataFrame:
    if where is None:
        return frame
    try:
        return frame.where(where)
    except PySparkException as error:
        raise RulesetError(f"Rule {rule.text} has provided an invalid where clause :\n{error}") from error


def _aggregate(frame: DataFrame, leaves: Sequence[_Leaf]) -> None:
    places = [(leaf, name, value) for leaf in leaves if leaf.check for name, value in leaf.check.measures.items()]
    if not places:
        return
    found = frame.agg(*[value.alias(f"measure {number}") for number, (_, _, value) in enumerate(places)]).first()
    assert found is not None
    for (leaf, name, _), value in zip(places, found, strict=True):
        leaf.measured[name] = value


def _count_values(frame: DataFrame, leaves: Sequence[_Leaf]) -> None:
    """How often the values of columns, or of several together, occur. Null, and all of several null, is no value."""
    groups = list(dict.fromkeys(leaf.check.grouped for leaf in leaves if leaf.check and leaf.check.grouped))
    if not groups:
        return
    counted = [_frequencies(frame, names, number) for number, names in enumerate(groups)]
    found = {groups[row["number"]]: row.asDict() for row in reduce(DataFrame.unionAll, counted).collect()}
    for leaf in leaves:
        if leaf.check and leaf.check.grouped:
            leaf.measured.update(found[leaf.check.grouped])
            if leaf.measured["entropy"] is not None:
                leaf.measured["entropy"] = max(leaf.measured["entropy"], 0.0)


def _frequencies(frame: DataFrame, names: Sequence[str], number: int) -> DataFrame:
    columns = [F.col(quoted(name)) for name in names]
    some = reduce(or_, [column.isNotNull() for column in columns])
    counts = frame.where(some).groupBy(*columns).agg(rows().alias("times"))
    times = F.col("times").cast("double")
    return counts.agg(
        F.lit(number).alias("number"),
        rows().alias("groups"),
        how_many(F.col("times") == 1).alias("unique"),
        # -sum(p ln p) of shares p, with one pass over the counts.
        (F.log(F.sum(times)) - F.sum(times * F.log(times)) / F.sum(times)).alias("entropy"),
    )


# -- judging


def _judged(leaf: _Leaf, past: Callable[[str, str | None], Past]) -> Outcome:
    rule, check = leaf.rule, leaf.check
    if check is None:
        return Outcome(rule, False, leaf.unfit, {}, rule.text)
    try:
        condition: Condition | None = rule.threshold if rule.type in OF_ROWS else rule.condition or rule.threshold
        evaluated = rule.text
        if condition and condition.dynamics:
            if check.metric is None:
                raise ConditionError(f"{rule.type} has no metric that last(...) could look back to.")
            condition, found = resolved(condition, past(check.metric, rule.where))
            evaluated = rule.evaluated(found)
        verdict = check.judge(leaf.measured, condition)
    except ConditionError as error:
        return Outcome(rule, False, str(error), {}, rule.text)
    known = verdict.metrics, evaluated, check.row, rule.where, verdict.distributions
    return Outcome(rule, verdict.passed, verdict.reason, *known)


def _together(rule: Rule, parts: Sequence[Outcome]) -> Outcome:
    """What the analyzers that one stands for have computed, as its own."""
    found = {metric: value for part in parts for metric, value in part.metrics.items()}
    distributions = {metric: value for part in parts for metric, value in part.distributions.items()}
    # What was computed is not judged.
    reason = (
        ", ".join(part.reason for part in parts if part.reason and not (part.metrics or part.distributions)) or None
    )
    return Outcome(rule, True, reason, found, rule.text, where=rule.where, distributions=distributions)


def _outcome(rule: AnyRule, told: Mapping[int, Outcome], *, by_row: bool) -> Outcome:
    if isinstance(rule, Rule):
        return told[id(rule)]
    parts = [_outcome(part, told, by_row=by_row) for part in rule.rules]
    connected, passed = (and_, all) if rule.operator == "and" else (or_, any)
    met = passed(part.passed for part in parts)
    reason = ", ".join(part.reason for part in parts if part.reason) or None
    found = {metric: value for part in parts for metric, value in part.metrics.items()}
    evaluated = rule.text
    for part in parts:
        evaluated = evaluated.replace(part.rule.text, part.evaluated)
    row = reduce(connected, [_row(part) for part in parts]) if by_row else None
    return Outcome(rule, met, None if met else reason, found, evaluated, row)


def _row(part: Outcome) -> Column:
    """Whether a row meets a part of a composite rule; rows that its filter leaves out do."""
    if isinstance(part.rule, Rule) and (part.rule.threshold or part.rule.type in RATIOS):
        raise RulesetError(
            f"{part.rule.text} is about a share of rows, and cannot be a part of a rule that each row has to meet: "
            'leave "compositeRuleEvaluation.method": "ROW" out.'
        )
    if part.row is None:
        return F.lit(part.passed)
    return part.row | ~F.coalesce(F.expr(part.where), F.lit(False)) if part.where else part.row


RATIOS = ("Completeness", "DatasetMatch", "ReferentialIntegrity", "Uniqueness", "UniqueValueRatio")
"""Rule types about a share of rows."""


def _counted(frame: DataFrame, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes, those of composite rules by whether all rows meet them."""
    found = [one for one in outcomes if isinstance(one.rule, Composite) and one.row is not None]
    if not found:
        return list(outcomes)
    flags = frame.select(*[one.row.alias(f"met {number}") for number, one in enumerate(found) if one.row is not None])
    row = flags.agg(*[how_many(~F.col(quoted(name))).alias(name) for name in flags.columns]).first()
    missed = dict(zip(map(id, found), row or (), strict=True))
    return [_by_rows(one, missed[id(one)]) if id(one) in missed else one for one in outcomes]


def _by_rows(outcome: Outcome, missed: int) -> Outcome:
    reason = (outcome.reason or f"{missed} rows do not meet the rule.") if missed else None
    return Outcome(outcome.rule, not missed, reason, outcome.metrics, outcome.evaluated, outcome.row)
