"""What tests of the Data Catalog make: tables of Parquet files, and their partitions."""

from typing import Any

COLUMNS = [{"Name": "station", "Type": "string", "Comment": "where"}, {"Name": "pm", "Type": "double"}]
PARQUET = {
    "Columns": COLUMNS,
    "Location": "s3://lake/air/",
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "Compressed": False,
    "NumberOfBuckets": -1,
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
    "StoredAsSubDirectories": False,
    "SortColumns": [],
    "Parameters": {"compressionType": "snappy"},
}
KEYS = [{"Name": "year", "Type": "int"}, {"Name": "month", "Type": "string"}]


def table_input(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": PARQUET,
        "PartitionKeys": KEYS,
        "Parameters": {"classification": "parquet"},
        **changes,
    }


def partition_input(year: int, month: str) -> dict[str, Any]:
    location = f"s3://lake/air/year={year}/month={month}/"
    return {"Values": [str(year), month], "StorageDescriptor": {**PARQUET, "Location": location}, "Parameters": {}}


def pages(glue: Any, operation: str, **arguments: Any) -> Any:
    return glue.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **arguments)
