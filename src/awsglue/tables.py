"""Tables of the Data Catalog read as DynamicFrames, and written to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue import jdbc, reading
from awsglue.catalog import CatalogTable, name_in_spark, schema_of
from awsglue.columns import COMPLEX, Node, cast, members, nodes_of, parsed
from awsglue.combining import selected
from awsglue.data_sink import DataSink
from awsglue.data_source import DataSource
from awsglue.options import names_of, truth
from awsglue.partitions import Partition, check_predicate, chosen, partition_folder, partitions_of
from awsglue.stages import Data
from awsglue.writing import as_table

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame

TEXT = {"csv", "json"}
SPARKS = {"avro", "csv", "json", "orc", "parquet", "text", "binaryfile"}
"""Formats of Spark's own sources, which `useSparkDataSource` leaves reading to."""
OWN = {"useSparkDataSource", "useCatalogSchema", "useSparkDataSink", "excludeStorageClasses", "partitionKeys",
       "enableUpdateCatalog", "updateBehavior", "catalogPartitionPredicate", "useS3ListImplementation"}  # fmt: skip
"""Additional options that are not for Spark's readers and writers."""


def read_table(
    context: "GlueContext", table: CatalogTable, predicate: str, options: Mapping[str, Any]
) -> "DynamicFrame":
    """The table's records; those of the partitions that the predicate and `catalogPartitionPredicate` choose.

    Files of text are read by Glue's own readers, since their records may not be what the table says: values of CSV that
    are not of their column's type make the column a choice of that type and string, JSON has the types seen in it.
    Raises ValueError for a predicate that names other columns than the partitions'.
    """
    from awsglue.dynamicframe import DynamicFrame

    if table.in_database:
        given = {**jdbc.table_options(table.location, table.parameters), **options}
        return DataSource(context, "jdbc", given, predicate, table.name).getFrame()
    known = name_in_spark(context.spark_session, table)
    expression = str(options.get("catalogPartitionPredicate", ""))
    if known and table.format not in TEXT:
        dataframe = _of_spark(context, table, context.spark_session.table(known), _both(predicate, expression))
        return DynamicFrame(dataframe, context, table.name)
    if not table.location:
        raise ValueError(f"The table {table.name} has no location to read from.")
    files = reading.Files(
        paths=[table.location],
        format=table.format,
        options=table.csv_options if table.format == "csv" else {},
        exclusions=names_of(table.parameters.get("exclusions") or options.get("exclusions")),
        recurse=not table.partition_keys,
        passed={"columns": table.data_columns} if table.format == "csv" else {},
    )
    if not table.partition_keys:
        if predicate or expression:
            check_predicate(context.spark_session, table, predicate or expression)
        return _read(context, table, files)
    return _of_partitions(context, table, files, predicate, expression)


def _both(predicate: str, expression: str) -> str:
    return f"({predicate}) and ({expression})" if predicate and expression else predicate or expression


def _of_spark(context: "GlueContext", table: CatalogTable, dataframe: DataFrame, predicate: str) -> DataFrame:
    """Spark's reading of a table, with a predicate that must be one of partitions, unless Spark keeps files' statistics."""
    if not predicate:
        return dataframe
    if table.format not in reading.LAKE:
        check_predicate(context.spark_session, table, predicate)
    return dataframe.where(predicate)


def _of_partitions(
    context: "GlueContext", table: CatalogTable, files: reading.Files, predicate: str, expression: str
) -> "DynamicFrame":
    """The records of the partitions that the catalog has; a partition without a folder has none."""
    from awsglue.dynamicframe import DynamicFrame

    session, client = context.spark_session, context.glue_client()
    try:
        partitions = chosen(session, table, partitions_of(session, client, table, expression), predicate)
    except client.exceptions.EntityNotFoundException:
        # A catalog of the session's own: what is in the table's folder is what there is.
        return _read(context, table, replace(files, predicate=_both(predicate, expression)))
    try:
        return _read(context, table, _partitioned(context, table, files, partitions))
    except AnalysisException as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
    there = [partition for partition in partitions if reading.exists(session, partition.location)]
    if not there:
        return DynamicFrame(session.createDataFrame([], table.schema), context, table.name)
    return _read(context, table, _partitioned(context, table, files, there))


def _partitioned(
    context: "GlueContext", table: CatalogTable, files: reading.Files, partitions: list[Partition]
) -> reading.Files:
    """The files of these partitions alone."""
    named, elsewhere = [], []
    for partition in partitions:
        if partition.location.rstrip("/") == partition_folder(context.spark_session, table, partition.values):
            named.append(partition.location)
        else:
            elsewhere.append((partition.location, dict(zip(table.partition_keys, partition.values, strict=True))))
    return replace(files, paths=named, base=table.location, elsewhere=elsewhere)


def _read(context: "GlueContext", table: CatalogTable, files: reading.Files) -> "DynamicFrame":
    """The files' records, with the table's types for what is text in them."""
    from awsglue.dynamicframe import DynamicFrame

    if not files.paths and not files.elsewhere:
        return DynamicFrame(context.spark_session.createDataFrame([], table.schema), context, table.name)
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


def read_dataframe(
    context: "GlueContext", table: CatalogTable, predicate: str, options: Mapping[str, Any]
) -> DataFrame:
    """The table as Spark reads it, with Spark's own options; by `read_table` what is no table of Spark's.

    With `useSparkDataSource` the files are read by Spark's source of the table's format, and have the schema that is
    found in them, or with `useCatalogSchema` the table's.
    """
    session = context.spark_session
    others = {key: value for key, value in options.items() if key not in OWN}
    both = _both(predicate, str(options.get("catalogPartitionPredicate", "")))
    known = name_in_spark(session, table)
    if truth(options.get("useSparkDataSource", False)) and table.format in SPARKS and table.location:
        reader = session.read.format(table.format).options(**others)
        if truth(options.get("useCatalogSchema", False)):
            reader = reader.schema(table.schema)
        return _of_spark(context, table, reader.load(table.location), both)
    if known and not table.in_database:
        return _of_spark(context, table, session.read.options(**others).table(known), both)
    return read_table(context, table, predicate, options).toDF()


def write_table(context: "GlueContext", table: CatalogTable, frame: "DynamicFrame", options: Mapping[str, Any]) -> None:
    """Add the records to the table, in its format; its partitions are kept up to date."""
    from awsglue.dynamicframe import DynamicFrame

    if table.in_database:
        given = {**jdbc.table_options(table.location, table.parameters), **options}
        DataSink(context, "jdbc", given).writeFrame(frame)
        return
    if table.format in reading.LAKE:
        _append(context, table, frame.toDF(), {key: value for key, value in options.items() if key not in OWN})
        return
    keys = names_of(options.get("partitionKeys")) or list(table.partition_keys)
    place = {"enableUpdateCatalog": bool(keys), "updateBehavior": "LOG", "partitionKeys": keys}
    sink = DataSink(context, "s3", {**place, **options, "path": table.location})
    format_options = table.csv_options if table.format == "csv" else {}
    header = {"writeHeader": format_options["withHeader"]} if format_options else {}
    sink.setFormat(table.format, **format_options, **header)
    sink.setCatalogInfo(table.database, table.name, table.catalog_id)
    typed = as_table(Data(frame.toDF(), frame.schema()), schema_of(table))
    sink.writeFrame(DynamicFrame.of(typed, context, frame.name))


def _append(context: "GlueContext", table: CatalogTable, dataframe: DataFrame, options: Mapping[str, Any]) -> None:
    """Add to a table that keeps account of its files itself."""
    known = name_in_spark(context.spark_session, table)
    if table.format == "iceberg" and known:
        dataframe.writeTo(known).options(**options).append()
    else:
        dataframe.write.format(table.format).options(**options).mode("append").save(table.location)
