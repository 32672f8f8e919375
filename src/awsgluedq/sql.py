"""`CustomSql`: a statement about `primary`, the frame, that gives a number, or the rows that are right."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from awsgluedq.checks import Check, Data, Unfit, against, how_many, rows, share
from awsgluedq.ruleset import Rule

SIMPLE = re.compile(
    r"\s*select\s+([\w\s,.*`]+?)\s+from\s+primary(?:\s+where\s+(.+?))?\s*;?\s*", re.IGNORECASE | re.DOTALL
)
MORE = re.compile(
    r"\b(group\s+by|order\s+by|having|limit|union|intersect|except|join|distinct|select)\b", re.IGNORECASE
)
METRIC = "Dataset.*.CustomSQL"
UNMET = "Custom SQL response failed to satisfy the threshold"


def custom_sql(rule: Rule, data: Data) -> Check:
    """The check of a statement. Raises Unfit for one that Spark refuses or whose answer is no number."""
    statement = rule.parameters[0]
    if rule.where:
        raise Unfit("CustomSql has no where of its own: put it into the statement.")
    try:
        with views({**data.sources, "primary": data.frame}):
            answer = data.frame.sparkSession.sql(statement)
            if rule.condition is not None or rule.analyzer:
                return _number(answer)
            return _rows(data, statement, answer)
    except PySparkException as error:
        raise Unfit(f"Custom SQL rule could not be evaluated; {str(error).splitlines()[0]}") from error


@contextmanager
def views(frames: Mapping[str, DataFrame]) -> Iterator[None]:
    """Frames as views, for as long as it takes; what views of these names there were are put back."""
    session = next(iter(frames.values())).sparkSession
    # Spark's Python has no way to ask for one view, and listing them goes through all tables of the catalog.
    views_of_session: Any = session._jsparkSession.sessionState().catalog()
    kept = {name: session.table(name) for name in frames if views_of_session.getTempView(name).isDefined()}
    for name, frame in frames.items():
        frame.createOrReplaceTempView(name)
    try:
        yield
    finally:
        for name in frames:
            if name in kept:
                kept[name].createOrReplaceTempView(name)
            else:
                session.catalog.dropTempView(name)


def _number(answer: DataFrame) -> Check:
    found = answer.limit(2).collect()
    try:
        value = float(found[0][0])
    except (IndexError, TypeError, ValueError):
        what = f"{found[0][0]}" if found else "no rows"
        raise Unfit(f"Custom SQL rule could not be evaluated; the statement gave {what}, and not a number.") from None
    if len(found) > 1 or len(found[0]) > 1:
        raise Unfit("Custom SQL rule could not be evaluated; the statement gave more than one number.")
    return Check(against(METRIC, lambda measured: value, unmet=UNMET), metric=METRIC)


def _rows(data: Data, statement: str, answer: DataFrame) -> Check:
    """The share of rows that a statement gives: told row by row where it is no more than a condition on rows."""
    metric = f"{METRIC}.Compliance"
    row = _condition(data.frame, statement)
    if row is not None:
        measures = {"rows": rows(), "good": how_many(row)}
        return Check(against(metric, share("good"), unmet=UNMET), measures, row=row, metric=metric)
    given, whole = answer.count(), data.frame.count()
    return Check(against(metric, lambda measured: given / whole if whole else None, unmet=UNMET), metric=metric)


def _condition(frame: DataFrame, statement: str) -> Column | None:
    """What a statement asks of rows, where it asks no more than that."""
    simple = SIMPLE.fullmatch(statement)
    if simple is None or MORE.search(f"{simple.group(1)} {simple.group(2) or ''}"):
        return None
    if not simple.group(2):
        return F.lit(True)
    row = F.expr(simple.group(2))
    try:
        frame.where(row)
    except PySparkException:
        # It names the view.
        return None
    return F.coalesce(row, F.lit(False))
