"""Unbox: a text field read as a format."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import gluetypes as glue
from awsglue.columns import Node, cast, edit, find, nodes_of, path_in
from awsglue.combining import selected
from awsglue.formats import Options
from awsglue.records import Shape, is_json, json_shapes, json_value, merge
from awsglue.schema import from_spark, to_spark
from awsglue.shapes import shape_of_type, type_of
from awsglue.stages import Data, Errors

OPTIONS = Options(
    "unbox",
    honored=("separator", "escaper", "withSchema"),
    refused={
        "skipFirst": "each text is one record.",
        "withHeader": "each text is one record: name its fields by withSchema.",
        "quoteChar": "a quote is a double quote.",
    },
)


def unbox(data: Data, path: str, format: str, options: Mapping[str, Any], info: str) -> tuple[Data, Errors]:
    """The frame with the text at the path read, without the records whose text cannot be read; and those.

    Raises ValueError for a path to no text and for other formats than json and csv.
    """
    OPTIONS.check(options)
    nodes = nodes_of(data.schema)
    names = path_in(nodes, path)
    node = find(nodes, names)
    if node is None or not isinstance(node.kind, (glue.StringType, glue.ChoiceType)):
        raise ValueError(f"There is no text field {path} to unbox.")
    text = cast(node, glue.StringType())
    if format.lower() == "csv":
        value, kind = _csv(data.dataframe, text, options)
        readable: Column = F.lit(True)
    elif format.lower() == "json":
        kind = _given(options) or _seen(data.dataframe, text)
        value = F.udf(partial(json_value, shape_of_type(kind)), to_spark(kind))(text)
        readable = text.isNull() | F.udf(is_json, spark.BooleanType())(text)
    else:
        raise ValueError(f"Unbox reads json and csv, and not {format}.")
    unboxed = edit(nodes, names, lambda old: [Node(old.name, value, kind)])
    kept = selected(data.dataframe.where(readable), unboxed)
    return kept, Errors(partial(_failed, data.dataframe.where(~readable), text), info)


def _failed(dataframe: DataFrame, text: Column) -> DataFrame:
    record = F.to_json(F.struct("*"))
    parts = {"msg": F.lit("The text is not JSON."), "stackTrace": F.lit(""), "input": text, "dynamicRecord": record}
    return dataframe.select(*[column.alias(name) for name, column in parts.items()])


def _given(options: Mapping[str, Any]) -> glue.StructType | None:
    schema = options.get("withSchema")
    return read_schema(schema) if schema else None


def read_schema(schema: Any) -> glue.StructType:
    """A schema given as an option: JSON text of a Glue or a Spark StructType. Raises ValueError for anything else."""
    try:
        value = json.loads(schema) if isinstance(schema, str) else schema
        known = "dataType" in value
        kind = glue.fromJsonValue(value) if known else from_spark(spark.StructType.fromJson(value))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("withSchema is not the JSON of a StructType.") from error
    if not isinstance(kind, glue.StructType):
        raise ValueError("withSchema is not the JSON of a StructType.")
    return kind


def _seen(dataframe: DataFrame, text: Column) -> glue.DataType:
    seen: Shape = {}
    for shape in dataframe.select(text).rdd.mapPartitions(json_shapes).collect():
        seen = merge(seen, shape)
    return type_of(seen)


def _csv(dataframe: DataFrame, text: Column, options: Mapping[str, Any]) -> tuple[Column, glue.DataType]:
    separator = str(options.get("separator", ","))
    kind = _given(options)
    if kind is None:
        # A quoted separator makes this too many, and the last columns null in every record, but loses nothing.
        parts = F.size(F.split(text, "\\Q" + separator + "\\E"))
        number = max(dataframe.select(F.max(parts)).head()[0] or 1, 1)  # type: ignore[index]
        kind = glue.StructType([glue.Field(f"col{position}", glue.StringType()) for position in range(number)])
    reading = {"sep": separator, **({"escape": str(options["escaper"])} if "escaper" in options else {})}
    ddl = ", ".join(f"`{field.name}` {to_spark(field.dataType).simpleString()}" for field in kind)
    return F.from_csv(text, ddl, reading), kind
