"""What is scaled, by what, and what has been done."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from studiolo.domain import Scope
from studiolo.metrics import Query
from studiolo.metrics.alarm import query_from_json, query_to_json

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
"""How many instances a variant of an endpoint has."""
COPIES = "sagemaker:inference-component:DesiredCopyCount"
"""How many copies an inference component has."""
OUT, IN, SCHEDULED = "DynamicScalingOutSuspended", "DynamicScalingInSuspended", "ScheduledScalingSuspended"
IN_PROGRESS, SUCCESSFUL, FAILED, UNFULFILLED = "InProgress", "Successful", "Failed", "Unfulfilled"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is scaled, e.g. `endpoint/E/variant/V` or `inference-component/C`, in a dimension."""

    scope: Scope
    id: str
    dimension: str = DIMENSION

    @property
    def namespace(self) -> str:
        return self.dimension.partition(":")[0]

    @property
    def target_id(self) -> str:
        """The end of the ARN of its scalable target."""
        return hashlib.sha256(f"{self.id} {self.dimension}".encode()).hexdigest()[:36]


@dataclass(frozen=True)
class Target:
    """A resource that may be scaled, between `least` and `most`. suspended: kinds of scaling that are not done now."""

    resource: Resource
    least: int
    most: int
    role: str
    suspended: Mapping[str, bool]
    created: datetime

    @property
    def arn(self) -> str:
        scope = self.resource.scope
        owner = f"{scope.region}:{scope.account}"
        return f"arn:{scope.partition}:application-autoscaling:{owner}:scalable-target/{self.resource.target_id}"


@dataclass(frozen=True)
class Tracking:
    """Keep what is measured at `value`. predefined: the metric was named by its kind; single: as one metric."""

    value: float
    queries: Sequence[Query]
    predefined: str | None = None
    single: bool = True
    out_cooldown: int = 300
    in_cooldown: int = 300
    scale_in: bool = True

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "queries": [query_to_json(query) for query in self.queries]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Tracking":
        return cls(**{**values, "queries": tuple(query_from_json(query) for query in values["queries"])})


@dataclass(frozen=True, slots=True)
class Step:
    """An adjustment for measurements so far from an alarm's threshold; None: without an end."""

    adjustment: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Steps:
    """Change the capacity by how far an alarm's metric is from its threshold.

    kind: ChangeInCapacity, PercentChangeInCapacity or ExactCapacity. aggregation is kept and shown.
    """

    kind: str
    steps: Sequence[Step]
    cooldown: int = 300
    magnitude: int | None = None
    aggregation: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Steps":
        return cls(**{**values, "steps": tuple(Step(**step) for step in values["steps"])})


@dataclass(frozen=True, slots=True)
class Last:
    """The last change that a policy made: when it was done, and the capacities."""

    at: datetime
    before: int
    after: int


@dataclass(frozen=True)
class Policy:
    """How a target is scaled. alarms: those that target tracking has made, the one that scales out first."""

    resource: Resource
    name: str
    arn: str
    how: Tracking | Steps
    alarms: Sequence[str]
    created: datetime
    last: Last | None = None


@dataclass(frozen=True)
class ScheduledAction:
    """New bounds for a target at a moment, or at many. arn and created: of one that is kept."""

    resource: Resource
    name: str
    schedule: str
    timezone: str | None
    start: datetime | None
    end: datetime | None
    least: int | None
    most: int | None
    arn: str = ""
    created: datetime | None = None


@dataclass(frozen=True)
class Activity:
    """Something that was done to a target, and why."""

    id: str
    resource: Resource
    description: str
    cause: str
    status: str
    message: str
    started: datetime
    ended: datetime | None
