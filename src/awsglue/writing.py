"""DynamicFrames written as files of Glue's formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter

from awsglue import gluetypes as glue
from awsglue.columns import Node, fit, nodes_of
from awsglue.combining import selected
from awsglue.errors import NotSupported
from awsglue.options import truth
from awsglue.reading import COLUMNAR, PASSED, READ_ONLY, UNSUPPORTED
from awsglue.resolution import has_choice, resolve_all
from awsglue.stages import Data, as_json

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


def write_format(name: str | None) -> str:
    """The format's name. Raises ValueError when it is none, NotSupported when it cannot be written."""
    if not name:
        raise ValueError("Files need a format: csv, json, parquet or orc.")
    known = COLUMNAR.get(name.lower(), name.lower())
    if known in READ_ONLY | UNSUPPORTED:
        raise NotSupported(f"The format {name} cannot be written.")
    if known not in {"csv", "json", *COLUMNAR, *PASSED}:
        raise ValueError(f"{name} is not a format: use csv, json, parquet, orc, avro, iceberg, delta or hudi.")
    return known


def writable(data: Data, format: str) -> Data:
    """The records with what the format cannot hold put another way.

    Fields of nothing but nulls become text; choices become structs, and text in CSV.
    """
    choice = "cast:string" if format == "csv" else "make_struct"
    nodes = [_text(node) for node in resolve_all(nodes_of(data.schema), choice)]
    return selected(data.dataframe, nodes)


def _text(node: Node) -> Node:
    kind = _without_nulls(node.kind)
    return Node(node.name, fit(node.column, node.kind, kind), kind)


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


def write(data: Data, target: Target) -> Data:
    """Add the records to the files at the path; what was written, as it was."""
    name = write_format(target.format)
    if name == "json" and has_choice(data.schema) and not target.partition_keys:
        _json_choices(data, target)
        return writable(data, name)
    written = writable(data, name)
    writer = _writer(written.dataframe, target)
    if name == "csv":
        writer = writer.options(**_csv_options(target.format_options))
    if name == "parquet":
        sizes = {PARQUET[key]: value for key, value in target.format_options.items() if key in PARQUET}
        writer = writer.options(**sizes)
    if name in PASSED:
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
    compression = target.options.get("compression") or target.format_options.get("compression")
    if compression:
        writer = writer.option("compression", str(compression))
    passed = {key: value for key, value in target.options.items() if key not in OWN and value is not None}
    return writer.options(**passed)


OWN = {"path", "paths", "partitionKeys", "compression", "enableUpdateCatalog", "updateBehavior", "catalogDatabase",
       "catalogTableName"}  # fmt: skip
"""Connection options that are not for Spark's writer."""


def _csv_options(options: Mapping[str, Any]) -> dict[str, str]:
    quote = str(options.get("quoteChar", '"'))
    return {
        "sep": str(options.get("separator", ",")),
        "quote": "" if quote == "-1" else quote,
        "escape": str(options.get("escaper", '"')),
        "header": str(truth(options.get("writeHeader", True))),
    }


def _json_choices(data: Data, target: Target) -> None:
    lines = as_json(data, data.dataframe).map(lambda line: (line,))
    _writer(lines.toDF("value string"), target).mode("append").text(target.path)
