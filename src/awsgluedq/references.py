"""Rules that compare the frame with others."""

import re
import uuid
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from awsgluedq.checks import Check, Data, Unfit, Verdict, against, column_name, compliance, quoted, rows
from awsgluedq.conditions import ConditionError
from awsgluedq.ruleset import Rule

AGGREGATE = re.compile(r"\s*(avg|sum)\s*\(\s*(?:([^().]+)\.)?([^().]+?)\s*\)\s*", re.IGNORECASE)


def referential_integrity(rule: Rule, data: Data) -> Check:
    """`ReferentialIntegrity "a,b" "alias.{c,d}"`: the share of rows whose values the other frame has. Null is none."""
    columns = _names(rule.parameters[0])
    alias, _, others = rule.parameters[1].partition(".")
    keys = _names(others.strip().removeprefix("{").removesuffix("}"))
    if len(columns) != len(keys) or not keys:
        raise ConditionError(f"As many columns of {alias} are to be named as of the frame: {rule.parameters[1]}.")
    return _marked(rule, data, f"Column.{alias}.ReferentialIntegrity", alias, columns, keys, ())


def dataset_match(rule: Rule, data: Data) -> Check:
    """`DatasetMatch "alias" "key" "columns"`: the share of rows that the other frame has, with the same values."""
    alias = rule.parameters[0]
    pairs = _pairs(rule.parameters[1])
    if len(rule.parameters) > 2:
        matched = _pairs(rule.parameters[2])
    else:
        keys = {one.lower() for one, _ in pairs}
        matched = [(name, name) for name in data.frame.columns if name.lower() not in keys]
    columns, others = [one for one, _ in pairs], [other for _, other in pairs]
    return _marked(rule, data, f"Dataset.{alias}.DatasetMatch", alias, columns, others, matched)


def row_count_match(rule: Rule, data: Data) -> Check:
    """`RowCountMatch "alias"`: how many rows there are for one of the other frame."""
    alias = rule.parameters[0]
    metric = f"Dataset.{alias}.RowCountMatch"
    other = data.source(alias).count()
    value = against(metric, lambda measured: _ratio(measured["rows"], other))
    return Check(value, {"rows": rows()}, metric=metric)


def schema_match(rule: Rule, data: Data) -> Check:
    """`SchemaMatch "alias"`: the share of columns that the other frame has, of the same name and type, in any order."""
    alias = rule.parameters[0]
    here = {field.name: field.dataType.typeName() for field in data.frame.schema.fields}
    there = {field.name: field.dataType.typeName() for field in data.source(alias).schema.fields}
    metric = f"Dataset.{alias}.SchemaMatch"
    same = sum(there.get(name) == kind for name, kind in here.items())
    ratio = same / len(here) if here and len(here) == len(there) else 0.0
    if len(here) != len(there):
        return Check(lambda measured, condition: Verdict(False, "Column counts do not match", {metric: 0.0}))
    return Check(against(metric, lambda measured: ratio), metric=metric)


def aggregate_match(rule: Rule, data: Data) -> Check:
    """`AggregateMatch "sum(a)" "sum(alias.b)"`: what one aggregate is for one of the other."""
    values, names = [], []
    for text in rule.parameters:
        found = AGGREGATE.fullmatch(text)
        if found is None:
            raise ConditionError(f'"{text}" is not an aggregate: avg(column), or sum(alias.column).')
        function, alias, name = found.groups()
        frame = data.frame if alias in (None, "primary") else data.source(alias)
        column = F.col(quoted(column_name(frame, name))).cast("double")
        values.append(frame.agg((F.avg if function.lower() == "avg" else F.sum)(column)).collect()[0][0])
        names.append(name)
    one, other = values
    metric = f"Column.{','.join(dict.fromkeys(names))}.AggregateMatch"
    return Check(
        against(metric, lambda measured: None if one is None or other is None else _ratio(one, other)), metric=metric
    )


def _ratio(one: float, other: float) -> float:
    if not other:
        return 1.0 if not one else 0.0
    return one / other


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _pairs(text: str) -> list[tuple[str, str]]:
    """Columns, as `a` or `a->b` where the other frame calls it otherwise."""
    pairs = [name.partition("->") for name in _names(text)]
    return [(one.strip(), other.strip() or one.strip()) for one, _, other in pairs]


def _marked(
    rule: Rule,
    data: Data,
    metric: str,
    alias: str,
    columns: Sequence[str],
    keys: Sequence[str],
    matched: Sequence[tuple[str, str]],
) -> Check:
    """A check of the rows that another frame has, which a join marks.

    Keys are compared as SQL does, so null is found nowhere; the values that have to match may both be null.
    """
    reference = data.source(alias)
    mark = f"found {uuid.uuid4().hex}"
    pairs = [*zip(columns, keys, strict=True), *matched]
    here = [data.name(one) for one, _ in pairs]
    there = [column_name(reference, other) for _, other in pairs]

    def prepare(frame: DataFrame) -> DataFrame:
        inner = [f"{mark} {number}" for number in range(len(there))]
        renamed = [F.col(quoted(name)).alias(new) for name, new in zip(there, inner, strict=True)]
        others = reference.select(*renamed).distinct().withColumn(mark, F.lit(True))
        same = []
        for number, (name, new) in enumerate(zip(here, inner, strict=True)):
            one, other = F.col(quoted(name)), F.col(quoted(new))
            if data.frame.schema[name].dataType != reference.schema[there[number]].dataType:
                one, other = one.cast("string"), other.cast("string")
            same.append(one == other if number < len(keys) else one.eqNullSafe(other))
        return frame.join(others, same, "left").drop(*inner)

    if rule.where:
        raise Unfit(f"{rule.type} has no where.")
    return compliance(metric, F.coalesce(F.col(quoted(mark)), F.lit(False)), prepare=prepare)
