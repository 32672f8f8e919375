"""Files of text as lines, and lines as fields: by Spark's own code where that reads them alike, else by `delimited`."""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from pyspark import cloudpickle
from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import delimited
from awsglue.columns import top
from awsglue.delimited import Dialect, fields_of, lines_of, read_files, records_after, whole_text
from awsglue.files import Files, loaded, told_by_their_names

# Workers may lack this package: what runs there goes with what is sent to them.
cloudpickle.register_pickle_by_value(delimited)

FILE, VALUE, FIELDS = " file", " value", " fields"
"""Columns: the name of a line's file, the line, and its fields. No field that people name is called so."""
NEVER, NEVER_TOO = "\uffff", "\ufffe"
"""What no text has: Unicode keeps them from being characters."""


def lines(session: SparkSession, files: Files, *, whole: bool = False) -> DataFrame:
    """The files' lines (with `whole`, the files' texts) as `VALUE`, with `FILE` and the partition columns."""
    if _as_spark_does(session, files):
        load = _headed if files.header else _whole if whole else _plain
        native = partial(load, encoding=files.encoding)
        found = loaded(session, files, native)
        others = [top(name) for name in found.columns if name != VALUE]
        return found.select(F.input_file_name().alias(FILE), top(VALUE), *others)
    make = whole_text if whole else partial(lines_of, header=files.header, footer=files.footer)
    return _read(session, files, make, VALUE, spark.StringType())


def _as_spark_does(session: SparkSession, files: Files) -> bool:
    if files.footer or files.header > 1:
        return False
    if not files.compression:
        return True
    return told_by_their_names(loaded(session, files, lambda reader, paths: reader.text(paths)), files.compression)


def _whole(reader: DataFrameReader, paths: list[str], encoding: str) -> DataFrame:
    return _plain(reader.option("wholetext", True), paths, encoding)


def _plain(reader: DataFrameReader, paths: list[str], encoding: str) -> DataFrame:
    found = reader.text(paths)
    first, *others = found.columns
    text = top(first)
    if encoding.upper() not in ("UTF-8", "UTF8"):
        text = F.decode(text.cast("binary"), encoding)
    return found.select(text.alias(VALUE), *[top(name) for name in others])


def _headed(reader: DataFrameReader, paths: list[str], encoding: str) -> DataFrame:
    """The lines after each file's first, by the reader of CSV with nothing that parts a line; empty lines are dropped."""
    options: dict[str, Any] = {
        "sep": NEVER,
        "quote": NEVER_TOO,
        "escape": NEVER_TOO,
        "header": True,
        "encoding": encoding,
    }
    line = spark.StructType([spark.StructField(VALUE, spark.StringType())])
    return reader.options(**options).schema(line).csv(paths)


def _read(
    session: SparkSession, files: Files, make: Callable[[str], Iterable[Any]], name: str, kind: spark.DataType
) -> DataFrame:
    """What is made of each file's text in Python: a file's bytes are in memory together."""
    found = loaded(session, files, lambda reader, paths: reader.format("binaryFile").load(paths))
    others = [
        field for field in found.schema.fields if field.name not in ("path", "modificationTime", "length", "content")
    ]
    rows: Any = found.select("path", "content", *[top(field.name) for field in others]).rdd.mapPartitions(
        partial(read_files, compression=files.compression, encoding=files.encoding, make=make)
    )
    schema = [spark.StructField(FILE, spark.StringType()), spark.StructField(name, kind), *others]
    return session.createDataFrame(rows, spark.StructType(schema), verifySchema=False)


def fields(
    session: SparkSession, files: Files, dialect: Dialect, *, whole: bool = False, raw: Collection[int] = ()
) -> DataFrame:
    """The records as `FIELDS`, with the partition columns. A record of a `whole` text may have several lines."""
    if whole:
        make = partial(records_after, dialect=dialect, header=files.header)
        return _read(session, files, make, FIELDS, spark.ArrayType(spark.StringType())).drop(FILE)
    found = lines(session, files)
    if dialect.reader == "glue":
        found = found.where(top(VALUE) != "")
    others = [top(name) for name in found.columns if name not in (FILE, VALUE)]
    return found.select(split(top(VALUE), dialect, raw).alias(FIELDS), *others)


def split(line: Column, dialect: Dialect, raw: Collection[int] = ()) -> Column:
    """A line's fields: parted by Spark where there are neither quotes nor escapes in it, else by Python."""
    simple = _simple(line, dialect)
    marks = [mark for mark in (dialect.quote, dialect.escape) if mark]
    if not marks:
        return simple
    special = line.contains(marks[0]) if len(marks) == 1 else line.contains(marks[0]) | line.contains(marks[1])
    slow = F.udf(partial(fields_of, dialect=dialect, raw=tuple(raw)), spark.ArrayType(spark.StringType()))
    return F.when(special, slow(F.when(special, line))).otherwise(simple)


def _simple(line: Column, dialect: Dialect) -> Column:
    pieces = F.split(line, "\\Q" + dialect.separator.replace("\\E", "\\E\\\\E\\Q") + "\\E", dialect.most)
    if dialect.reader == "opencsv":
        return F.when(line != "", pieces)
    return F.transform(pieces, lambda piece: F.when(piece != dialect.null, piece))
