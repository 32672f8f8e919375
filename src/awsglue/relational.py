"""Relationalize: nested records as flat tables; and DynamoDB's JSON as plain records."""

import contextlib
import uuid
from collections.abc import Iterator, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue.columns import Node, edit_elements, kept_null, members, nodes_of, pack, struct_type, top
from awsglue.combining import selected
from awsglue.reshaping import unnest
from awsglue.resolution import resolve_all
from awsglue.stages import Data

KEY = " key"
"""The number of a record, while its arrays are taken out. No field that people name is called so."""
_OLD_DATES = tuple(f"spark.sql.parquet.{kind}RebaseModeInWrite" for kind in ("datetime", "int96"))
PARTITION_BITS = 33
"""Spark's monotonic ids: the partition's number above these bits, the record's number in it below."""


def relationalize(data: Data, root: str, staging_path: str | None) -> dict[str, Data]:
    """The frame as flat tables by name: the root, and one for each array, with the key of the row it was in as its `id`.

    An array's table is called by the root and its path: `root_orders`, and for the `lines` of each order
    `root_orders.val.lines`, as its column in `root_orders` is `orders.val.lines`. The numbered records are kept under the
    staging path (or by Spark, when there is none), so that the tables agree on the numbers.
    """
    return _tables(data, root, root, staging_path)


def _tables(data: Data, name: str, root: str, staging_path: str | None) -> dict[str, Data]:
    flat = unnest(resolve_all(nodes_of(data.schema), "make_cols"))
    arrays = [node for node in flat if _pivots(node)]
    plain = selected(data.dataframe, flat)
    if not arrays:
        return {name: plain}
    numbered = _numbered(plain.dataframe, staging_path)
    keyed = [_root_node(Node(node.name, top(node.name), node.kind)) for node in flat]
    tables = {name: selected(numbered, keyed)}
    for node in arrays:
        child = _pivot(numbered, Node(node.name, top(node.name), node.kind))
        tables.update(_tables(child, f"{root}_{node.name}", root, staging_path))
    return tables


def _pivots(node: Node) -> bool:
    return isinstance(node.kind, (glue.ArrayType, glue.MapType))


def _root_node(node: Node) -> Node:
    if not _pivots(node):
        return node
    return Node(node.name, kept_null(node.column, top(KEY)), glue.LongType())


def _pivot(numbered: DataFrame, node: Node) -> Data:
    """A table with a row for each element of the arrays."""
    if isinstance(node.kind, glue.MapType):
        entry = glue.StructType([glue.Field("key", node.kind.keyType), glue.Field("value", node.kind.valueType)])
        array = Node(node.name, F.map_entries(node.column), glue.ArrayType(entry))
        name = node.name
    else:
        assert isinstance(node.kind, glue.ArrayType)
        array, entry_kind = node, node.kind.elementType
        name = f"{node.name}.val"
        return _exploded(numbered, array, name, entry_kind)
    return _exploded(numbered, array, name, entry)


def _exploded(numbered: DataFrame, array: Node, name: str, element: glue.DataType) -> Data:
    rows = numbered.select(top(KEY).alias("id"), F.posexplode(array.column).alias("index", name))
    fields = [
        Node("id", top("id"), glue.LongType()),
        Node("index", top("index"), glue.IntegerType()),
        Node(name, top(name), element),
    ]
    return Data(rows, struct_type(fields))


@contextlib.contextmanager
def _old_dates_too(session: SparkSession) -> Iterator[None]:
    """Parquet is written with moments before 1900, too: Spark refuses them for what readers elsewhere make of them."""
    before = {name: session.conf.get(name) for name in _OLD_DATES}
    for name in _OLD_DATES:
        session.conf.set(name, "CORRECTED")
    try:
        yield
    finally:
        for name, value in before.items():
            session.conf.set(name, str(value))


def _numbered(dataframe: DataFrame, staging_path: str | None) -> DataFrame:
    """The records with numbers from 1 on, without gaps, that stay the same however often they are read."""
    named = dataframe.toDF(*[str(position) for position in range(len(dataframe.columns))])
    rough = named.withColumn(KEY, F.monotonically_increasing_id())
    # Parquet has no column of nothing but nulls.
    if staging_path and "void" not in rough.schema.simpleString():
        folder = f"{staging_path.rstrip('/')}/relationalize-{uuid.uuid4()}"
        with _old_dates_too(dataframe.sparkSession):
            rough.withColumnRenamed(KEY, "key").write.option("compression", "snappy").parquet(folder)
        rough = (
            dataframe.sparkSession.read.schema(rough.withColumnRenamed(KEY, "key").schema)
            .parquet(folder)
            .withColumnRenamed("key", KEY)
        )
    else:
        rough = rough.persist()
    partition = F.shiftright(top(KEY), PARTITION_BITS)
    counts = {row[0]: row[1] for row in rough.groupBy(partition).count().collect()}
    before, starts = 0, {}
    for number in sorted(counts):
        starts[number] = before
        before += counts[number]
    start: Column = F.lit(0)
    if starts:
        pairs = [F.lit(part) for pair in starts.items() for part in pair]
        start = F.element_at(F.create_map(*pairs), partition)
    within = top(KEY).bitwiseAND((1 << PARTITION_BITS) - 1)
    dense = (start + within + 1).cast("long")
    original = [top(str(position)).alias(name) for position, name in enumerate(dataframe.columns)]
    return rough.select(*original, dense.alias(KEY))


DYNAMODB = {"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}
"""The type names of DynamoDB's JSON."""


def unnest_dynamodb(nodes: Sequence[Node]) -> list[Node]:
    """DynamoDB's `Item` as columns: maps become structs' fields named by their paths, arrays of structs stay."""
    return unnest([field for node in _items(nodes) for field in _plain(node, deep=False)])


def simplify_dynamodb(nodes: Sequence[Node]) -> list[Node]:
    """DynamoDB's `Item` as columns, nested as the item is."""
    return [field for node in _items(nodes) for field in _plain(node, deep=True)]


def _items(nodes: Sequence[Node]) -> list[Node]:
    if len(nodes) == 1 and nodes[0].name == "Item":
        return members(nodes[0])
    return list(nodes)


def _plain(node: Node, *, deep: bool) -> list[Node]:
    """The value without its type name."""
    kind = node.kind
    if not isinstance(kind, glue.StructType) or not {field.name for field in kind} <= DYNAMODB or not kind.fields:
        return [node]
    if len(kind.fields) > 1:
        options = [Node(member.name, member.column, member.kind) for member in members(node)]
        return [Node(node.name, kept_null(node.column, pack(options)), struct_type(options))]
    [value] = members(node)
    if value.name == "NULL":
        return [Node(node.name, F.lit(None), glue.NullType())]
    if value.name == "M" and isinstance(value.kind, glue.StructType):
        fields = [part for field in members(value) for part in _plain(field, deep=deep)]
        return [Node(node.name, kept_null(value.column, pack(fields)), struct_type(fields))] if fields else []
    if value.name == "L" and deep and _simple_list(value.kind):
        return [Node(node.name, part.column, part.kind) for part in edit_elements(value, _element)]
    return [Node(node.name, value.column, value.kind)]


def _simple_list(kind: glue.DataType) -> bool:
    """Whether all elements of a list have one type that is not a map."""
    element = kind.elementType if isinstance(kind, glue.ArrayType) else None
    return isinstance(element, glue.StructType) and len(element.fields) == 1 and element.fields[0].name != "M"


def _element(node: Node) -> list[Node]:
    return _plain(node, deep=True)
