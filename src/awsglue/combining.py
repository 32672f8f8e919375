"""Two frames as one: joins, unions, merges."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue.columns import Node, find, fit, nodes_of, path_in, quoted, struct_type, top
from awsglue.schema import to_spark
from awsglue.stages import Data


def selected(data: DataFrame, nodes: Sequence[Node]) -> Data:
    """The nodes as the columns of a new frame."""
    texts = [f"{node.sql} as {quoted(node.name)}" for node in nodes if node.sql]
    if len(texts) == len(nodes):
        return Data(data.selectExpr(*texts), struct_type(nodes))
    return Data(data.select(*[node.column.alias(node.name) for node in nodes]), struct_type(nodes))


def conformed(data: Data, schema: glue.StructType) -> DataFrame:
    """The records with the columns of a schema that can hold them: those they lack are null."""
    known = {node.name: node for node in nodes_of(data.schema)}
    return selected(data.dataframe, [_held(known.get(field.name), field) for field in schema]).dataframe


def _held(node: Node | None, field: glue.Field) -> Node:
    if node is None:
        return Node(field.name, F.lit(None).cast(to_spark(field.dataType)), field.dataType)
    if node.kind == field.dataType:
        return node
    return Node(field.name, fit(node.column, node.kind, field.dataType), field.dataType)


def union(first: Data, second: Data) -> Data:
    """The records of both, under a schema that holds both."""
    schema = glue.merge_structs(first.schema, second.schema)
    return Data(conformed(first, schema).unionAll(conformed(second, schema)), schema)


def join(first: Data, second: Data, paths1: Sequence[str], paths2: Sequence[str]) -> Data:
    """The pairs of records whose keys are equal, with all fields of both.

    A field of the second whose name the first has too gets a dot before its name, as Glue does.
    Raises ValueError when keys are missing or not as many on both sides.
    """
    if not paths1 or len(paths1) != len(paths2):
        raise ValueError("A join needs keys, as many of one frame as of the other.")
    taken = {field.name for field in first.schema}
    renamed = [
        Node(f".{node.name}" if node.name in taken else node.name, node.column, node.kind)
        for node in nodes_of(second.schema)
    ]
    left, left_keys = _keyed(first, nodes_of(first.schema), paths1, "left")
    right, right_keys = _keyed(second, renamed, paths2, "right")
    joined = left.join(right, [a == b for a, b in zip(left_keys, right_keys, strict=True)], "inner")
    fields = [*nodes_of(first.schema), *[Node(node.name, top(node.name), node.kind) for node in renamed]]
    return selected(joined, fields)


def _keyed(data: Data, nodes: Sequence[Node], paths: Sequence[str], side: str) -> tuple[DataFrame, list[Column]]:
    """The frame with its keys in columns whose names no other column has."""
    keys = []
    known = nodes_of(data.schema)
    for path in paths:
        node = find(known, path_in(known, path))
        if node is None:
            raise ValueError(f"There is no field {path} to join by.")
        keys.append(node.column)
    names = [f" {side} key {number}" for number in range(len(keys))]
    columns = [node.column.alias(node.name) for node in nodes]
    keyed = data.dataframe.select(*columns, *[key.alias(name) for key, name in zip(keys, names, strict=True)])
    return keyed, [top(name) for name in names]


def merge(source: Data, staging: Data, primary_keys: Sequence[str]) -> Data:
    """The staging records, and those of the source whose keys the staging records do not have."""
    known, new = nodes_of(source.schema), nodes_of(staging.schema)
    names = [f" key {number}" for number in range(len(primary_keys))]
    here = [_column(known, path) for path in primary_keys]
    there = [_column(new, path) for path in primary_keys]
    keys = staging.dataframe.select(*[column.alias(name) for column, name in zip(there, names, strict=True)]).distinct()
    matches = [column == top(name) for column, name in zip(here, names, strict=True)]
    return union(Data(source.dataframe.join(keys, matches, "left_anti"), source.schema), staging)


def _column(nodes: Sequence[Node], path: str) -> Column:
    node = find(nodes, path_in(nodes, path))
    if node is None:
        raise ValueError(f"There is no field {path} to merge by.")
    return node.column
