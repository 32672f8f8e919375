"""What a Data Catalog is made of, in the words of Glue and Hive; immutable.

One class serves what is asked for and what is there: what only the catalog can know (`created`, `version` …) is
ignored when given, and set in what comes back. Fields that are a `Mapping[str, Any]` are recorded as Glue's API
words them, and no engine here reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
"""The partition value that engines write for NULL."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database; `location` is a URI. `owner` and `owner_type` (USER, ROLE, GROUP) are Hive's, and not in Glue.

    governed: whether Lake Formation has a say about it, and not IAM alone; what is asked for does not change it.
    """

    name: str
    description: str | None = None
    location: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
    create_table_default_permissions: tuple[Mapping[str, Any], ...] | None = None
    target_database: Mapping[str, Any] | None = None
    federated_database: Mapping[str, Any] | None = None
    owner: str | None = None
    owner_type: str | None = None
    governed: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a partition key; `type` as Hive writes it, e.g. `array<struct<a:int>>`."""

    name: str
    type: str | None = None
    comment: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SerDe:
    """How rows are read from and written to files."""

    name: str | None = None
    library: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """A column that rows are sorted by; `sort_order` 1 ascending, 0 descending."""

    column: str
    sort_order: int


@dataclass(frozen=True, slots=True)
class SkewedInfo:
    """Values that are so frequent that they lie in folders of their own."""

    column_names: tuple[str, ...] = ()
    column_values: tuple[str, ...] = ()
    locations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageDescriptor:
    """Where the rows of a table or partition lie, and in what form; `buckets` as Hive counts them."""

    columns: tuple[Column, ...] = ()
    location: str | None = None
    additional_locations: tuple[str, ...] = ()
    input_format: str | None = None
    output_format: str | None = None
    compressed: bool = False
    buckets: int = 0
    serde: SerDe | None = None
    bucket_columns: tuple[str, ...] = ()
    sort_columns: tuple[Order, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    skewed: SkewedInfo | None = None
    stored_as_subdirectories: bool = False
    schema_reference: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view, at its version `version` (counted from 0); `retention` in days; `governed` as of a database."""

    name: str
    database: str = ""
    description: str | None = None
    owner: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    last_access: datetime | None = None
    last_analyzed: datetime | None = None
    retention: int = 0
    storage: StorageDescriptor | None = None
    partition_keys: tuple[Column, ...] = ()
    view_original_text: str | None = None
    view_expanded_text: str | None = None
    type: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    created_by: str | None = None
    target_table: Mapping[str, Any] | None = None
    federated_table: Mapping[str, Any] | None = None
    view_definition: Mapping[str, Any] | None = None
    version: int = 0
    governed: bool = False

    @property
    def is_iceberg(self) -> bool:
        """Whether its parameters say, as Iceberg's engines write them, that it is an Iceberg table."""
        return self.parameters.get("table_type", "").upper() == "ICEBERG"


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: a value for each partition key of its table, and where its rows lie."""

    values: tuple[str, ...]
    database: str = ""
    table: str = ""
    created: datetime | None = None
    last_access: datetime | None = None
    last_analyzed: datetime | None = None
    storage: StorageDescriptor | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartitionIndex:
    """An index over some of a table's partition keys, in their order."""

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One of `total` disjoint parts of a table's partitions, counted from 0."""

    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that a function needs: `kind` JAR, FILE or ARCHIVE."""

    kind: str
    uri: str


@dataclass(frozen=True, slots=True)
class Function:
    """A user-defined function; `type` and `owner_type` in Glue's words."""

    name: str
    database: str = ""
    class_name: str | None = None
    owner: str | None = None
    owner_type: str | None = None
    type: str | None = None
    created: datetime | None = None
    resources: tuple[Resource, ...] = ()
    artifact_location: str | None = None
    governance_mode: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What is known of a column's values; which fields have a meaning depends on `kind`.

    kind: BOOLEAN, DATE, DECIMAL, DOUBLE, LONG, STRING or BINARY; type: the column's, as Hive writes it; minimum and
    maximum: as text, a date as its moment in ISO 8601; lengths in characters or bytes.
    """

    column: str
    type: str
    kind: str
    analyzed: datetime | None = None
    minimum: str | None = None
    maximum: str | None = None
    nulls: int | None = None
    distinct: int | None = None
    average_length: float | None = None
    maximum_length: int | None = None
    trues: int | None = None
    falses: int | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a data source: `properties` by Glue's keys (JDBC_CONNECTION_URL …), `recorded` the rest as given."""

    name: str
    type: str
    description: str | None = None
    match_criteria: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)
    created: datetime | None = None
    updated: datetime | None = None
    updated_by: str | None = None


@dataclass(frozen=True, slots=True)
class Classifier:
    """How a crawler recognizes a format: `kind` grok, xml, json or csv; `version` counts its changes from 1."""

    name: str
    kind: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    created: datetime | None = None
    updated: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class ChildCatalog:
    """A catalog within an account's: its databases are of the scope whose account is `id`."""

    name: str
    id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    created: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A resource policy (JSON), and the hash that changes are conditioned on."""

    text: str
    hash: str
    created: datetime
    updated: datetime
