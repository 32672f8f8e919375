"""Rules about the values of a column, one by one: which rows meet them, and how many do."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from awsgluedq.checks import UNMET, Check, Data, Measured, Verdict, compliance, how_many, quoted, rows
from awsgluedq.conditions import ConditionError, holds, number_of
from awsgluedq.ruleset import Condition, Duration, Keyword, Moment, Number, Operand, Rule, Text

Literal = Column | float | str
DATE = re.compile(r"\d{4}-\d\d-\d\d")
ORDERS = (">", ">=", "<", "<=", "between", "not between")
TYPES = ("Boolean", "Date", "Timestamp", "Integer", "Double", "Float", "Long")
DECIMAL = re.compile(r"DECIMAL\(\s*\d+\s*,\s*\d+\s*\)")
FORMATS = {
    one.replace("-", sign)
    for one in ("dd-MM-yyyy", "MM-dd-yyyy", "yyyy-MM-dd", "MM-yyyy", "yyyy-MM", "dd-MM", "MM-dd")
    for sign in "-/"
}
"""The formats of dates that ColumnDataType takes."""

KEYWORDS: dict[str, Callable[[Column], Column]] = {
    "NULL": lambda column: column.isNull(),
    "EMPTY": lambda column: column.cast("string") == "",
    "WHITESPACES_ONLY": lambda column: column.cast("string").rlike(r"^\s+$"),
}


def column_values(rule: Rule, data: Data) -> Check:
    """`ColumnValues`: by its extremes, where it is a matter of numbers and their order, else by the share of rows."""
    name = rule.parameters[0]
    column, kind = data.column(name), data.type(name)
    if rule.condition is None:
        return _extremes(f"Column.{name}", "Minimum", "Maximum", _number(column, data.name(name), kind))
    condition = rule.condition
    if condition.operator.endswith("matches"):
        _check_pattern(condition, data)
    row = _met(condition, column, quoted(data.name(name)), kind)
    if rule.threshold is None and _of_numbers(condition, kind) and condition.operator in (*ORDERS[:5], "="):
        number = _number(column, data.name(name), kind)
        return _bounded(f"Column.{name}", ("Minimum", "Maximum"), condition, number, row)
    return compliance(f"Column.{name}.ColumnValues.Compliance", row)


def column_length(rule: Rule, data: Data) -> Check:
    """`ColumnLength`: how many characters the values have. A value that is null has none."""
    name = rule.parameters[0]
    length = F.coalesce(F.length(data.column(name).cast("string")), F.lit(0))
    if rule.condition is None:
        return _extremes(f"Column.{name}", "MinimumLength", "MaximumLength", length)
    row = _compared(rule.condition, length, [number_of(one) for one in rule.condition.operands])
    if rule.threshold is None and rule.condition.operator in (*ORDERS[:5], "="):
        return _bounded(f"Column.{name}", ("MinimumLength", "MaximumLength"), rule.condition, length, row)
    return compliance(f"Column.{name}.LengthCompliance", row)


def column_data_type(rule: Rule, data: Data) -> Check:
    """`ColumnDataType`: the values that can be cast to a type. Those that are null are of none."""
    name, condition = rule.parameters[0], rule.condition
    assert condition is not None
    wanted = condition.operands[0]
    if condition.operator not in ("=", "!=") or not isinstance(wanted, Text):
        raise ConditionError('ColumnDataType takes = "..." or != "...".')
    target = wanted.value.upper()
    if target not in {one.upper() for one in TYPES} and not DECIMAL.fullmatch(target):
        raise ConditionError(
            f"Unrecognized data type: {wanted.value}. Those there are: {', '.join(TYPES)}, Decimal(p,s)."
        )
    column = quoted(data.name(name))
    style = rule.tag("format")
    if style is None:
        cast = F.expr(f"try_cast(CAST({column} AS STRING) AS {'BIGINT' if target == 'LONG' else target})").isNotNull()
    elif target != "DATE" or style not in FORMATS:
        raise ConditionError(f"With format takes dates, in one of the formats {', '.join(sorted(FORMATS))}.")
    else:
        cast = _is_date(data.column(name).cast("string"), style)
    row = F.coalesce(cast if condition.operator == "=" else ~cast, F.lit(False))
    return compliance(f"Column.{name}.ColumnDataType.Compliance", row)


def data_freshness(rule: Rule, data: Data) -> Check:
    """`DataFreshness`: how old the values, which are times, are now."""
    name, condition = rule.parameters[0], rule.condition
    assert condition is not None
    seconds = []
    for operand in condition.operands:
        if not isinstance(operand, Duration):
            raise ConditionError("DataFreshness is compared with times, such as 24 hours or 3 days.")
        seconds.append(operand.length.total_seconds())
    then = F.expr(f"unix_timestamp(try_cast({quoted(data.name(name))} AS TIMESTAMP))")
    age = F.unix_timestamp(F.current_timestamp()) - then
    return compliance(f"Column.{name}.DataFreshness.Compliance", _compared(condition, age, seconds))


def _check_pattern(condition: Condition, data: Data) -> None:
    """Raises ConditionError for what is no regular expression to Spark, which would find out at the first row only."""
    jvm: Any = data.frame.sparkSession._jvm
    pattern = condition.operands[0]
    assert isinstance(pattern, Text)
    try:
        jvm.java.util.regex.Pattern.compile(pattern.value)
    except PySparkException as error:
        why = str(error).splitlines()[0]
        raise ConditionError(f'"{pattern.value}" is not a regular expression: {why}.') from error


def _extremes(prefix: str, low: str, high: str, number: Column) -> Check:
    """The check of an analyzer, which is not judged."""

    def judge(measured: Measured, condition: Condition | None) -> Verdict:
        metrics = {f"{prefix}.{low}": measured["low"], f"{prefix}.{high}": measured["high"]}
        return Verdict(True, None, {metric: float(value) for metric, value in metrics.items() if value is not None})

    return Check(judge, {"low": F.min(number), "high": F.max(number)})


def _bounded(prefix: str, names: tuple[str, str], condition: Condition, number: Column, row: Column) -> Check:
    """The check of a rule that the extremes tell of: the failure names the extreme that does not meet it."""
    ends = [end for end, others in (("low", ("<", "<=")), ("high", (">", ">="))) if condition.operator not in others]
    metric = dict(zip(("low", "high"), (f"{prefix}.{name}" for name in names), strict=True))

    def judge(measured: Measured, _: Condition | None) -> Verdict:
        found = {end: float(measured[end]) for end in ends if measured[end] is not None}
        metrics = {metric[end]: value for end, value in found.items()}
        if not measured["rows"]:
            return Verdict(False, f"There are no values to compute {metric[ends[0]]} of.", {})
        if measured["good"] == measured["rows"]:
            return Verdict(True, None, metrics)
        outside = [value for value in found.values() if not holds(condition, value)]
        # When both extremes meet it, what does not is null.
        return Verdict(False, UNMET.format(outside[0] if outside else "NULL"), metrics)

    measures = {"low": F.min(number), "high": F.max(number), "rows": rows(), "good": how_many(row)}
    return Check(judge, measures, row=row)


def _of_numbers(condition: Condition, kind: T.DataType) -> bool:
    """Whether a condition is about numbers: it has some, or texts of some for a column of them or for their order."""
    plain = [operand for operand in condition.operands if not isinstance(operand, Keyword)]
    if isinstance(kind, (T.DateType, T.TimestampType)) or not plain or condition.operator.endswith("matches"):
        return False
    texts = isinstance(kind, T.NumericType) or condition.operator in ORDERS
    return all(isinstance(one, Number) or (isinstance(one, Text) and texts and _is_number(one)) for one in plain)


def _is_number(text: Text) -> bool:
    try:
        float(text.value)
    except ValueError:
        return False
    return True


def _number(column: Column, name: str, kind: T.DataType) -> Column:
    return column if isinstance(kind, T.NumericType) else F.expr(f"try_cast({quoted(name)} AS DOUBLE)")


def _met(condition: Condition, column: Column, name: str, kind: T.DataType) -> Column:
    """Whether a value meets a condition: never null. Raises ConditionError."""
    keywords = [KEYWORDS[operand.name](column) for operand in condition.operands if isinstance(operand, Keyword)]
    plain = [operand for operand in condition.operands if not isinstance(operand, Keyword)]
    if keywords and condition.operator not in ("=", "!=", "in", "not in"):
        raise ConditionError(
            f"NULL, EMPTY and WHITESPACES_ONLY go with =, !=, in and not in, not {condition.operator}."
        )
    found = [F.coalesce(one, F.lit(False)) for one in keywords]
    if plain:
        values, literals = _comparable(condition, plain, column, name, kind)
        if condition.operator not in ("=", "!=", "in", "not in"):
            return _compared(condition, values, literals)
        found.append(F.coalesce(values.isin(literals), F.lit(False)))
    listed = reduce(or_, found)
    return ~listed if condition.negated else listed


def _comparable(
    condition: Condition, plain: Sequence[Operand], column: Column, name: str, kind: T.DataType
) -> tuple[Column, list[Literal]]:
    """A column and literals that can be compared: as dates, as numbers or as texts."""
    if condition.operator.endswith("matches"):
        return column.cast("string"), [operand.value for operand in plain if isinstance(operand, Text)]
    if _of_numbers(condition, kind):
        values = column if isinstance(kind, T.NumericType) else F.expr(f"try_cast({name} AS DOUBLE)")
        return values, [_literal(number_of(operand)) for operand in plain]
    dates = all(isinstance(one, Moment) or (isinstance(one, Text) and DATE.match(one.value)) for one in plain)
    timed = isinstance(kind, (T.DateType, T.TimestampType)) or condition.operator in ORDERS
    if dates and (timed or any(isinstance(one, Moment) for one in plain)):
        return F.expr(f"try_cast({name} AS DATE)"), [_date(operand) for operand in plain]
    if all(isinstance(one, Text) for one in plain) and not timed:
        return column.cast("string"), [operand.value for operand in plain if isinstance(operand, Text)]
    raise ConditionError(
        f"A column of type {kind.simpleString()} cannot be compared so: {condition.operator} takes numbers or dates "
        "of one kind" + ("." if timed else ", or texts.")
    )


def _literal(number: float) -> Literal:
    return int(number) if number == int(number) else number


def _date(operand: Operand) -> Literal:
    if isinstance(operand, Moment):
        seconds = operand.offset.total_seconds()
        return F.expr(f"CAST(current_timestamp() + INTERVAL {seconds:.0f} SECONDS AS DATE)")
    assert isinstance(operand, Text)
    try:
        return F.lit(date.fromisoformat(operand.value[:10]))
    except ValueError:
        raise ConditionError(f'"{operand.value}" is not a date.') from None


def _compared(condition: Condition, values: Column, literals: Sequence[Literal]) -> Column:
    """Whether values meet a condition; those that are null do when it is != or not in."""
    first = literals[0]
    match condition.operator:
        case "=" | "in":
            met = values.isin(*literals)
        case "!=" | "not in":
            return F.coalesce(~values.isin(*literals), F.lit(True))
        case ">":
            met = values > first
        case ">=":
            met = values >= first
        case "<":
            met = values < first
        case "<=":
            met = values <= first
        case "between":
            met = (values > first) & (values < literals[1])
        case "not between":
            met = (values <= first) | (values >= literals[1])
        case "matches":
            met = values.rlike(f"^(?:{first})$")
        case _:
            met = ~values.rlike(f"^(?:{first})$")
    return F.coalesce(met, F.lit(False))


def _is_date(text: Column, style: str) -> Column:
    """Whether a text is a date in a format; what a date in it lacks is taken to be the first, or the year 2000."""
    sign = "-" if "-" in style else "/"
    if "dd" not in style:
        text, style = F.concat(F.lit(f"01{sign}"), text), f"dd{sign}{style}"
    elif "yyyy" not in style:
        text, style = F.concat(text, F.lit(f"{sign}2000")), f"{style}{sign}yyyy"
    # Parsing by a format raises for some texts, whatever is asked: the digits are put in ISO's order, and that is cast.
    fields = re.findall("[dMy]+", style)
    pattern = "^" + re.sub("[dMy]+", lambda field: rf"(\d{{{len(field.group())}}})", style) + "$"
    iso = "-".join(f"${fields.index(field) + 1}" for field in ("yyyy", "MM", "dd"))
    return text.rlike(pattern) & F.try_to_timestamp(F.regexp_replace(text, pattern, iso)).isNotNull()
