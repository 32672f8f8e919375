"""Tables of the Data Catalog read as DynamicFrames."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue import reading
from awsglue.catalog import CatalogTable, name_in_spark, schema_of
from awsglue.columns import COMPLEX, Node, cast, members, nodes_of, parsed
from awsglue.combining import selected
from awsglue.stages import Data

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame


def read_table(
    context: "GlueContext", table: CatalogTable, predicate: str, options: Mapping[str, Any]
) -> "DynamicFrame":
    """The table's records.

    Files of text are read by Glue's own readers, since their records may not be what the table says: values of CSV that
    are not of their column's type make the column a choice of that type and string, JSON has the types seen in it.
    """
    from awsglue.dynamicframe import DynamicFrame

    if table.format not in ("csv", "json") or not table.location:
        return _typed_table(context, table, predicate, options)
    passed = {"columns": table.data_columns} if table.format == "csv" else {}
    files = reading.Files(
        paths=[table.location],
        format=table.format,
        options=table.csv_options if table.format == "csv" else {},
        recurse=not table.partition_keys,
        exclusions=reading.exclusions_of({**table.parameters, **options}),
        predicate=predicate,
        passed=passed,
    )
    frame = reading.read(context, files)
    kinds = {field.name: field.dataType for field in schema_of(table)}
    data = Data(frame.toDF(), frame.schema())
    if table.format == "csv":
        return DynamicFrame.of(_settled(selected(data.dataframe, _parsed(data, table, kinds))), context, table.name)
    keys = [
        Node(node.name, cast(node, kinds[node.name]), kinds[node.name]) if node.name in table.partition_keys else node
        for node in nodes_of(data.schema)
    ]
    made = DynamicFrame.of(selected(data.dataframe, keys), context, table.name)
    return made.with_errors(frame.all_errors(), None, (0, 0))


def _typed_table(
    context: "GlueContext", table: CatalogTable, predicate: str, options: Mapping[str, Any]
) -> "DynamicFrame":
    """A table whose files have types of their own."""
    from awsglue.dynamicframe import DynamicFrame

    known = name_in_spark(context.spark_session, table)
    if known:
        dataframe = context.spark_session.table(known)
        return DynamicFrame(dataframe.where(predicate) if predicate else dataframe, context, table.name)
    if not table.location:
        raise ValueError(f"The table {table.name} has no location to read from.")
    files = reading.Files([table.location], table.format, predicate=predicate, passed=options)
    return reading.read(context, files)


def _parsed(data: Data, table: CatalogTable, kinds: Mapping[str, glue.DataType]) -> list[Node]:
    nodes = []
    for node in nodes_of(data.schema):
        kind = kinds.get(node.name, glue.StringType())
        if node.name in table.partition_keys:
            nodes.append(Node(node.name, cast(node, kind), kind))
        elif isinstance(kind, (glue.StringType, *COMPLEX)):
            nodes.append(node)
        else:
            choice = parsed(node.column, kind)
            nodes.append(Node(node.name, choice.column, choice.kind))
    return nodes


def _settled(data: Data) -> Data:
    """The choices of which every record has the first kind, as that kind alone. Reads all records once."""
    choices = [node for node in nodes_of(data.schema) if isinstance(node.kind, glue.ChoiceType)]
    if not choices:
        return data
    strays = [
        F.coalesce(F.max(node.column.getField("string").isNotNull()), F.lit(False)).alias(str(position))
        for position, node in enumerate(choices)
    ]
    found = data.dataframe.agg(*strays).head()
    plain = {node.name for node, stray in zip(choices, found or (), strict=True) if not stray}
    nodes = []
    for node in nodes_of(data.schema):
        kept = [member for member in members(node) if member.name != "string"] if node.name in plain else []
        nodes += [Node(node.name, member.column, member.kind) for member in kept] or [node]
    return selected(data.dataframe, nodes)
