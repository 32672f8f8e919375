"""Tables of the Data Catalog read as DynamicFrames, and written to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue import jdbc, reading, serdes, writing
from awsglue.catalog import CatalogTable, full_name, name_in_spark, schema_of
from awsglue.columns import Node, cast, members, nodes_of
from awsglue.combining import selected
from awsglue.data_sink import DataSink
from awsglue.data_source import DataSource, check_classes, frame_of
from awsglue.dynamicframe import DynamicFrame
from awsglue.files import Files, exists, partitions_as_text
from awsglue.formats import CATALOG_READ, CATALOG_WRITE, JDBC, LAKE, READ, WRITE, Options, parted
from awsglue.host import Host
from awsglue.options import names_of, truth
from awsglue.partitions import Partition, check_predicate, chosen, partition_folder, partitions_of
from awsglue.stages import Data
from awsglue.tabletext import read_text

SPARKS = {"avro", "csv", "json", "orc", "parquet", "text", "binaryfile"}
"""Formats of Spark's own sources, which `useSparkDataSource` leaves reading to."""


def read_table(context: Host, table: CatalogTable, predicate: str, options: Mapping[str, Any]) -> DynamicFrame:
    """The table's records; those of the partitions that the predicate and `catalogPartitionPredicate` choose.

    Files of text are read by Glue's own readers, since their records may not be what the table says: values of CSV that
    are not of their column's type make the column a choice of that type and string, JSON has the types seen in it.
    Raises ValueError for a predicate that names other columns than the partitions', and NotSupported for a SerDe, a
    parameter or an option that is not carried out.
    """
    if table.in_database:
        given = {**jdbc.table_options(table.location, table.parameters), **_jdbc_options(options)}
        return DataSource(context, "jdbc", given, predicate, table.name).getFrame()
    own = {*CATALOG_READ.honored, *CATALOG_READ.hints}
    options, of_format = parted(_options(CATALOG_READ, table), table.format, READ, options)
    serdes.check(table)
    check_classes(options)
    table = serdes.told(table, of_format)
    known = name_in_spark(context.spark_session, table)
    expression = str(options.get("catalogPartitionPredicate", ""))
    if known and _reads_as_spark(table, options, of_format):
        lakes = {key: value for key, value in options.items() if key not in own} if table.format in LAKE else {}
        found = context.spark_session.read.options(**lakes).table(known)
        dataframe = _of_spark(context, table, found, _both(predicate, expression))
        return DynamicFrame(dataframe, context, table.name)
    if not table.location:
        raise ValueError(f"The table {table.name} has no location to read from.")
    files = Files(
        paths=[table.location],
        format=table.format,
        options=of_format,
        exclusions=names_of(table.parameters.get("exclusions") or options.get("exclusions")),
        recurse=truth(options.get("recurse", not table.partition_keys)),
        fail_fast=truth(options.get("isFailFast", False)),
        one_case=True,
    )
    files = serdes.files_of(table, files, options)
    if not table.partition_keys:
        if predicate or expression:
            check_predicate(context.spark_session, table, predicate or expression)
        return _read(context, table, files)
    return _of_partitions(context, table, files, predicate, expression)


def _options(known: Options, table: CatalogTable) -> Options:
    """What a read or write of the table may be told. Table formats take their own source's options."""
    return replace(known, of=f"the table {table.name}")


def _jdbc_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a table that is a database's, without those of tables of files."""
    files = {*CATALOG_READ.honored, *CATALOG_READ.hints} - {*JDBC.honored, *JDBC.hints}
    return {key: value for key, value in options.items() if key not in files}


def _reads_as_spark(table: CatalogTable, options: Mapping[str, Any], of_format: Mapping[str, Any]) -> bool:
    """Whether Spark's own reading of a table that it knows is what is asked for.

    It has the table's columns of all files, whatever `mergeSchema` says.
    """
    if set(of_format) - {"mergeSchema"}:
        return False
    if names_of(options.get("exclusions") or table.parameters.get("exclusions")) or options.get("compressionType"):
        return False
    reader = serdes.reader_of(table)
    if reader == "regex":
        files = serdes.files_of(table, Files([], ""), {})
        return not (files.header or files.footer or files.compression)
    return reader == "spark" and table.format not in ("csv", "json")


def _both(predicate: str, expression: str) -> str:
    return f"({predicate}) and ({expression})" if predicate and expression else predicate or expression


def _of_spark(context: Host, table: CatalogTable, dataframe: DataFrame, predicate: str) -> DataFrame:
    """Spark's reading of a table, with a predicate that must be one of partitions, unless Spark keeps files' statistics."""
    if not predicate:
        return dataframe
    if table.format not in LAKE:
        check_predicate(context.spark_session, table, predicate)
    return dataframe.where(predicate)


def _of_partitions(context: Host, table: CatalogTable, files: Files, predicate: str, expression: str) -> DynamicFrame:
    """The records of the partitions that the catalog has; a partition without a folder has none."""
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
    there = [partition for partition in partitions if exists(session, partition.location)]
    if not there:
        return DynamicFrame(session.createDataFrame([], table.schema), context, table.name)
    return _read(context, table, _partitioned(context, table, files, there))


def _partitioned(context: Host, table: CatalogTable, files: Files, partitions: list[Partition]) -> Files:
    """The files of these partitions alone."""
    named, elsewhere = [], []
    for partition in partitions:
        if partition.location.rstrip("/") == partition_folder(context.spark_session, table, partition.values):
            named.append(partition.location)
        else:
            elsewhere.append((partition.location, dict(zip(table.partition_keys, partition.values, strict=True))))
    return replace(files, paths=named, base=table.location, elsewhere=elsewhere)


def _read(context: Host, table: CatalogTable, files: Files) -> DynamicFrame:
    """The files' records, with the table's types for what is text in them."""
    session = context.spark_session
    if not files.paths and not files.elsewhere:
        return DynamicFrame(session.createDataFrame([], table.schema), context, table.name)
    if serdes.reader_of(table) in ("hive", "opencsv", "glue", "regex") or table.format == "csv":
        with partitions_as_text(session):
            data = read_text(session, table, files)
        return DynamicFrame.of(_settled(data), context, table.name)
    found = reading.read(session, files)
    kinds = {field.name: field.dataType for field in schema_of(table)}
    renames = {field.lower(): column for field, column in serdes.renames_of(table).items()}
    dots = serdes.dots_in_keys(table)
    nodes = [
        Node(node.name, cast(node, kinds[node.name]), kinds[node.name])
        if node.name in table.partition_keys
        else _named(node, renames, dots)
        for node in nodes_of(found.data.schema)
    ]
    return frame_of(context, replace(found, data=selected(found.data.dataframe, nodes)), table.name)


def _named(node: Node, renames: Mapping[str, str], dots: bool) -> Node:
    name = renames.get(node.name.lower(), node.name)
    return Node(name.replace(".", "_") if dots else name, node.column, node.kind)


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


def read_dataframe(context: Host, table: CatalogTable, predicate: str, options: Mapping[str, Any]) -> DataFrame:
    """The table as Spark reads it, with Spark's own options; by `read_table` what is no table of Spark's.

    With `useSparkDataSource` the files are read by Spark's source of the table's format, and have the schema that is
    found in them, or with `useCatalogSchema` the table's.
    """
    session = context.spark_session
    own = {*CATALOG_READ.honored, *CATALOG_READ.hints}
    CATALOG_READ.check(key for key in options if key in (CATALOG_READ.refused or {}))
    others = {key: value for key, value in options.items() if key not in own}
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


def write_table(context: Host, table: CatalogTable, frame: DynamicFrame, options: Mapping[str, Any]) -> None:
    """Add the records to the table, in its format; its partitions are kept up to date.

    Raises NotSupported for a SerDe or an option that is not carried out.
    """
    if table.in_database:
        given = {**jdbc.table_options(table.location, table.parameters), **_jdbc_options(options)}
        DataSink(context, "jdbc", given).writeFrame(frame)
        return
    if table.format in LAKE:
        own = {*CATALOG_WRITE.honored, *CATALOG_WRITE.hints}
        _append(context, table, frame.toDF(), {key: value for key, value in options.items() if key not in own})
        return
    options, of_format = parted(_options(CATALOG_WRITE, table), table.format, WRITE, options)
    serdes.check(table)
    data = Data(frame.toDF(), frame.schema())
    if table.provider and table.format == "csv" and table.in_spark:
        # The source's own options say how it writes.
        ordered = writing.as_table(writing.in_order(data, schema_of(table)), schema_of(table)).dataframe
        ordered.select(*table.schema.names).write.insertInto(full_name(table.database, table.name))
        return
    keys = names_of(options.get("partitionKeys")) or list(table.partition_keys)
    place = {"enableUpdateCatalog": bool(keys), "updateBehavior": "LOG", "partitionKeys": keys}
    compression = table.parameters.get("compressionType", "none")
    place |= {"compression": compression} if compression.lower() != "none" else {}
    sink = DataSink(context, "s3", {**place, **options, "path": table.location})
    sink.setCatalogInfo(table.database, table.name, table.catalog_id)
    if serdes.reader_of(table) in ("hive", "opencsv", "glue", "regex"):
        sink.setLines(serdes.lines_of(table))
        written = writing.in_order(data, schema_of(table))
    else:
        sink.setFormat(table.format, **of_format)
        written = serdes.renamed(writing.as_table(data, schema_of(table)), table)
    sink.writeFrame(DynamicFrame.of(written, context, frame.name))


def _append(context: Host, table: CatalogTable, dataframe: DataFrame, options: Mapping[str, Any]) -> None:
    """Add to a table that keeps account of its files itself."""
    known = name_in_spark(context.spark_session, table)
    if table.format == "iceberg" and known:
        dataframe.writeTo(known).options(**options).append()
    else:
        dataframe.write.format(table.format).options(**options).mode("append").save(table.location)
