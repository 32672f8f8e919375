"""Feature groups as values: what a record is made of, and in which stores it is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from studiolo.domain import Scope
from studiolo.ml.names import arn

CREATING, CREATED, CREATE_FAILED = "Creating", "Created", "CreateFailed"
DELETING, DELETE_FAILED = "Deleting", "DeleteFailed"
PASSING = frozenset({CREATING, DELETING})

ACTIVE, BLOCKED = "Active", "Blocked"
"""Of an offline store."""
IN_PROGRESS, SUCCESSFUL, FAILED = "InProgress", "Successful", "Failed"
"""Of an update."""

SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 7 * 86400}

Value = str | list[str]
"""A feature's value as it is sent, by ValueAsString or ValueAsStringList."""


@dataclass(frozen=True)
class Ttl:
    """How long after its event time a record lasts in the online store."""

    unit: str
    value: int

    @property
    def nanoseconds(self) -> int:
        return SECONDS[self.unit] * self.value * 10**9


@dataclass(frozen=True)
class Feature:
    """One feature; type: Integral, Fractional or String; collection: List, Set or Vector (of so many dimensions).

    created, changed: seconds since 1970.
    """

    name: str
    type: str
    collection: str | None = None
    dimension: int | None = None
    created: float = 0
    changed: float = 0
    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableName:
    """A table of the Data Catalog."""

    database: str
    table: str
    catalog: str = "AwsDataCatalog"


@dataclass(frozen=True)
class Offline:
    """An offline store under `uri`. resolved: where its files lie; table: None for no table; managed: it is ours.

    iceberg: the table is one of Iceberg.
    """

    uri: str
    resolved: str = ""
    table: TableName | None = None
    managed: bool = True
    iceberg: bool = False
    recorded: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Specification:
    """What a feature group was asked to be. `recorded` is kept and shown, and changes nothing."""

    identifier: str
    event_time: str
    features: tuple[Feature, ...]
    online: bool
    ttl: Ttl | None = None
    offline: Offline | None = None
    role: str | None = None
    description: str | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def feature(self, name: str) -> Feature | None:
        return next((feature for feature in self.features if feature.name == name), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Specification":
        offline = values["offline"]
        if offline is not None:
            table = offline["table"]
            offline = Offline(**{**offline, "table": table and TableName(**table)})
        return cls(
            **{
                **values,
                "features": tuple(Feature(**feature) for feature in values["features"]),
                "ttl": values["ttl"] and Ttl(**values["ttl"]),
                "offline": offline,
            }
        )


@dataclass(frozen=True)
class FeatureGroup:
    """A feature group as it is."""

    id: str
    scope: Scope
    name: str
    specification: Specification
    status: str
    offline_status: str | None
    update_status: str | None
    reason: str | None
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return arn(self.scope, "feature-group", self.name)
