"""Code that reads what a page shows: to be copied, or put into the notebook that the page is beside."""

import json
from collections.abc import Mapping
from typing import Any

from studiolo.console.rows import format_of

Snippets = list[tuple[str, str]]
READERS = {"Parquet": "read_parquet", "CSV": "read_csv", "JSON": "read_json", "ORC": "read_orc"}
SUFFIXES = {".parquet": "Parquet", ".csv": "CSV", ".csv.gz": "CSV", ".json": "JSON", ".jsonl": "JSON", ".orc": "ORC"}


def of_table(table: Mapping[str, Any]) -> Snippets:
    """For a table of the catalog, in what can read its format."""
    database, name, kind = table["DatabaseName"], table["Name"], format_of(table)
    location = table.get("StorageDescriptor", {}).get("Location", "")
    found = [("Spark", f"frame = spark.table({_text(f'{database}.{name}')})\nframe.show(10)")]
    if kind == "Iceberg":
        found.append(
            (
                "PyIceberg",
                "from pyiceberg.catalog import load_catalog\n\n"
                f'table = load_catalog("glue").load_table({_text(f"{database}.{name}")})\n'
                "frame = table.scan(limit=1000).to_pandas()\nframe.head(10)",
            )
        )
    if kind == "Parquet":
        found.append(_wrangled(f"wr.s3.read_parquet_table(database={_text(database)}, table={_text(name)})"))
    if kind in READERS and location:
        found += _of_address(location, kind, whole=kind == "Parquet")
    return found


def of_object(bucket: str, key: str) -> Snippets:
    """For an object in S3, by what its name ends in."""
    address = f"s3://{bucket}/{key}"
    kind = next((kind for suffix, kind in SUFFIXES.items() if key.lower().endswith(suffix)), None)
    read = f'boto3.client("s3").get_object(Bucket={_text(bucket)}, Key={_text(key)})["Body"].read()'
    plain = ("boto3", f"import boto3\n\ncontent = {read}")
    if kind is None:
        return [plain]
    option = '.option("header", True)' if kind == "CSV" else ""
    spark = f"frame = spark.read{option}.{kind.lower()}({_text(address)})\nframe.show(10)"
    wrangled = [_wrangled(f"wr.s3.{READERS[kind]}({_text(address)})")] if kind != "JSON" else []
    return [("Spark", spark), *_of_address(address, kind, whole=True), *wrangled, plain]


def _of_address(address: str, kind: str, *, whole: bool) -> Snippets:
    if not whole:
        return []
    lines = ", lines=True" if kind == "JSON" else ""
    read = f"frame = pd.{READERS[kind]}({_text(address)}{lines})"
    return [("pandas", f"%pip install -q s3fs\nimport pandas as pd\n\n{read}\nframe.head(10)")]


def _text(value: str) -> str:
    """A text as Python writes it, whatever is in it: names come from others."""
    return json.dumps(value, ensure_ascii=False)


def _wrangled(call: str) -> tuple[str, str]:
    return "awswrangler", f"%pip install -q awswrangler\nimport awswrangler as wr\n\nframe = {call}\nframe.head(10)"
