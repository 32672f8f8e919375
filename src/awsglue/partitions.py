"""The partitions of the Data Catalog's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue.catalog import CatalogTable
from awsglue.columns import tried

BATCH = 25
"""Partitions that BatchDeletePartition takes at once."""


@dataclass(frozen=True)
class Partition:
    """A partition: its values in the order of the table's keys, and where its files are."""

    values: tuple[str, ...]
    location: str


def partitions_of(session: SparkSession, client: Any, table: CatalogTable, expression: str = "") -> list[Partition]:
    """The table's partitions; with an expression of GetPartitions those that it chooses. Raises Glue's errors."""
    request = {"ExcludeColumnSchema": True, **({"Expression": expression} if expression else {})}
    pages = client.get_paginator("get_partitions").paginate(**_address(table), **request)
    return [_partition(session, table, found) for page in pages for found in page["Partitions"]]


def _partition(session: SparkSession, table: CatalogTable, found: Mapping[str, Any]) -> Partition:
    values = tuple(found["Values"])
    location = found.get("StorageDescriptor", {}).get("Location") or partition_folder(session, table, values)
    return Partition(values, location)


def partition_folder(session: SparkSession, table: CatalogTable, values: Sequence[str]) -> str:
    """The folder that is named by a partition's values, as Spark and Hive name folders."""
    jvm: Any = session._jvm
    naming = jvm.org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils
    pairs = zip(table.partition_keys, values, strict=True)
    return "/".join([table.location.rstrip("/"), *[naming.getPartitionPathString(key, value) for key, value in pairs]])


def remove(client: Any, table: CatalogTable, partitions: Sequence[Partition]) -> None:
    """Take the partitions out of the catalog. Raises RuntimeError for one that cannot be."""
    for start in range(0, len(partitions), BATCH):
        values = [{"Values": list(partition.values)} for partition in partitions[start : start + BATCH]]
        answer = client.batch_delete_partition(**_address(table), PartitionsToDelete=values)
        for failure in answer.get("Errors", []):
            raise RuntimeError(
                f"The partition {failure['PartitionValues']} was not deleted: {failure['ErrorDetail']['ErrorMessage']}"
            )


def _address(table: CatalogTable) -> dict[str, str]:
    catalog = {"CatalogId": table.catalog_id} if table.catalog_id else {}
    return {"DatabaseName": table.database, "TableName": table.name, **catalog}


def chosen(
    session: SparkSession, table: CatalogTable, partitions: Sequence[Partition], predicate: str
) -> list[Partition]:
    """The partitions whose values, of the types of the keys, meet a predicate of Spark's. Raises ValueError."""
    if not predicate:
        return list(partitions)
    check_predicate(session, table, predicate)
    keys = key_fields(table)
    rows = [(*partition.values, number) for number, partition in enumerate(partitions)]
    texts = [spark.StructField(field.name, spark.StringType()) for field in keys]
    number = spark.StructField(" number", spark.IntegerType())
    values = session.createDataFrame(rows, spark.StructType([*texts, number]))
    typed = values.select(*[tried(F.col(f"`{field.name}`"), field.dataType) for field in keys], "` number`")
    return [partitions[row[0]] for row in typed.where(predicate).select("` number`").collect()]


def check_predicate(session: SparkSession, table: CatalogTable, predicate: str) -> None:
    """Raises ValueError unless the predicate can be decided by the table's partition keys alone."""
    keys = key_fields(table)
    if not keys:
        raise ValueError(f"The table {table.name} has no partitions to choose by {predicate!r}: filter its records.")
    try:
        session.createDataFrame([], spark.StructType(keys)).where(predicate).schema  # noqa: B018
    except (AnalysisException, ParseException) as error:
        said = str(error).split(";")[0].strip().split("\n")[0]
        names = ", ".join(field.name for field in keys)
        raise ValueError(
            f"The predicate {predicate!r} cannot be resolved against the partition columns {names} of {table.name}: "
            f"{said}"
        ) from None


def key_fields(table: CatalogTable) -> list[spark.StructField]:
    """The partition columns."""
    return [field for field in table.schema.fields if field.name in table.partition_keys]
