"""Rows to be shown, and what a table's rows are written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROWS = 25
"""So many are shown where nobody asks for more."""


class NoSample(Exception):
    """Why there are no rows to show, in a sentence."""


@dataclass(frozen=True)
class Rows:
    columns: list[str]
    values: Sequence[Sequence[Any]]


def format_of(table: Mapping[str, Any]) -> str:
    """The name of a table's format, as people call it."""
    parameters, storage = table.get("Parameters", {}), table.get("StorageDescriptor", {})
    if table.get("TableType") == "VIRTUAL_VIEW":
        return "View"
    if (kind := parameters.get("table_type", "").lower()) in ("iceberg", "delta", "hudi"):
        return str(kind.capitalize())
    if parameters.get("spark.sql.sources.provider", "").lower() == "delta":
        return "Delta"
    told = " ".join(
        [
            parameters.get("classification", ""),
            storage.get("InputFormat", "") or "",
            storage.get("SerdeInfo", {}).get("SerializationLibrary", "") or "",
        ]
    ).lower()
    for word, name in (("parquet", "Parquet"), ("orc", "ORC"), ("json", "JSON"), ("csv", "CSV"), ("avro", "Avro")):
        if word in told:
            return name
    return "CSV" if "lazysimple" in told or "textinputformat" in told else "Unknown"
