"""Files of Glue's formats read as DynamicFrames."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import gluetypes as glue
from awsglue.columns import Node, cast, nodes_of
from awsglue.combining import selected
from awsglue.errors import NotSupported
from awsglue.options import truth
from awsglue.records import Shape, json_records, merge, scan_json
from awsglue.resolution import has_choice
from awsglue.schema import struct_from_spark, to_spark
from awsglue.shapes import shape_of_type, struct_of
from awsglue.stages import Data, Errors, Records, dataframe_of
from awsglue.unboxing import read_schema

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame

COLUMNAR = {"parquet": "parquet", "glueparquet": "parquet", "orc": "orc"}
LAKE = {"iceberg", "delta", "hudi"}
"""Table formats: Spark reads and writes them when their package is there, with their own options."""
PASSED = {"avro", *LAKE}
"""Formats whose options are Spark's."""
READ_ONLY = {"xml"}
UNSUPPORTED = {"grok", "groklog", "ion", "excel"}
PARTITION_TYPES = "spark.sql.sources.partitionColumnTypeInference.enabled"


@dataclass(frozen=True)
class Files:
    """What is to be read: where, of which format, with which options, and which partitions of it."""

    paths: Sequence[str]
    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    recurse: bool = False
    exclusions: Sequence[str] = ()
    predicate: str = ""
    passed: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    """The folder below which the names of folders are partition columns; the path when there is but one."""
    elsewhere: Sequence[tuple[str, Mapping[str, str]]] = ()
    """Partitions in folders that are not named by their values: a path, and the partition columns."""


def check_format(name: str | None) -> str:
    """The format's name. Raises ValueError when there is none, and NotSupported."""
    if not name:
        raise ValueError("Files need a format: csv, json, parquet or orc.")
    known = name.lower()
    if known in UNSUPPORTED:
        raise NotSupported(f"The format {name} is not supported: convert the files to json, csv, parquet or orc.")
    if known not in {"csv", "json", *COLUMNAR, *PASSED, *READ_ONLY}:
        raise ValueError(f"{name} is not a format: use csv, json, parquet, orc, avro, xml, iceberg, delta or hudi.")
    return known


def read(context: "GlueContext", files: Files) -> "DynamicFrame":
    """The files as a frame. Spark's own errors say what is wrong with a path or a file."""
    from awsglue.dynamicframe import DynamicFrame

    name = check_format(files.format)
    session = context.spark_session
    with partitions_as_text(session):
        if name == "json":
            return _json(context, files)
        if name == "csv":
            return DynamicFrame.of(_csv(session, files), context)
        options = {key: value for key, value in files.options.items() if key not in ATTACHED and value is not None}
        if name in PASSED:
            options = {**options, **files.passed}
        given = COLUMNAR.get(name, name)
        dataframe = _loaded(session, files, lambda reader, paths: reader.options(**options).format(given).load(paths))
    return DynamicFrame(dataframe, context)


def _loaded(session: SparkSession, files: Files, load: Callable[[DataFrameReader, list[str]], DataFrame]) -> DataFrame:
    """What is read of the files that are meant, with their partition columns and the file's name where it is asked for."""
    frames = []
    if files.paths:
        frames.append(_attached(load(*_opened(session, files)), files))
    for path, values in files.elsewhere:
        found = _attached(load(*_opened(session, replace(files, paths=[path], base=""))), files)
        frames.append(found.select("*", *[F.lit(value).alias(name) for name, value in values.items()]))
    dataframe = reduce(DataFrame.unionByName, frames)
    return dataframe.where(files.predicate) if files.predicate else dataframe


ATTACHED = {"attachFilename": "_metadata.file_path", "attachTimestamp": "_metadata.file_modification_time"}
"""Options that name a column for what Spark knows of a record's file."""


def _attached(dataframe: DataFrame, files: Files) -> DataFrame:
    wanted = [
        F.col(known).alias(str(files.options[name])) for name, known in ATTACHED.items() if files.options.get(name)
    ]
    return dataframe.select("*", *wanted) if wanted else dataframe


@contextmanager
def partitions_as_text(session: SparkSession) -> Iterator[None]:
    """Partition columns are text, as Glue has them: `month=01` is "01"."""
    before = session.conf.get(PARTITION_TYPES)
    session.conf.set(PARTITION_TYPES, "false")
    try:
        yield
    finally:
        session.conf.set(PARTITION_TYPES, before or "true")


def _opened(session: SparkSession, files: Files) -> tuple[DataFrameReader, list[str]]:
    """A reader that sees the files that are meant, and the paths to give it."""
    paths = list(files.paths)
    reader = session.read.option("basePath", files.base) if files.base else session.read
    if files.exclusions:
        chosen = [found for path in paths for found in _listed(session, path, files) if not _excluded(found, files)]
        if not chosen:
            raise ValueError(f"No files are left under {', '.join(paths)}: all are excluded.")
        return (reader.option("basePath", paths[0]) if len(paths) == 1 and not files.base else reader), chosen
    if files.recurse and any(_has_plain_folders(session, path) for path in paths):
        reader = reader.option("recursiveFileLookup", "true")
    return reader, paths


def _folder(session: SparkSession, path: str) -> tuple[Any, Any]:
    jvm: Any = session._jvm
    folder = jvm.org.apache.hadoop.fs.Path(path)
    return folder.getFileSystem(session._jsparkSession.sessionState().newHadoopConf()), folder


def exists(session: SparkSession, path: str) -> bool:
    """Whether there is a file or a folder at the path."""
    system, folder = _folder(session, path)
    return bool(system.exists(folder))


def _listed(session: SparkSession, path: str, files: Files) -> list[str]:
    system, folder = _folder(session, path)
    found = system.listFiles(folder, files.recurse)
    names = []
    while found.hasNext():
        status = found.next()
        if not status.getPath().getName().startswith(("_", ".")):
            names.append(str(status.getPath().toString()))
    return names


def _excluded(path: str, files: Files) -> bool:
    return any(
        fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern.lstrip('/')}")
        for pattern in files.exclusions
    )


def _has_plain_folders(session: SparkSession, path: str) -> bool:
    """Whether there are folders below that are no partitions: Spark reads into those only when told."""
    if any(mark in path for mark in "*?{["):
        return False
    if not exists(session, path):
        return False
    system, folder = _folder(session, path)
    statuses = [status for status in system.listStatus(folder) if status.isDirectory()]
    names = [status.getPath().getName() for status in statuses]
    return any("=" not in name and not name.startswith(("_", ".")) for name in names)


def csv_options(options: Mapping[str, Any]) -> dict[str, str]:
    """Glue's CSV options as Spark's reader and writer have them."""
    quote = str(options.get("quoteChar", '"'))
    given = {
        "sep": str(options.get("separator", ",")),
        "quote": "" if quote == "-1" else quote,
        "escape": str(options.get("escaper", '"')),
        "multiLine": str(truth(options.get("multiline", options.get("multiLine", False)))),
        "inferSchema": str(truth(options.get("inferSchema", False))),
    }
    return {**given, **({"encoding": str(options["encoding"])} if "encoding" in options else {})}


def _csv(session: SparkSession, files: Files) -> Data:
    options = files.options
    header, skip = truth(options.get("withHeader", False)), truth(options.get("skipFirst", False))
    if header and skip:
        raise NotSupported("skipFirst together with withHeader is not supported: filter the first record out.")
    columns = files.passed.get("columns")
    known = spark.StructType([spark.StructField(name, spark.StringType()) for name in columns]) if columns else None

    def load(reader: DataFrameReader, paths: list[str]) -> DataFrame:
        reader = reader.options(**csv_options(options)).option("header", header or skip)
        if known is not None:
            # A catalog's columns, by position.
            return reader.schema(known).csv(paths)
        dataframe = reader.csv(paths)
        # The names of columns without a header are numbers; where a header was skipped its names are not wanted.
        plain = reader.option("header", False).csv(paths) if skip else dataframe
        return (
            dataframe if header else dataframe.toDF(*[re.sub(r"^_c(\d+)$", r"col\1", name) for name in plain.columns])
        )

    dataframe = _loaded(session, files, load)
    data = Data(dataframe, struct_from_spark(dataframe.schema))
    return _typed(data, read_schema(options["withSchema"])) if options.get("withSchema") else data


def _typed(data: Data, schema: glue.StructType) -> Data:
    kinds = schema.field_map
    nodes = [
        Node(node.name, cast(node, kinds[node.name].dataType), kinds[node.name].dataType)
        if node.name in kinds
        else node
        for node in nodes_of(data.schema)
    ]
    return selected(data.dataframe, nodes)


def json_path(text: str | None) -> list[str]:
    """The names along a JsonPath of fields and whole arrays. Raises NotSupported for other expressions."""
    if not text:
        return []
    plain = re.sub(r"\[\*\]|\[\]", "", text)
    if not re.fullmatch(r"\$(\.[^.\[\]?()@*]+)*", plain):
        raise NotSupported(f"The jsonPath {text} is not supported: use fields and [*], as $.records[*].")
    return [name for name in plain[1:].split(".") if name]


def _json(context: "GlueContext", files: Files) -> "DynamicFrame":
    """JSON with a schema of what is seen in all of it; a field with values of several types is a choice."""
    from awsglue.dynamicframe import DynamicFrame

    session = context.spark_session
    path = json_path(files.options.get("jsonPath"))
    whole = truth(files.options.get("multiline", files.options.get("multiLine", False)))
    texts = _loaded(session, files, lambda reader, paths: reader.option("wholetext", whole).text(paths))
    names = texts.columns[1:]
    lines = texts.select(F.input_file_name(), *[F.col(f"`{name}`") for name in texts.columns]).rdd
    hint = shape_of_type(struct_from_spark(spark.StructType(texts.schema.fields[1:])))
    seen: Shape = {"struct": {}}
    errors, simple = 0, True
    for shape, failed, plain in lines.mapPartitions(partial(scan_json, path=path, names=names, hint=hint)).collect():
        seen, errors, simple = merge(seen, shape), errors + failed, simple and plain
    schema = struct_of(seen)
    if simple and schema.fields and not has_choice(schema):
        fields = [spark.StructField(f.name, to_spark(f.dataType)) for f in schema if f.name not in names]
        given = spark.StructType(fields)
        return DynamicFrame(_loaded(session, files, lambda reader, paths: reader.schema(given).json(paths)), context)
    outcomes = lines.mapPartitions(partial(json_records, path=path, names=names))
    frame = DynamicFrame.of(dataframe_of(session, outcomes, seen, hint), context)
    return frame.with_errors([], Errors(Records(session, outcomes).failed) if errors else None, (0, 0))
