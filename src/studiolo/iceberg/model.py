"""What is asked of Iceberg tables; schemas, partition specs and sort orders as Iceberg's JSON words them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = 64 * 1024 * 1024
"""Bytes of one metadata file that are read."""


@dataclass(frozen=True, slots=True)
class NewTable:
    """An Iceberg table to make.

    schema: None for the columns of the catalog's table; format_version: 1 or 2.
    """

    location: str
    schema: Mapping[str, Any] | None = None
    partition_spec: Mapping[str, Any] = field(default_factory=dict)
    sort_order: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    format_version: int = 2


@dataclass(frozen=True, slots=True)
class Change:
    """What a table is to be: a schema, partition spec and sort order as Iceberg's JSON words them.

    action: the one update to make of it (`add-schema`, `set-properties` …); None for all that differ from the table.
    """

    action: str | None = None
    schema: Mapping[str, Any] | None = None
    partition_spec: Mapping[str, Any] | None = None
    sort_order: Mapping[str, Any] | None = None
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
