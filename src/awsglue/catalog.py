"""The Data Catalog: tables as Spark's catalog or AWS Glue's API knows them, and tables kept up to date with writes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as spark
from pyspark.sql.types import _parse_datatype_string

from awsglue import gluetypes as glue
from awsglue.errors import NotSupported
from awsglue.options import truth
from awsglue.schema import struct_from_spark, to_spark

HIVE = "org.apache.hadoop.hive."
SERDES: dict[str, tuple[str, str, str]] = {
    "parquet": (
        HIVE + "ql.io.parquet.MapredParquetInputFormat",
        HIVE + "ql.io.parquet.MapredParquetOutputFormat",
        HIVE + "ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "orc": (HIVE + "ql.io.orc.OrcInputFormat", HIVE + "ql.io.orc.OrcOutputFormat", HIVE + "ql.io.orc.OrcSerde"),
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        HIVE + "ql.io.HiveIgnoreKeyTextOutputFormat",
        # Of Hive's own, which sessions have: Spark can query the table too.
        "org.apache.hive.hcatalog.data.JsonSerDe",
    ),
    "csv": (
        "org.apache.hadoop.mapred.TextInputFormat",
        HIVE + "ql.io.HiveIgnoreKeyTextOutputFormat",
        HIVE + "serde2.lazy.LazySimpleSerDe",
    ),
    "avro": (
        HIVE + "ql.io.avro.AvroContainerInputFormat",
        HIVE + "ql.io.avro.AvroContainerOutputFormat",
        HIVE + "serde2.avro.AvroSerDe",
    ),
}
"""Input format, output format and SerDe of a table of a format."""


@dataclass(frozen=True)
class CatalogTable:
    """What reading and writing a table needs to know of it. `schema` has the partition columns at its end."""

    database: str
    name: str
    location: str
    format: str
    schema: spark.StructType
    partition_keys: Sequence[str]
    parameters: Mapping[str, str]
    in_spark: bool
    catalog_id: str | None = None
    serde: str = ""
    """The SerDe's class, and its parameters: of a table of one of Spark's own sources, that source's options."""
    serde_parameters: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""
    """Spark's name of the source, for a table that is not Hive's."""

    @property
    def in_database(self) -> bool:
        """Whether it is a database's table, which a connection of the Data Catalog leads to."""
        return "connectionName" in self.parameters and "://" not in self.location

    @property
    def data_columns(self) -> list[str]:
        """The columns that are in the files."""
        return [name for name in self.schema.names if name not in self.partition_keys]


def name_in_spark(session: SparkSession, table: CatalogTable) -> str | None:
    """What Spark calls the table: an Iceberg table is in the catalog of Iceberg's that is configured. None without one."""
    if table.format == "iceberg":
        for key, value in session.sparkContext.getConf().getAll():
            catalog = key.removeprefix("spark.sql.catalog.")
            if catalog != key and "." not in catalog and "iceberg" in value:
                return f"`{catalog}`.{full_name(table.database, table.name)}"
    return full_name(table.database, table.name) if table.in_spark else None


def full_name(database: str, table: str) -> str:
    """The table's name in SQL."""
    return f"`{database.replace('`', '``')}`.`{table.replace('`', '``')}`"


def find_table(session: SparkSession, client: Any, database: str, table: str, catalog_id: str | None) -> CatalogTable:
    """The table, in Spark's catalog or, when it is not there, by Glue's API, whose errors say what is wrong."""
    state: Any = session._jsparkSession.sessionState()
    identifier = state.sqlParser().parseTableIdentifier(full_name(database, table))
    # session.catalog opens it in Spark 4.1, which fails for what another catalog than Spark's own has to open: Iceberg.
    if state.catalog().tableExists(identifier):
        return replace(_spark_table(state, identifier, database, table), catalog_id=catalog_id)
    request = {"DatabaseName": database, "Name": table, **({"CatalogId": catalog_id} if catalog_id else {})}
    return replace(_glue_table(database, client().get_table(**request)["Table"]), catalog_id=catalog_id)


def _spark_table(state: Any, identifier: Any, database: str, table: str) -> CatalogTable:
    known = state.catalog().getTableMetadata(identifier)
    storage = known.storage()
    location = storage.locationUri()
    serde = storage.serde().get() if storage.serde().isDefined() else ""
    provider = known.provider().get() if known.provider().isDefined() else ""
    own = _scala_map(storage.properties())
    parameters = {**_scala_map(known.properties()), **own, "serde": serde}
    keys = _scala_list(known.partitionColumnNames())
    schema = spark.StructType.fromJson(json.loads(known.schema().json()))
    if provider == "hive":
        schema = _of_metastore(state, database, table, schema, keys)
    return CatalogTable(
        database=database,
        name=table,
        location=location.get().toString() if location.isDefined() else "",
        format=_format(parameters, provider, serde),
        schema=schema,
        partition_keys=keys,
        parameters=parameters,
        in_spark=True,
        serde=serde,
        serde_parameters=own,
        provider="" if provider == "hive" else provider.lower(),
    )


def _of_metastore(
    state: Any, database: str, table: str, schema: spark.StructType, keys: Sequence[str]
) -> spark.StructType:
    """A Hive table's columns as the metastore has them.

    Spark asks the SerDe instead, unless it is one of a few: one that is not there knows none, and OpenCSVSerde says of
    each that it is text.
    """
    client = state.catalog().externalCatalog().unwrapped().client()
    raw = client.getRawHiveTableOption(database, table)
    columns = raw.get().rawTable().getTTable().getSd().getCols() if raw.isDefined() else []
    if not columns:
        return schema
    names = {name.lower(): name for name in schema.names}
    found = [column_type(names.get(c.getName().lower(), c.getName()), c.getType()) for c in columns]
    return spark.StructType([*found, *[field for field in schema.fields if field.name in keys]])


LENGTHS = re.compile(r"\b(?:var)?char\s*\(\s*\d+\s*\)", re.IGNORECASE)


def column_type(name: str, kind: str) -> spark.StructField:
    """A column by the catalog's words for its type; texts of a length are texts. Raises ValueError for no type."""
    try:
        return spark.StructField(name, _parse_datatype_string(LENGTHS.sub("string", kind or "string")))
    except Exception as error:
        raise ValueError(f"The column {name} has the type {kind!r}, which Spark does not have.") from error


def _scala_map(values: Any) -> dict[str, str]:
    pairs = values.toSeq()
    return {str(pairs.apply(i)._1()): str(pairs.apply(i)._2()) for i in range(pairs.size())}


def _scala_list(values: Any) -> list[str]:
    return [str(values.apply(i)) for i in range(values.size())]


def _format(parameters: Mapping[str, str], provider: str, serde: str) -> str:
    """The table's format: Iceberg by its mark, else Spark's provider, else what the table says, else by its SerDe."""
    classification = parameters.get("classification", "")
    if parameters.get("table_type", "").lower() == "iceberg":
        return "iceberg"
    if provider.lower() not in ("", "hive"):
        return provider.lower()
    if classification:
        return classification.lower()
    for part, name in (("parquet", "parquet"), ("orc", "orc"), ("json", "json"), ("avro", "avro"), ("csv", "csv")):
        if part in serde.lower():
            return name
    return "csv" if "lazysimple" in serde.lower() else ""


def _glue_table(database: str, table: Mapping[str, Any]) -> CatalogTable:
    storage = table.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    library = serde.get("SerializationLibrary", "")
    keys = table.get("PartitionKeys", [])
    parameters = {**table.get("Parameters", {}), **serde.get("Parameters", {}), "serde": library}
    provider = parameters.get("spark.sql.sources.provider", "")
    columns = [*storage.get("Columns", []), *keys]
    fields = [column_type(column["Name"], column.get("Type", "string")) for column in columns]
    return CatalogTable(
        database=database,
        name=table["Name"],
        location=storage.get("Location", ""),
        format=_format(parameters, provider, library),
        schema=spark.StructType(fields),
        partition_keys=[key["Name"] for key in keys],
        parameters=parameters,
        in_spark=False,
        serde=library,
        serde_parameters=serde.get("Parameters", {}),
        provider=provider.lower(),
    )


def schema_of(table: CatalogTable) -> glue.StructType:
    """The table's columns, partition columns among them, as Glue's types."""
    return struct_from_spark(table.schema)


@dataclass(frozen=True)
class Update:
    """What a write tells the catalog: the table, how it was written, and whether columns may change."""

    database: str
    table: str
    format: str
    path: str
    format_options: Mapping[str, Any]
    partition_keys: Sequence[str]
    change_columns: bool
    catalog_id: str | None = None

    @property
    def address(self) -> dict[str, str]:
        """The table's database, and catalog when it is not the account's own."""
        return {"DatabaseName": self.database, **({"CatalogId": self.catalog_id} if self.catalog_id else {})}


def update_catalog(
    session: SparkSession, client: Any, written: DataFrame, schema: glue.StructType, update: Update
) -> None:
    """Create the table of what was written, or give it its new columns; then add the partitions that are new.

    Raises NotSupported for a format that the catalog has no SerDe for; Glue's errors come as they are.
    """
    if update.format not in SERDES:
        raise NotSupported(f"The catalog cannot be kept up to date with the format {update.format}.")
    wanted = _table_input(schema, update)
    try:
        table = client.get_table(Name=update.table, **update.address)["Table"]
    except client.exceptions.EntityNotFoundException:
        client.create_table(TableInput=wanted, **update.address)
    else:
        merged = _with_columns(table, wanted["StorageDescriptor"]["Columns"])
        if update.change_columns and merged != table["StorageDescriptor"]["Columns"]:
            kept = {key: table[key] for key in KEPT if key in table}
            kept["StorageDescriptor"] = {**table["StorageDescriptor"], "Columns": merged}
            client.update_table(TableInput=kept, **update.address)
    if update.partition_keys:
        _add_partitions(session, client, written, wanted["StorageDescriptor"], update)
    if session.catalog.tableExists(full_name(update.database, update.table)):
        session.catalog.refreshTable(full_name(update.database, update.table))


KEPT = ("Name", "Description", "Owner", "Retention", "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType",
        "Parameters")  # fmt: skip
"""What GetTable answers and UpdateTable takes; with the target of a resource link it would change the link itself."""


def _columns(schema: glue.StructType) -> list[dict[str, str]]:
    return [{"Name": field.name.lower(), "Type": to_spark(field.dataType).simpleString()} for field in schema]


def _table_input(schema: glue.StructType, update: Update) -> dict[str, Any]:
    keys = {key.lower() for key in update.partition_keys}
    columns = _columns(schema)
    by_name = {column["Name"]: column for column in columns}
    reading, writing, library = SERDES[update.format]
    header = update.format == "csv" and truth(update.format_options.get("writeHeader", True))
    serde = _written_csv(update.format_options) if update.format == "csv" else {}
    return {
        "Name": update.table,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": update.format,
            **({"skip.header.line.count": "1"} if header else {}),
        },
        "PartitionKeys": [by_name[key.lower()] for key in update.partition_keys],
        "StorageDescriptor": {
            "Columns": [column for column in columns if column["Name"] not in keys],
            "Location": update.path,
            "InputFormat": reading,
            "OutputFormat": writing,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": {"serialization.format": "1", **serde}},
        },
    }


def _written_csv(options: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that make the table's reader give back what the writer of CSV was given."""
    quote, escape = str(options.get("quoteChar", '"')), str(options.get("escaper") or "")
    return {
        "field.delim": str(options.get("separator", ",")),
        # Null is an empty field, and an empty text is one in quotes.
        "serialization.null.format": "",
        **({"quoteChar": quote} if quote != '"' else {}),
        **({"escape.delim": escape} if escape and escape.lower() not in ("none", "-1", quote) else {}),
    }


def _with_columns(table: Mapping[str, Any], columns: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The table's columns with the types written now, and the new ones at their end."""
    now = {column["Name"]: column for column in columns}
    keys = {key["Name"] for key in table.get("PartitionKeys", [])}
    old = [
        {**column, "Type": now.pop(column["Name"], column)["Type"]} for column in table["StorageDescriptor"]["Columns"]
    ]
    return [*old, *[column for name, column in now.items() if name not in keys]]


def _add_partitions(
    session: SparkSession, client: Any, written: DataFrame, storage: Mapping[str, Any], update: Update
) -> None:
    wanted = [
        {"Values": values, "StorageDescriptor": {**storage, "Location": f"{update.path.rstrip('/')}/{folder}"}}
        for values, folder in _partitions(session, written, update.partition_keys)
    ]
    for start in range(0, len(wanted), 100):
        answer = client.batch_create_partition(
            TableName=update.table, PartitionInputList=wanted[start : start + 100], **update.address
        )
        for failure in answer.get("Errors", []):
            detail = failure["ErrorDetail"]
            if detail["ErrorCode"] != "AlreadyExistsException":
                raise RuntimeError(
                    f"The partition {failure['PartitionValues']} was not added: {detail['ErrorMessage']}"
                )


def _partitions(session: SparkSession, written: DataFrame, keys: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """The values of the partitions that were written, and their folders below the table's, as Spark names them."""
    jvm: Any = session._jvm
    naming = jvm.org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils
    for row in written.selectExpr(*[f"cast(`{key}` as string)" for key in keys]).distinct().collect():
        values = ["__HIVE_DEFAULT_PARTITION__" if value in (None, "") else str(value) for value in row]
        folders = [naming.getPartitionPathString(key, value) for key, value in zip(keys, values, strict=True)]
        yield values, "/".join(folders)
