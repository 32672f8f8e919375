"""Records as lines of delimited text, in the dialect that reads them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue.columns import COMPLEX, Node, cast, members, nodes_of, top
from awsglue.delimited import Dialect, headed
from awsglue.stages import Data
from awsglue.texts import VALUE

ENDS = {"\n": "n", "\r": "r"}


@dataclass(frozen=True)
class Lines:
    """How records are put into lines: the dialect, whether there is a header, and what parts nested values (Hive's)."""

    dialect: Dialect
    header: bool = False
    separators: str = ""


def lines_of(data: Data, how: Lines, partition_keys: Sequence[str]) -> DataFrame:
    """A line a record as `VALUE`, and the partition columns."""
    nodes = [node for node in nodes_of(data.schema) if node.name not in partition_keys]
    line = F.concat_ws(how.dialect.separator, *[_field(node, how) for node in nodes]).alias(VALUE)
    found = data.dataframe.select(line, *[top(key) for key in partition_keys])
    if not how.header:
        return found
    names = how.dialect.separator.join(_literal(node.name, how.dialect) for node in nodes)
    rows: Any = found.rdd.mapPartitions(partial(headed, header=names))
    return found.sparkSession.createDataFrame(rows, found.schema, verifySchema=False)


def _literal(name: str, dialect: Dialect) -> str:
    """A column's name as a field."""
    quote = dialect.quote
    special = (dialect.separator, quote, "\n", "\r") if quote else ()
    if dialect.reader != "opencsv" and not any(mark in name for mark in special):
        return name
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"


def _field(node: Node, how: Lines) -> Column:
    """The value as a field; never null."""
    dialect = how.dialect
    if isinstance(node.kind, COMPLEX) and how.separators:
        text = _nested(node.column, node.kind, how, 0)
        return F.coalesce(text, F.lit(dialect.null))
    text = F.base64(node.column) if isinstance(node.kind, glue.BinaryType) else cast(node, glue.StringType())
    make = {"hive": _of_hive, "opencsv": _of_opencsv, "glue": _of_glue}[dialect.reader]
    null = "" if dialect.reader == "opencsv" else dialect.null
    return F.coalesce(make(text, how), F.lit(null))


def _of_hive(text: Column, how: Lines) -> Column:
    return _escaped(text, how.dialect.escape, how.dialect.separator + how.separators)


def _escaped(text: Column, escape: str, marks: str) -> Column:
    """The text with an escape before each of these marks; as it is without one."""
    if not escape:
        return text
    text = F.replace(text, F.lit(escape), F.lit(escape * 2))
    ended = {**{mark: mark for mark in marks if mark != escape}, **ENDS}
    return reduce(lambda made, mark: F.replace(made, F.lit(mark), F.lit(escape + ended[mark])), ended, text)


def _of_opencsv(text: Column, how: Lines) -> Column:
    quote, escape = how.dialect.quote, how.dialect.escape
    text = F.replace(text, F.lit(escape), F.lit(escape * 2))
    return F.concat(F.lit(quote), F.replace(text, F.lit(quote), F.lit(escape + quote)), F.lit(quote))


def _of_glue(text: Column, how: Lines) -> Column:
    dialect = how.dialect
    quote = dialect.quote
    if not quote:
        return _escaped(text, dialect.escape, dialect.separator)
    safe = _escaped(text, dialect.escape, "")
    special = (text == dialect.null) | reduce(
        lambda found, mark: found | text.contains(mark), ["\n", "\r", quote], text.contains(dialect.separator)
    )
    doubled = F.concat(F.lit(quote), F.replace(safe, F.lit(quote), F.lit(quote * 2)), F.lit(quote))
    return F.when(special, doubled).otherwise(safe)


def _nested(column: Column, kind: glue.DataType, how: Lines, level: int) -> Column:
    """An array, map or struct as LazySimpleSerDe writes it, or what is in one."""
    separator, null = F.lit(how.separators[level]), F.lit(how.dialect.null)
    if isinstance(kind, glue.ArrayType):
        inner = kind.elementType
        parts = F.transform(column, lambda part: F.coalesce(_nested(part, inner, how, level + 1), null))
        return F.array_join(parts, how.separators[level])
    if isinstance(kind, glue.MapType):
        key, value = kind.keyType, kind.valueType
        between = F.lit(how.separators[level + 1])
        entries = F.transform(
            F.map_entries(column),
            lambda entry: F.concat(
                _nested(entry.getField("key"), key, how, level + 2),
                between,
                F.coalesce(_nested(entry.getField("value"), value, how, level + 2), null),
            ),
        )
        return F.array_join(entries, how.separators[level])
    if isinstance(kind, glue.StructType):
        fields = [F.coalesce(_nested(part.column, part.kind, how, level + 1), null)
                  for part in members(Node("", column, kind))]  # fmt: skip
        return F.when(column.isNotNull(), F.concat(*[piece for field in fields for piece in (separator, field)][1:]))
    return _of_hive(cast(Node("", column, kind), glue.StringType()), how)
