"""Pipelines, their executions and steps as values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from studiolo.domain import Scope
from studiolo.identity import Principal

EXECUTING, STOPPING, STOPPED = "Executing", "Stopping", "Stopped"
STARTING, FAILED, SUCCEEDED = "Starting", "Failed", "Succeeded"
PASSING = frozenset({EXECUTING, STOPPING})
"""The statuses of an execution that has not ended."""
ACTIVE = frozenset({STARTING, EXECUTING, STOPPING})
"""The statuses of a step that has not ended."""


@dataclass(frozen=True)
class By:
    """Who made or changed something: ARN and unique id."""

    arn: str
    id: str

    @classmethod
    def of(cls, principal: Principal) -> "By":
        return cls(principal.arn, principal.user_id)


@dataclass(frozen=True)
class Settings:
    """What is asked of a pipeline beside its definition. parallel: the most steps at a time."""

    role: str
    display: str | None = None
    description: str | None = None
    parallel: int | None = None


@dataclass(frozen=True)
class Pipeline:
    scope: Scope
    name: str
    settings: Settings
    version: int
    created: datetime
    changed: datetime
    last_run: datetime | None
    created_by: By
    changed_by: By
    token: str

    @property
    def arn(self) -> str:
        return pipeline_arn(self.scope, self.name)


@dataclass(frozen=True)
class Version:
    """A definition that a pipeline has, or had."""

    number: int
    created: datetime
    definition: str


@dataclass(frozen=True)
class Selection:
    """Steps that alone are run, with the results of an earlier execution for the others."""

    steps: tuple[str, ...]
    source: str | None


@dataclass(frozen=True)
class Asked:
    """What an execution was started with. parameters: as they were given."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    display: str | None = None
    description: str | None = None
    parallel: int | None = None
    role: str | None = None
    selection: Selection | None = None
    version: int | None = None


@dataclass(frozen=True)
class Execution:
    """One run through a pipeline. experiment: (experiment, trial) that its jobs are noted in, None for none."""

    scope: Scope
    pipeline: str
    id: str
    version: int
    status: str
    created: datetime
    changed: datetime
    role: str
    display: str
    by: By
    changed_by: By
    parameters: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    parallel: int | None = None
    failure: str | None = None
    selection: Selection | None = None
    experiment: tuple[str, str] | None = None
    noted: bool = False

    @property
    def arn(self) -> str:
        return execution_arn(self.scope, self.pipeline, self.id)


@dataclass(frozen=True)
class StepRun:
    """How a step of an execution is.

    handle: what its work is known by, recorded before that is begun; properties: what other steps may refer to;
    metadata: as lists show it; cached and reused: the execution whose result it has, where it did not run; due: when
    it is tried again, in seconds since 1970; asked: what it was called with, where it may be used again.
    """

    name: str
    number: int
    status: str
    started: datetime
    ended: float | None = None
    attempts: int = 1
    first: float = 0.0
    due: float | None = None
    failure: str | None = None
    handle: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cached: str | None = None
    reused: str | None = None
    cache_key: str | None = None

    def kept(self) -> dict[str, Any]:
        """What has no column of its own."""
        columns = {"name", "number", "status", "started", "cache_key"}
        return {name: value for name, value in asdict(self).items() if name not in columns}


def pipeline_arn(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:pipeline/{name}"


def execution_arn(scope: Scope, pipeline: str, identifier: str) -> str:
    return f"{pipeline_arn(scope, pipeline)}/execution/{identifier}"
