"""Every option of every format and connection, and every parameter of a table's SerDe: carried out, a hint, or refused.

The one place that says so; docs/awsglue.md shows it. What is in none of the tables is refused by its name, so that
nothing that a script asks for is dropped in silence. Names are those of "Data format options for inputs and outputs",
"Connection types and options for ETL: S3" and "GlueContext class" of the AWS Glue Developer Guide, of "Supported SerDes
and data formats" of the Athena User Guide, of Hive's `serdeConstants`, and of Spark's data sources.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from awsglue.errors import NotSupported


@dataclass(frozen=True)
class Options:
    """The options that something takes.

    `honored` are carried out, `spark` are handed to Spark's own source, and `hints` change how Glue works and never
    what comes. `refused` says of each why it is not carried out.
    """

    of: str
    honored: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    refused: Mapping[str, str] | None = None
    spark: tuple[str, ...] = ()

    def __or__(self, other: "Options") -> "Options":
        """The options of both."""
        return Options(
            self.of,
            self.honored + other.honored,
            self.hints + other.hints,
            {**(self.refused or {}), **(other.refused or {})},
            self.spark + other.spark,
        )

    def check(self, given: Iterable[str]) -> None:
        """Raises NotSupported for an option that is refused, ValueError for one that nobody knows."""
        ours = {name.lower(): name for name in (*self.honored, *self.hints)}
        exact = {*self.honored, *self.hints}
        sparks = {name.lower() for name in self.spark}
        why = {name.lower(): reason for name, reason in (self.refused or {}).items()}
        for name in given:
            if name.lower() in why:
                raise NotSupported(f"The option {name} of {self.of} is not supported: {why[name.lower()]}")
            if name in exact or name.lower() in sparks:
                continue
            if name.lower() in ours:
                raise ValueError(f"{name} is not an option of {self.of}: it is spelled {ours[name.lower()]}.")
            names = ", ".join(sorted(exact))
            raise ValueError(f"{name} is not an option of {self.of}, which takes {names}.")

    def sparks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the given options that are Spark's, with a value."""
        names = {name.lower() for name in self.spark}
        return {name: value for name, value in given.items() if name.lower() in names and value is not None}


BOOKMARKS = "it counts on bookmarks, which are not kept: each run reads everything."
FILES_OF_SPARK = ("pathGlobFilter", "modifiedBefore", "modifiedAfter", "ignoreCorruptFiles", "ignoreMissingFiles",
                  "recursiveFileLookup", "timeZone")  # fmt: skip
ATTACHED = ("attachFilename", "attachTimestamp")

S3_READ = Options(
    "an S3 source",
    honored=("path", "paths", "recurse", "exclusions", "compressionType", "isFailFast", "excludeStorageClasses"),
    hints=("groupFiles", "groupSize", "maxBand", "maxFilesInBand", "useS3ListImplementation", "jobBookmarkKeys",
           "jobBookmarkKeysSortOrder", "transformation_ctx", "redshiftTmpDir"),
    refused={"boundedFiles": BOOKMARKS, "boundedSize": BOOKMARKS},
)  # fmt: skip
S3_WRITE = Options(
    "an S3 sink",
    honored=("path", "partitionKeys", "compression", "enableUpdateCatalog", "updateBehavior"),
    hints=("transformation_ctx", "groupFiles", "groupSize", "useS3ListImplementation"),
    spark=("maxRecordsPerFile", "timeZone"),
)
CATALOG_READ = Options(
    "a table of the Data Catalog",
    honored=("catalogPartitionPredicate", "exclusions", "recurse", "compressionType", "isFailFast",
             "useSparkDataSource", "useCatalogSchema", "excludeStorageClasses"),
    hints=(*S3_READ.hints, "useSparkDataSink"),
    refused=S3_READ.refused,
)  # fmt: skip
CATALOG_WRITE = Options(
    "a table of the Data Catalog",
    honored=("partitionKeys", "enableUpdateCatalog", "updateBehavior", "compression"),
    hints=(*S3_WRITE.hints, "useSparkDataSink", "useCatalogSchema"),
    spark=S3_WRITE.spark,
)
JDBC = Options(
    "a database",
    honored=("url", "user", "password", "dbtable", "database", "query", "sampleQuery", "sampleSize",
             "enablePartitioningForSampleQuery", "hashfield", "hashexpression", "hashpartitions", "connectionName",
             "catalogId", "customJdbcDriverClassName"),
    hints=("bulkSize", "redshiftTmpDir", "useConnectionProperties", "jobBookmarkKeys", "jobBookmarkKeysSortOrder",
           "transformation_ctx", "useS3ListImplementation"),
    refused={
        "customJdbcDriverS3Path": "give the driver's jar by --extra-jars.",
        "preactions": "it is of Redshift: run the statement before.",
        "postactions": "it is of Redshift: run the statement afterwards.",
        "aws_iam_role": "it is of Redshift.",
        "secretId": "there is no Secrets Manager: give user and password.",
    },
    spark=("partitionColumn", "lowerBound", "upperBound", "numPartitions", "fetchsize", "batchsize", "driver",
           "queryTimeout", "sessionInitStatement", "isolationLevel", "truncate", "cascadeTruncate",
           "createTableOptions", "createTableColumnTypes", "customSchema", "prepareQuery", "pushDownPredicate",
           "pushDownAggregate", "pushDownLimit"),
)  # fmt: skip

CSV_READ = Options(
    "csv",
    honored=("separator", "escaper", "quoteChar", "multiLine", "multiline", "withHeader", "skipFirst", "withSchema",
             "inferSchema", "encoding", *ATTACHED),
    hints=("optimizePerformance", "strictCheckForQuoting", "writeHeader"),
    spark=("nullValue", "emptyValue", "dateFormat", "timestampFormat", "timestampNTZFormat", "locale", "comment", "mode",
           "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace", "nanValue", "positiveInf", "negativeInf", "lineSep",
           "maxColumns", "maxCharsPerColumn", "unescapedQuoteHandling", "samplingRatio", "preferDate",
           "charToEscapeQuoteEscaping", *FILES_OF_SPARK),
    refused={"header": "it is Spark's name: use withHeader.", "sep": "it is Spark's name: use separator.",
             "delimiter": "it is Spark's name: use separator.", "quote": "it is Spark's name: use quoteChar.",
             "escape": "it is Spark's name: use escaper."},
)  # fmt: skip
CSV_WRITE = Options(
    "csv",
    honored=("separator", "escaper", "quoteChar", "writeHeader", "compression"),
    hints=("optimizePerformance", "strictCheckForQuoting", "withHeader", "multiLine", "multiline"),
    refused=CSV_READ.refused,
)
JSON_READ = Options(
    "json",
    honored=("jsonPath", "multiLine", "multiline", "withSchema", "encoding", *ATTACHED),
    hints=("optimizePerformance",),
    spark=FILES_OF_SPARK,
)
JSON_WRITE = Options("json", honored=("compression",), hints=("optimizePerformance",),
                     spark=("dateFormat", "timestampFormat", "ignoreNullFields", "encoding", "lineSep"))  # fmt: skip
PARQUET_READ = Options(
    "parquet",
    honored=ATTACHED,
    hints=("useGlueParquetWriter", "compression", "blockSize", "pageSize", "compressionType"),
    spark=("mergeSchema", "datetimeRebaseMode", "int96RebaseMode", *FILES_OF_SPARK),
)
PARQUET_WRITE = Options("parquet", honored=("compression", "blockSize", "pageSize"),
                        hints=("useGlueParquetWriter",))  # fmt: skip
ORC_READ = Options("orc", honored=ATTACHED, hints=("compression", "compressionType"),
                   spark=("mergeSchema", *FILES_OF_SPARK))  # fmt: skip
ORC_WRITE = Options("orc", honored=("compression",))
AVRO_READ = Options(
    "avro",
    honored=("version", *ATTACHED),
    hints=("compression", "compressionType"),
    spark=("avroSchema", "avroSchemaUrl", "ignoreExtension", "mode", "positionalFieldMatching", "datetimeRebaseMode",
           *FILES_OF_SPARK),
)  # fmt: skip
AVRO_WRITE = Options("avro", honored=("version", "compression"),
                     spark=("avroSchema", "recordName", "recordNamespace", "positionalFieldMatching"))  # fmt: skip

READ = {"csv": CSV_READ, "json": JSON_READ, "parquet": PARQUET_READ, "orc": ORC_READ, "avro": AVRO_READ}
WRITE = {"csv": CSV_WRITE, "json": JSON_WRITE, "parquet": PARQUET_WRITE, "orc": ORC_WRITE, "avro": AVRO_WRITE}
"""Formats' options. Those of xml, iceberg, delta and hudi are checked by their own sources."""

COLUMNAR = {"parquet": "parquet", "glueparquet": "parquet", "orc": "orc"}
LAKE = {"iceberg", "delta", "hudi"}
"""Table formats: Spark reads and writes them when their package is there, with their own options."""
PASSED = {"avro", *LAKE}
"""Formats that are connection types too."""
READ_ONLY = {"xml"}
UNSUPPORTED = {"grok", "groklog", "ion", "excel"}


def read_format(name: str | None) -> str:
    """The format's name to Spark. Raises ValueError when there is none, and NotSupported."""
    known = _known(name, "csv, json, parquet, orc, avro, xml, iceberg, delta or hudi", READ_ONLY)
    if known in UNSUPPORTED:
        raise NotSupported(f"The format {name} is not supported: convert the files to json, csv, parquet or orc.")
    return known


def write_format(name: str | None) -> str:
    """The same for writing."""
    known = _known(name, "csv, json, parquet, orc, avro, iceberg, delta or hudi", READ_ONLY)
    if known in READ_ONLY | UNSUPPORTED:
        raise NotSupported(f"The format {name} cannot be written.")
    return known


def _known(name: str | None, names: str, others: set[str]) -> str:
    if not name:
        raise ValueError("Files need a format: csv, json, parquet or orc.")
    known = COLUMNAR.get(name.lower(), name.lower())
    if known not in {"csv", "json", *COLUMNAR, *PASSED, *others, *UNSUPPORTED}:
        raise ValueError(f"{name} is not a format: use {names}.")
    return known


def parted(
    connection: Options, format: str, formats: Mapping[str, Options], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Connection options and, among them, those that are of the format: people give `mergeSchema` in either place.

    Raises as `Options.check` does.
    """
    if format not in formats:
        return dict(given), {}
    of_format = formats[format]
    names = {name.lower() for name in (*of_format.honored, *of_format.hints, *of_format.spark)}
    own = {name.lower() for name in (*connection.honored, *connection.hints, *connection.spark)}
    others = {name: value for name, value in given.items() if name.lower() in names - own}
    rest = {name: value for name, value in given.items() if name not in others}
    connection.check(rest)
    return rest, others


@dataclass(frozen=True)
class Serde:
    """A SerDe of Hive's, Glue's or Athena's: what reads its tables, and its parameters."""

    reader: str
    options: Options


ANY_SERDE = ("serialization.format", "serialization.lib", "path", "classification", "typeOfData", "serde")
HIVE_ONLY = "Hive's own does so alone; convert the files."
_REGEX = Options(
    "RegexSerDe",
    honored=(
        "input.regex",
        "input.regex.case.insensitive",
        "serialization.encoding",
        "skip.header.line.count",
        "skip.footer.line.count",
        "compressionType",
        "timestamp.formats",
    ),
    hints=(*ANY_SERDE, "output.format.string"),
)

SERDES: Mapping[str, Serde] = {
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": Serde(
        "hive",
        Options(
            "LazySimpleSerDe",
            honored=(
                "field.delim",
                "serialization.format",
                "escape.delim",
                "collection.delim",
                "colelction.delim",
                "mapkey.delim",
                "line.delim",
                "serialization.null.format",
                "serialization.encoding",
                "serialization.last.column.takes.rest",
                "timestamp.formats",
                "quoteChar",
                "separatorChar",
                "escapeChar",
                "skip.header.line.count",
                "skip.footer.line.count",
                "compressionType",
            ),
            hints=(*ANY_SERDE, "serialization.escape.crlf", "areColumnsQuoted", "columnsOrdered", "delimiter"),
            refused={
                "hive.serialization.extend.nesting.levels": HIVE_ONLY,
                "hive.serialization.extend.additional.nesting.levels": HIVE_ONLY,
                "hive.lazysimple.extended_boolean_literal": HIVE_ONLY,
            },
        ),
    ),
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": Serde(
        "opencsv",
        Options(
            "OpenCSVSerde",
            honored=(
                "separatorChar",
                "quoteChar",
                "escapeChar",
                "serialization.encoding",
                "skip.header.line.count",
                "skip.footer.line.count",
                "compressionType",
                "timestamp.formats",
            ),
            hints=(*ANY_SERDE, "field.delim", "escape.delim", "serialization.null.format"),
        ),
    ),
    "org.apache.hive.hcatalog.data.JsonSerDe": Serde(
        "json",
        Options(
            "JsonSerDe",
            honored=("compressionType", "serialization.encoding"),
            hints=(*ANY_SERDE, "paths", "hcat.msg.include.nullable", "timestamp.formats", "ignore.malformed.json"),
        ),
    ),
    "org.apache.hadoop.hive.serde2.JsonSerDe": Serde(
        "json",
        Options(
            "JsonSerDe",
            honored=("compressionType", "serialization.encoding"),
            hints=(*ANY_SERDE, "paths", "timestamp.formats", "ignore.malformed.json"),
            refused={"text.encoding": "use serialization.encoding."},
        ),
    ),
    "org.openx.data.jsonserde.JsonSerDe": Serde(
        "json",
        Options(
            "JsonSerDe",
            honored=("mapping.*", "dots.in.keys", "compressionType", "serialization.encoding"),
            hints=(
                *ANY_SERDE,
                "paths",
                "ignore.malformed.json",
                "case.insensitive",
                "explicit.null",
                "strip.outer.array",
                "timestamp.formats",
            ),
        ),
    ),
    "org.apache.hadoop.hive.serde2.RegexSerDe": Serde("regex", _REGEX),
    "org.apache.hadoop.hive.contrib.serde2.RegexSerDe": Serde("regex", _REGEX),
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": Serde("parquet", Options("ParquetHiveSerDe")),
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde": Serde("orc", Options("OrcSerde")),
    "org.apache.hadoop.hive.serde2.avro.AvroSerDe": Serde("avro", Options("AvroSerDe")),
}
"""Text is read by ours, after these; Parquet, ORC and Avro say of themselves what they hold, and Spark reads them."""
UNREADABLE: Mapping[str, str] = {
    "com.amazonaws.glue.serde.GrokSerDe": "grok patterns",
    "com.amazon.ionhiveserde.IonHiveSerDe": "Ion",
    "com.amazon.emr.hive.serde.CloudTrailSerde": "CloudTrail's records",
    "org.apache.hive.hcatalog.data.CloudTrailSerde": "CloudTrail's records",
    "com.amazon.emr.cloudtrail.CloudTrailSerde": "CloudTrail's records",
    "com.amazonaws.glue.serde.XmlSerDe": "XML",
}
"""SerDes of what is read by none here."""
# Parameters of a table itself reach its SerDe too. Those that no SerDe knows are remarks: crawlers' counts, people's own,
# and `projection.*`, which is Athena's alone ("Partition projection with Amazon Athena": other engines read the catalog's
# partitions).


def check_serde(table: str, library: str, parameters: Mapping[str, str]) -> None:
    """Raises NotSupported for a SerDe that is not read here, or a parameter of it that is not carried out, by name."""
    if library in UNREADABLE:
        raise NotSupported(
            f"The table {table} has the SerDe {library}, of {UNREADABLE[library]}, which is not read here."
        )
    known = SERDES.get(library)
    if known is None or known.reader not in TEXT_READERS:
        return
    names = {name.lower() for name in (*known.options.honored, *known.options.hints)}
    for name in parameters:
        why = (known.options.refused or {}).get(name, "")
        if why or (name.lower() not in names and not (name.startswith("mapping.") and "mapping.*" in names)):
            raise NotSupported(f"The parameter {name} of the table {table}'s {known.options.of} is not supported"
                               f"{': ' + why if why else '.'}")  # fmt: skip
    if parameters.get("line.delim", "\n") not in ("\n", "10"):
        raise NotSupported(
            f"The table {table} parts lines by line.delim {parameters['line.delim']!r}: only \\n is read."
        )


TEXT_READERS = {"hive", "opencsv", "json", "regex"}
