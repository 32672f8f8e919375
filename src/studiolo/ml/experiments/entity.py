"""Experiments, trials and trial components as values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from studiolo.domain import NotFound, Scope
from studiolo.ml.names import arn

EXPERIMENT, TRIAL, COMPONENT = "experiment", "experiment-trial", "experiment-trial-component"
WORDS = {EXPERIMENT: "Experiment", TRIAL: "Trial", COMPONENT: "Trial component"}


class NoEntity(NotFound):
    """There is no such experiment, trial or trial component."""


@dataclass(frozen=True)
class Details:
    """What is kept of one. by: (ARN, unique id) of who made it; source: (ARN, type) of the job that it stands for.

    start and end are in seconds since 1970; status has PrimaryStatus and Message; parameters and artifacts are as the
    API has them.
    """

    by: tuple[str, str]
    changed_by: tuple[str, str]
    display: str | None = None
    description: str | None = None
    source: tuple[str, str] | None = None
    status: Mapping[str, str] | None = None
    start: float | None = None
    end: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str] | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Details":
        pairs = {name: None if kept[name] is None else tuple(kept[name]) for name in ("by", "changed_by", "source")}
        return cls(**{**kept, **pairs})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Entity:
    """An experiment, trial or trial component. parent: the experiment of a trial."""

    scope: Scope
    kind: str
    name: str
    details: Details
    created: datetime
    changed: datetime
    parent: str | None = None

    @property
    def arn(self) -> str:
        return arn(self.scope, self.kind, self.name)


@dataclass(frozen=True)
class Measured:
    """What was measured of one metric."""

    name: str
    time: float
    count: int
    least: float
    most: float
    mean: float
    deviation: float
    last: float


@dataclass(frozen=True)
class Point:
    """One value of a metric, at a time in seconds since 1970 and perhaps a step."""

    metric: str
    time: float
    step: int | None
    value: float
