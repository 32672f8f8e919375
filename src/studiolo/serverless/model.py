"""EMR Serverless: applications, job runs and sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from studiolo.domain import Scope
from studiolo.state import Thing

ApplicationState = Literal["CREATING", "CREATED", "STARTING", "STARTED", "STOPPING", "STOPPED", "TERMINATED"]
RunState = Literal[
    "SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "SUCCESS", "FAILED", "CANCELLING", "CANCELLED", "QUEUED"
]
UNFINISHED: tuple[RunState, ...] = ("SUBMITTED", "PENDING", "QUEUED", "SCHEDULED", "RUNNING", "CANCELLING")
WAITING: tuple[RunState, ...] = ("SUBMITTED", "PENDING", "QUEUED")

JSON = Mapping[str, Any]


@dataclass(frozen=True)
class ApplicationRequest:
    """What an application is to be. Times are in minutes; `runtime` are Spark's settings by default.

    initial: workers kept ready, by their type: `{"DRIVER": Workers, …}`. recorded: what is shown and has no effect here.
    """

    label: str
    kind: str
    name: str | None = None
    architecture: str = "X86_64"
    initial: Mapping[str, "Workers"] = field(default_factory=dict)
    maximum: JSON | None = None
    auto_start: bool = True
    auto_stop: int | None = 15
    max_runs: int = 15
    queue_timeout: int = 360
    livy: bool = False
    sessions: bool = False
    runtime: tuple[JSON, ...] = ()
    monitoring: JSON = field(default_factory=dict)
    recorded: JSON = field(default_factory=dict)


@dataclass(frozen=True)
class Workers:
    """So many workers of a size, as it was given, e.g. `4vCPU` and `16GB`."""

    count: int
    cpu: str | None = None
    memory: str | None = None
    disk: str | None = None


@dataclass(frozen=True)
class Application:
    id: str
    scope: Scope
    asked: ApplicationRequest
    tags: Mapping[str, str]
    state: ApplicationState
    details: str
    created: datetime
    updated: datetime

    @property
    def thing(self) -> Thing:
        """What those wait for who wait for it."""
        return application_thing(self.scope, self.id)


@dataclass(frozen=True)
class RunRequest:
    """What a job run is to do: `spark` is a SparkJob, or `hive` a HiveJob. timeout: minutes, 0 for none.

    capacity: of its workers, by the settings that its application had when it began; None where there is no room for it.
    """

    role: str
    created_by: str
    name: str | None = None
    spark: "SparkJob | None" = None
    hive: "HiveJob | None" = None
    mode: str = "BATCH"
    attempts: int = 1
    timeout: int = 720
    runtime: tuple[JSON, ...] = ()
    monitoring: JSON = field(default_factory=dict)
    recorded: JSON = field(default_factory=dict)
    capacity: "Capacity | None" = None


@dataclass(frozen=True)
class Capacity:
    """Virtual CPUs, GB of memory, and how many workers they are of."""

    cpu: float
    memory: float
    workers: int


@dataclass(frozen=True)
class SparkJob:
    file: str
    arguments: tuple[str, ...] = ()
    parameters: str = ""


@dataclass(frozen=True)
class HiveJob:
    query: str
    init: str | None = None
    parameters: str = ""


@dataclass(frozen=True)
class Run:
    """A job run; `started` and `ended` are those of its last attempt. queued: milliseconds."""

    id: str
    application: str
    scope: Scope
    asked: RunRequest
    label: str
    tags: Mapping[str, str]
    state: RunState
    details: str
    created: datetime
    updated: datetime
    attempt: int = 1
    attempt_created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def thing(self) -> Thing:
        return run_thing(self.scope, self.id)


@dataclass(frozen=True)
class SessionRequest:
    """What an interactive session is to be; it ends after so many minutes with nothing to do, 0 for never."""

    role: str
    created_by: str
    name: str | None = None
    idle_timeout: int = 60
    runtime: tuple[JSON, ...] = ()


@dataclass(frozen=True)
class Session:
    id: str
    application: str
    scope: Scope
    asked: SessionRequest
    label: str
    tags: Mapping[str, str]
    state: str
    details: str
    created: datetime
    ended: datetime | None


@dataclass(frozen=True)
class Utilization:
    """What was used: hours of virtual CPUs, of GB of memory, of GB of storage."""

    cpu: float
    memory: float
    storage: float


def application_thing(scope: Scope, name: str) -> Thing:
    return Thing("serverless application", scope.account, scope.region, name)


def run_thing(scope: Scope, name: str) -> Thing:
    return Thing("serverless job run", scope.account, scope.region, name)
