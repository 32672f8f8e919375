"""DynamicFrames written as files of Glue's formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue.columns import COMPLEX, Node, fit, nodes_of
from awsglue.combining import selected
from awsglue.formats import WRITE, write_format
from awsglue.options import truth
from awsglue.reading import CsvOptions, check_avro
from awsglue.resolution import has_choice, resolve_all
from awsglue.schema import to_spark
from awsglue.stages import Data, as_json
from awsglue.textlines import Lines, lines_of
from awsglue.texts import VALUE

PARQUET = {"blockSize": "parquet.block.size", "pageSize": "parquet.page.size"}
"""Glue's options of Parquet files, in bytes, as Parquet's own writer has them."""


@dataclass(frozen=True)
class Target:
    """Where files go, of which format, with which options."""

    path: str
    format: str
    format_options: Mapping[str, Any] = field(default_factory=dict)
    partition_keys: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    passed: Mapping[str, Any] = field(default_factory=dict)
    """Options of Spark's writer."""
    lines: Lines | None = None
    """How a table's text is put into lines."""


def writable(data: Data, format: str) -> Data:
    """The records with what the format cannot hold put another way.

    Fields of nothing but nulls become text; choices become structs, and text in CSV.
    """
    choice = "cast:string" if format == "csv" else "make_struct"
    nodes = [_text(node) for node in resolve_all(nodes_of(data.schema), choice)]
    return selected(data.dataframe, nodes)


def _text(node: Node) -> Node:
    kind = _without_nulls(node.kind)
    return node if kind == node.kind else Node(node.name, fit(node.column, node.kind, kind), kind)


def _without_nulls(kind: glue.DataType) -> glue.DataType:
    if isinstance(kind, glue.NullType):
        return glue.StringType()
    if isinstance(kind, glue.ArrayType):
        return glue.ArrayType(_without_nulls(kind.elementType))
    if isinstance(kind, glue.StructType):
        return glue.StructType([glue.Field(field.name, _without_nulls(field.dataType)) for field in kind])
    return kind


def as_table(data: Data, schema: glue.StructType) -> Data:
    """The records with the types that a table has for its columns; what cannot be cast is null."""
    kinds = {field.name.lower(): field.dataType for field in schema}
    nodes = [
        Node(node.name, fit(node.column, node.kind, kinds[node.name.lower()]), kinds[node.name.lower()])
        if node.name.lower() in kinds
        else node
        for node in nodes_of(data.schema)
    ]
    return selected(data.dataframe, nodes)


def in_order(data: Data, schema: glue.StructType) -> Data:
    """The records with the columns in a table's order, as lines of text have them by; what the table lacks comes last.

    A column of text or of numbers keeps its values as they are: a line of text holds any.
    """
    left = {node.name.lower(): node for node in nodes_of(data.schema)}
    nodes = []
    for column in schema:
        kind = column.dataType
        node = left.pop(column.name.lower(), None) or Node(column.name, F.lit(None).cast(to_spark(kind)), kind)
        nested = isinstance(kind, COMPLEX) or isinstance(node.kind, COMPLEX)
        nodes.append(Node(column.name, fit(node.column, node.kind, kind), kind) if nested else node)
    return selected(data.dataframe, [*nodes, *left.values()])


def write(data: Data, target: Target) -> Data:
    """Add the records to the files at the path; what was written, as it was.

    Raises NotSupported and ValueError for options of the format that are not carried out (`formats`).
    """
    name = write_format(target.format)
    if name in WRITE:
        WRITE[name].check(target.format_options)
    if name == "json" and has_choice(data.schema) and not target.partition_keys:
        _json_choices(data, target)
        return writable(data, name)
    written = writable(data, name)
    lines = target.lines or (_lines(target.format_options) if name == "csv" else None)
    if lines is not None:
        text = lines_of(written, lines, target.partition_keys)
        _writer(text.withColumnRenamed(VALUE, "value"), target).mode("append").text(target.path)
        return written
    writer = _writer(written.dataframe, target)
    if name == "csv":
        writer = writer.options(**_csv_options(CsvOptions.of(target.format_options), target.format_options))
    elif name == "parquet":
        sizes = {PARQUET[key]: value for key, value in target.format_options.items() if key in PARQUET}
        writer = writer.options(**sizes)
    elif name in WRITE:
        check_avro(target.format_options if name == "avro" else {})
        writer = writer.options(**WRITE[name].sparks(target.format_options))
    else:
        writer = writer.options(**{key: value for key, value in target.format_options.items() if value is not None})
    writer.format(name).mode("append").save(target.path)
    return written


def _writer(dataframe: DataFrame, target: Target) -> DataFrameWriter:
    writer = dataframe.write
    if target.partition_keys:
        missing = [key for key in target.partition_keys if key not in dataframe.columns]
        if missing:
            raise ValueError(f"There is no column {', '.join(missing)} to partition by.")
        writer = writer.partitionBy(*target.partition_keys)
    compression = str(target.options.get("compression") or target.format_options.get("compression") or "").lower()
    if compression:
        writer = writer.option("compression", {"bzip": "bzip2"}.get(compression, compression))
    return writer.options(**{"timestampFormat": MOMENTS, **target.passed})


MOMENTS = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"
"""How csv and json have timestamps: Spark would drop what is less than a millisecond."""


def _lines(options: Mapping[str, Any]) -> Lines | None:
    """How Glue's CSV is put into lines, where Spark's writer cannot: without quotes, or with an escape anywhere."""
    given = CsvOptions.of(options)
    if given.quote and not given.escape:
        return None
    return Lines(given.dialect, truth(options.get("writeHeader", True)))


def _csv_options(given: CsvOptions, options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sep": given.separator,
        "quote": given.quote,
        "escape": given.quote,
        "header": truth(options.get("writeHeader", True)),
        "emptyValue": given.quote * 2,
        # Spark drops spaces at both ends of a value otherwise.
        "ignoreLeadingWhiteSpace": False,
        "ignoreTrailingWhiteSpace": False,
    }


def _json_choices(data: Data, target: Target) -> None:
    lines = as_json(data, data.dataframe).map(lambda line: (line,))
    _writer(lines.toDF("value string"), target).mode("append").text(target.path)
