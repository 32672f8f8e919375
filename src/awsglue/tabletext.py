"""The records of a table whose files are lines of text: the values, as the table's types where they are of these."""

from collections.abc import Mapping
from functools import partial

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import gluetypes as glue
from awsglue import serdes
from awsglue.catalog import CatalogTable, schema_of
from awsglue.columns import COMPLEX, Node, cast, fit, nodes_of, parsed, top
from awsglue.combining import selected
from awsglue.delimited import Tree, nested, of_base64
from awsglue.files import Files, loaded
from awsglue.reading import as_columns, data_of
from awsglue.schema import to_spark
from awsglue.stages import Data
from awsglue.texts import FIELDS, FILE, VALUE, fields, lines

_REAL = r"\s*([+-]?(NaN|Infinity)|(?!.*([nN][aA][nN]|[iI][nN][fF])).*)\s*"
_TEXTS: Mapping[type[glue.DataType], str] = {
    glue.BooleanType: "(?i)true|false",
    glue.FloatType: _REAL,
    glue.DoubleType: _REAL,
    glue.DecimalType: r"\S+",
    glue.DateType: r"\d{4}-\d{1,2}-\d{1,2}",
    glue.TimestampType: r"\s*\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,9})?\s*",
}
"""Of which texts LazySimpleSerDe makes a value; Spark's casts make one of more: of `1` a boolean, of a moment a date."""


def read_text(session: SparkSession, table: CatalogTable, files: Files) -> Data:
    """The table's records. A column of numbers, dates and so on is a choice of its type and string, for what is neither."""
    kinds = {field.name: field.dataType for field in schema_of(table)}
    reader = serdes.reader_of(table)
    deep = [at for at, name in enumerate(table.data_columns) if isinstance(kinds[name], COMPLEX)]
    if reader == "spark":
        data = _of_source(session, table, files)
    elif reader == "regex":
        data = as_columns(_matched(lines(session, files), table), table.data_columns)
    else:
        found = fields(session, files, serdes.dialect_of(table), raw=deep if reader == "hive" else ())
        data = as_columns(found, table.data_columns)
    return selected(data.dataframe, [_typed(table, node, kinds) for node in nodes_of(data.schema)])


def _of_source(session: SparkSession, table: CatalogTable, files: Files) -> Data:
    """A table of Spark's own source of CSV (`USING csv`), by that source with the table's options, as text."""
    text = spark.StructType([spark.StructField(name, spark.StringType()) for name in table.data_columns])
    options = {
        key: value for key, value in table.serde_parameters.items() if key not in ("path", "serialization.format")
    }
    options["mode"] = "FAILFAST" if files.fail_fast else options.get("mode", "PERMISSIVE")
    return data_of(loaded(session, files, lambda reader, paths: reader.options(**options).schema(text).csv(paths)))


def _matched(found: DataFrame, table: CatalogTable) -> DataFrame:
    """The groups of RegexSerDe's expression as `FIELDS`, all null of a line that it does not match."""
    line, pattern = top(VALUE), serdes.regex_of(table)
    groups = [F.regexp_extract(line, pattern, at + 1) for at in range(len(table.data_columns))]
    others = [top(name) for name in found.columns if name not in (FILE, VALUE)]
    return found.select(F.when(line.rlike(pattern), F.array(*groups)).alias(FIELDS), *others)


def _typed(table: CatalogTable, node: Node, kinds: Mapping[str, glue.DataType]) -> Node:
    kind = kinds.get(node.name, glue.StringType())
    if node.name in table.partition_keys:
        return Node(node.name, cast(node, kind), kind)
    if isinstance(kind, glue.StringType):
        return node
    if isinstance(kind, glue.BinaryType):
        return Node(node.name, F.udf(of_base64, spark.BinaryType())(node.column), kind)
    if isinstance(kind, COMPLEX):
        return _nested(table, node, kind)
    patterns = serdes.timestamps_of(table) if isinstance(kind, glue.TimestampType) else []
    hives = _of_hive(kind) if serdes.reader_of(table) == "hive" else ""
    choice = parsed(node, kind, [_moment(node.column, pattern) for pattern in patterns], hives)
    return Node(node.name, choice.column, choice.kind)


def _of_hive(kind: glue.DataType) -> str:
    """A regular expression of the texts of which LazySimpleSerDe makes such a value; empty for any."""
    if isinstance(kind, (glue.ByteType, glue.ShortType, glue.IntegerType, glue.LongType)):
        return r"[+-]?(\d+(\.\d*)?|\.\d+)"
    return _TEXTS.get(type(kind), "")


def _moment(text: Column, pattern: str) -> Column:
    """A timestamp by a pattern of `timestamp.formats`."""
    if pattern == "millis":
        return F.timestamp_millis(F.when(text.rlike(r"^\s*-?\d{1,15}\s*$"), F.trim(text).cast("long")))
    return F.try_to_timestamp(text, F.lit(pattern))


def _nested(table: CatalogTable, node: Node, kind: glue.DataType) -> Node:
    """An array, map or struct as Hive writes it in a field; OpenCSVSerde has none, and leaves the text."""
    if serdes.reader_of(table) in ("opencsv", "spark", "regex"):
        return node
    dialect = serdes.dialect_of(table)
    escape = dialect.escape if dialect.reader == "hive" else ""
    tree = _tree(kind, of_hive=dialect.reader == "hive")
    reading = partial(nested, tree=tree, separators=serdes.separators_of(table), escape=escape, null=dialect.null)
    texts = _texts(kind)
    return Node(node.name, fit(F.udf(reading, to_spark(texts))(node.column), texts, kind), kind)


def _texts(kind: glue.DataType) -> glue.DataType:
    """The type with texts in place of numbers, dates and so on, but for bytes."""
    if isinstance(kind, glue.ArrayType):
        return glue.ArrayType(_texts(kind.elementType))
    if isinstance(kind, glue.MapType):
        return glue.MapType(_texts(kind.valueType), keyType=_texts(kind.keyType))
    if isinstance(kind, glue.StructType):
        return glue.StructType([glue.Field(field.name, _texts(field.dataType)) for field in kind])
    return kind if isinstance(kind, glue.BinaryType) else glue.StringType()


def _tree(kind: glue.DataType, *, of_hive: bool) -> Tree:
    if isinstance(kind, glue.ArrayType):
        return ("array", _tree(kind.elementType, of_hive=of_hive))
    if isinstance(kind, glue.MapType):
        return ("map", _tree(kind.keyType, of_hive=of_hive), _tree(kind.valueType, of_hive=of_hive))
    if isinstance(kind, glue.StructType):
        return ("struct", *[_tree(field.dataType, of_hive=of_hive) for field in kind])
    pattern = _of_hive(kind) if of_hive else ""
    return ("bytes",) if isinstance(kind, glue.BinaryType) else ("text", pattern) if pattern else ("text",)
