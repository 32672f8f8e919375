"""Files of Glue's formats read as records with a Glue schema."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pyspark import RDD
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import gluetypes as glue
from awsglue.columns import Node, cast, nodes_of, top
from awsglue.combining import selected
from awsglue.delimited import Dialect
from awsglue.errors import NotSupported
from awsglue.files import ATTACHED, Files, loaded, partitions_as_text
from awsglue.formats import READ, read_format
from awsglue.options import truth
from awsglue.records import Shape, has_alike, json_records, merge, scan_json
from awsglue.resolution import has_choice
from awsglue.schema import struct_from_spark, to_spark
from awsglue.shapes import shape_of_type, struct_of
from awsglue.stages import Data, Errors, Records, dataframe_of
from awsglue.texts import FIELDS, FILE, NEVER, VALUE, fields, lines
from awsglue.unboxing import read_schema


@dataclass(frozen=True)
class Read:
    """What was read, and the records that could not be."""

    data: Data
    failed: Errors | None = None


def read(session: SparkSession, files: Files) -> Read:
    """The files' records. Spark's own errors say what is wrong with a path or a file.

    Raises NotSupported and ValueError for options of the format that are not carried out (`formats`).
    """
    name = read_format(files.format)
    if name in READ:
        READ[name].check(files.options)
    with partitions_as_text(session):
        if name == "json":
            return _json(session, files)
        if name == "csv":
            return Read(_csv(session, files))
        if name == "xml" and "rowtag" not in {option.lower() for option in files.options}:
            raise ValueError("Files of xml need the option rowTag, the tag of a record.")
        options = files.options if name not in READ else READ[name].sparks(files.options)
        if name == "avro":
            check_avro(files.options)
        given = {key: value for key, value in options.items() if key not in ATTACHED and value is not None}
        dataframe = loaded(session, files, lambda reader, paths: reader.options(**given).format(name).load(paths))
    return Read(data_of(dataframe))


def data_of(dataframe: DataFrame) -> Data:
    """A DataFrame with the Glue schema of its own. Raises ValueError for a column of a type that Glue does not have."""
    return Data(dataframe, struct_from_spark(dataframe.schema))


def check_avro(options: Mapping[str, Any]) -> None:
    """Raises NotSupported for a version of Avro's readers and writers without logical types."""
    if str(options.get("version") or "1.8") != "1.8":
        raise NotSupported(
            f'Version {options["version"]} of avro is not supported: logical types are read and written, as by "1.8".'
        )


@dataclass(frozen=True)
class CsvOptions:
    """Glue's options of CSV ("CSV configuration reference"), with their defaults. An empty character is none."""

    separator: str
    quote: str
    escape: str
    header: bool
    skip_first: bool
    whole: bool
    encoding: str
    sparks: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "CsvOptions":
        """The options as they were given. Raises ValueError for a character that is none."""
        given = {key: value for key, value in options.items() if value is not None}
        quote, escape = str(given.get("quoteChar", '"')), str(given.get("escaper", ""))
        made = cls(
            separator=str(given.get("separator", ",")),
            quote="" if quote == "-1" else quote,
            escape="" if escape.lower() in ("none", "-1") else escape,
            header=truth(given.get("withHeader", False)),
            skip_first=truth(given.get("skipFirst", False)),
            whole=truth(given.get("multiline", given.get("multiLine", False))),
            encoding=str(given.get("encoding", "UTF-8")),
            sparks=READ["csv"].sparks(given),
        )
        for name, text in (("separator", made.separator), ("quoteChar", made.quote), ("escaper", made.escape)):
            if (len(text) > 1 and name != "separator") or (not text and name == "separator"):
                raise ValueError(f"The {name} {text!r} of csv is not one character.")
        # A quote that escapes itself is a doubled quote, which is one anyway.
        return replace(made, escape="") if made.escape == made.quote else made

    @property
    def dialect(self) -> Dialect:
        """The same for our own reader and writer."""
        return Dialect("glue", self.separator, self.quote, self.escape)


def _csv(session: SparkSession, files: Files) -> Data:
    options = CsvOptions.of(files.options)
    files = replace(files, encoding=options.encoding)
    infer = truth(files.options.get("inferSchema", False))
    if options.escape or files.compression or (options.skip_first and options.header):
        if infer or set(options.sparks) - {"pathGlobFilter", "modifiedBefore", "modifiedAfter"}:
            also = ", ".join(["inferSchema"] if infer else options.sparks)
            raise NotSupported(f"{also} together with escaper, compressionType, or skipFirst with a header is not "
                               "supported: give the types by withSchema.")  # fmt: skip
        data = _by_ours(session, files, options)
    else:
        data = _by_spark(session, files, options, infer)
    return typed(data, read_schema(files.options["withSchema"])) if files.options.get("withSchema") else data


def _by_spark(session: SparkSession, files: Files, options: CsvOptions, infer: bool) -> Data:
    first = options.header or options.skip_first
    given = {
        "sep": options.separator,
        # Without quotes Spark takes NUL for one.
        "quote": options.quote or NEVER,
        "escape": options.quote or NEVER,
        "multiLine": options.whole,
        "inferSchema": infer,
        "encoding": options.encoding,
        "header": first,
        # Spark makes null of an empty field in quotes too, unless null is written otherwise.
        "nullValue": NEVER,
        **({"mode": "FAILFAST"} if files.fail_fast else {}),
        **options.sparks,
    }

    def load(reader: DataFrameReader, paths: list[str]) -> DataFrame:
        reader = reader.options(**given)
        dataframe = reader.csv(paths)
        if options.header:
            return dataframe
        # The names of columns without a header are numbers; where a header was skipped its names are not wanted.
        plain = reader.option("header", False).csv(paths) if first else dataframe
        return dataframe.toDF(*[re.sub(r"^_c(\d+)$", r"col\1", name) for name in plain.columns])

    return data_of(loaded(session, files, load))


def _by_ours(session: SparkSession, files: Files, options: CsvOptions) -> Data:
    """What Spark's reader reads otherwise than Glue's: escapes outside of quotes, two lines to skip, odd names of files."""
    found = fields(session, files, options.dialect, whole=options.whole).select(FIELDS).head()
    first = list(found[0] or ()) if found else []
    names = [name or f"col{number}" if options.header else f"col{number}" for number, name in enumerate(first)]
    after = replace(files, header=options.header + options.skip_first)
    return as_columns(fields(session, after, options.dialect, whole=options.whole), names)


def as_columns(found: DataFrame, names: Sequence[str]) -> Data:
    """Fields as columns of text under these names, and the columns beside them."""
    columns = [F.get(top(FIELDS), F.lit(position)).alias(name) for position, name in enumerate(names)]
    others = [top(name) for name in found.columns if name != FIELDS]
    return data_of(found.select(*columns, *others))


def typed(data: Data, schema: glue.StructType) -> Data:
    """The columns cast to the types that a schema has for them."""
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


def _scanned(parts: "RDD[tuple[Shape, int, bool]]") -> tuple[Shape, int, bool]:
    """What was seen in all partitions."""
    seen: Shape = {"struct": {}}
    errors, simple = 0, True
    for shape, failed, plain in parts.collect():
        seen, errors, simple = merge(seen, shape), errors + failed, simple and plain
    return seen, errors, simple


def _json(session: SparkSession, files: Files) -> Read:
    """JSON with a schema of what is seen in all of it; a field with values of several types is a choice."""
    path = json_path(files.options.get("jsonPath"))
    files = replace(
        files,
        encoding=str(files.options.get("encoding") or files.encoding),
        passed={**files.passed, **READ["json"].sparks(files.options)},
    )
    whole = truth(files.options.get("multiline", files.options.get("multiLine", False)))
    texts = lines(session, files, whole=whole)
    names = [name for name in texts.columns if name not in (FILE, VALUE)]
    rows = texts.rdd
    others = [known for known in texts.schema.fields if known.name in names]
    hint = shape_of_type(struct_from_spark(spark.StructType(others)))
    seen, errors, simple = _scanned(rows.mapPartitions(partial(scan_json, path=path, names=names, hint=hint)))
    lower = files.one_case and has_alike(seen)
    if lower:
        scan = partial(scan_json, path=path, names=names, hint=hint, lower=True)
        seen, simple = _scanned(rows.mapPartitions(scan))[0], False
    if errors and files.fail_fast:
        raise ValueError(f"{errors} records of the files are malformed JSON, and isFailFast is set.")
    schema = struct_of(seen)
    outcomes = rows.mapPartitions(partial(json_records, path=path, names=names, lower=lower))
    if simple and schema.fields and not has_choice(schema) and (files.encoding, files.compression) == ("UTF-8", ""):
        known = [spark.StructField(f.name, to_spark(f.dataType)) for f in schema if f.name not in names]
        given = spark.StructType(known)
        made = data_of(loaded(session, files, lambda reader, paths: reader.schema(given).json(paths)))
    else:
        made = dataframe_of(session, outcomes, seen, hint)
    if files.options.get("withSchema"):
        made = typed(made, read_schema(files.options["withSchema"]))
    return Read(made, Errors(Records(session, outcomes).failed) if errors else None)
