"""What monitoring is: what an analysis is of, when it runs, and what has become of each run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from studiolo.domain import Scope
from studiolo.ml.names import arn

DATA, QUALITY = "DataQuality", "ModelQuality"
KINDS = {DATA: "data-quality-job-definition", QUALITY: "model-quality-job-definition"}
"""What the definitions of each kind are called in ARNs."""
SCHEDULE = "monitoring-schedule"

SCHEDULED, STOPPED = "Scheduled", "Stopped"
PENDING, IN_PROGRESS, STOPPING, FAILED = "Pending", "InProgress", "Stopping", "Failed"
COMPLETED, VIOLATED = "Completed", "CompletedWithViolations"
OPEN = (PENDING, IN_PROGRESS, STOPPING)
"""The statuses of executions that have not ended."""


@dataclass(frozen=True)
class Calls:
    """The captured calls of an endpoint, or data of batch transforms, and where they lie in the container.

    batch: the URI under which transform jobs captured; it is then of no endpoint. form: the JSON that says how that data
    is read. attributes: variables that say what is where in them. start, end: offsets of the window, as -PT1H.
    """

    endpoint: str
    path: str
    sharded: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None
    batch: str | None = None
    form: str = ""


@dataclass(frozen=True)
class Analysis:
    """What is to be analyzed, by which program, against which baseline. `recorded` is the request for it.

    constraints, statistics: URIs of the baseline's; `baselining` is the job that has made what is not named.
    preprocessor, postprocessor: URIs of scripts. labels: the URI under which ground truth is, of model quality.
    """

    kind: str
    image: str
    role: str
    calls: Calls
    output: str
    output_path: str
    continuous: bool = True
    constraints: str | None = None
    statistics: str | None = None
    baselining: str | None = None
    preprocessor: str | None = None
    postprocessor: str | None = None
    labels: str | None = None
    problem: str | None = None
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    count: int = 1
    max_runtime: int = 3600
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Analysis":
        tuples = {name: tuple(values[name]) for name in ("entrypoint", "arguments")}
        return cls(**{**values, **tuples, "calls": Calls(**values["calls"])})


@dataclass(frozen=True)
class Definition:
    """An analysis that has a name."""

    scope: Scope
    name: str
    analysis: Analysis
    created: datetime

    @property
    def arn(self) -> str:
        return arn(self.scope, KINDS[self.analysis.kind], self.name)


@dataclass(frozen=True)
class Plan:
    """What a schedule runs and when: the name of a definition, or an analysis of its own. `recorded` is the request."""

    kind: str
    expression: str
    start: str | None = None
    end: str | None = None
    definition: str | None = None
    analysis: Analysis | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Plan":
        own = values["analysis"]
        return cls(**{**values, "analysis": own and Analysis.from_json(own)})


@dataclass(frozen=True)
class Schedule:
    scope: Scope
    name: str
    plan: Plan
    status: str
    endpoint: str
    created: datetime
    changed: datetime
    due: datetime | None

    @property
    def arn(self) -> str:
        return arn(self.scope, SCHEDULE, self.name)


@dataclass(frozen=True)
class Execution:
    """One run. name: that of its processing job, of which there is none where it could not begin (`begun`)."""

    scope: Scope
    name: str
    schedule: str
    endpoint: str
    kind: str
    definition: str | None
    scheduled: datetime
    status: str
    failure: str | None
    begun: bool
    created: datetime
    changed: datetime

    @property
    def job(self) -> str | None:
        """The ARN of its processing job."""
        return arn(self.scope, "processing-job", self.name) if self.begun else None
