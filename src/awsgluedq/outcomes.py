"""Outcomes as frames: one row a rule, and the data's rows with the rules that they meet."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from awsgluedq.checks import how_many, quoted, rows
from awsgluedq.evaluation import Evaluation, Outcome

TEXTS = T.MapType(T.StringType(), T.StringType())
PASSED, FAILED = "Passed", "Failed"
RULES = T.StructType(
    [
        T.StructField("Rule", T.StringType()),
        T.StructField("Outcome", T.StringType()),
        T.StructField("FailureReason", T.StringType()),
        T.StructField("EvaluatedMetrics", T.MapType(T.StringType(), T.DoubleType())),
        T.StructField("EvaluatedRule", T.StringType()),
    ]
)
COUNTS = ("PassedCount", "FailedCount", "SkippedCount", "TotalCount")
STATES = ("DataQualityRulesPass", "DataQualityRulesFail", "DataQualityRulesSkip")
RESULT = "DataQualityEvaluationResult"


def rule_outcomes(
    session: SparkSession, outcomes: Sequence[Outcome], counts: Sequence[Sequence[int]] | None = None
) -> DataFrame:
    """One row a rule; with its labels where rules have some, and with counts of rows where they are asked for."""
    schema = T.StructType(list(RULES.fields))
    found: list[list[object]] = [
        [one.rule.text, PASSED if one.passed else FAILED, one.reason, dict(one.metrics), one.evaluated]
        for one in outcomes
    ]
    if any(one.rule.labels for one in outcomes):
        schema = schema.add("Labels", TEXTS)
        found = [[*row, dict(one.rule.labels)] for row, one in zip(found, outcomes, strict=True)]
    if counts is not None:
        for name in COUNTS:
            schema = schema.add(name, T.LongType())
        found = [[*row, *numbers] for row, numbers in zip(found, counts, strict=True)]
    return session.createDataFrame([tuple(row) for row in found], schema)


def row_outcomes(
    columns: Sequence[str], evaluation: Evaluation, *, skipping: bool = False, labeled: bool = False
) -> DataFrame:
    """The rows with the rules that each meets, does not meet, and those that were not told by rows.

    A row that a rule's filter leaves out meets the rule; with `skipping` the rule was not told of it.
    """
    states = [_state(one, skipping) for one in evaluation.outcomes]
    told = evaluation.frame.select(
        *[F.col(quoted(name)) for name in columns],
        *[state.alias(f"data quality {number}") for number, state in enumerate(states)],
    )
    lists = [_those(evaluation.outcomes, state, labeled).alias(name) for name, state in zip(STATES, "pfs", strict=True)]
    listed = told.select(*[F.col(quoted(name)) for name in columns], *lists)
    return listed.withColumn(RESULT, F.when(F.size(STATES[1]) > 0, FAILED).otherwise(PASSED))


def counted(rows_told: DataFrame, outcomes: Sequence[Outcome]) -> tuple[list[list[int]], DataFrame]:
    """How many rows each rule passed, failed and skipped, of how many; and the same of the whole, as a frame."""
    every = [how_many(F.array_contains(name, one.rule.text)) for one in outcomes for name in STATES]
    failed = how_many(F.col(RESULT) == FAILED)
    found = rows_told.agg(*[one.alias(f"n{number}") for number, one in enumerate([*every, failed, rows()])]).first()
    assert found is not None
    *numbers, bad, total = found
    each = [[*numbers[place : place + 3], total] for place in range(0, len(numbers), 3)]
    passed = sum(one.passed for one in outcomes)
    totals = {
        "TotalRowsProcessed": total,
        "PassedRows": total - bad,
        "FailedRows": bad,
        "TotalRulesProcessed": len(outcomes),
        "RulesPassed": passed,
        "RulesFailed": len(outcomes) - passed,
    }
    schema = T.StructType([T.StructField(name, T.LongType()) for name in totals])
    return each, rows_told.sparkSession.createDataFrame([tuple(totals.values())], schema)


def _state(outcome: Outcome, skipping: bool) -> Column:
    """p, f or s."""
    if outcome.row is None:
        return F.lit("s")
    state = F.when(outcome.row, "p").otherwise("f")
    if outcome.where is None:
        return state
    return F.when(F.expr(outcome.where), state).otherwise("s" if skipping else "p")


def _those(outcomes: Sequence[Outcome], state: str, labeled: bool) -> Column:
    texts = [
        F.when(F.col(quoted(f"data quality {number}")) == state, _text(one, labeled))
        for number, one in enumerate(outcomes)
    ]
    return F.array_compact(F.array(*texts)) if texts else F.array().cast("array<string>")


def _text(outcome: Outcome, labeled: bool) -> str:
    labels = ", ".join(f'"{key}"="{value}"' for key, value in outcome.rule.labels.items())
    return f"{outcome.rule.text} labels=[{labels}]" if labeled and labels else outcome.rule.text
