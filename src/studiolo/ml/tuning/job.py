"""What a tuning job is: what was asked for, its trials, and what has become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from studiolo.domain import Scope
from studiolo.ml.jobs.job import COMPLETED, FAILED, IN_PROGRESS, STOPPED
from studiolo.ml.names import arn
from studiolo.ml.training.specification import TrainingSpecification
from studiolo.ml.tuning.ranges import Range

RESOURCE = "hyper-parameter-tuning-job"
MINIMIZE, MAXIMIZE = "Minimize", "Maximize"
RANDOM, BAYESIAN, GRID, HYPERBAND = "Random", "Bayesian", "Grid", "Hyperband"


@dataclass(frozen=True)
class Objective:
    """The metric that is sought at its least or its most."""

    type: str
    metric: str

    def better(self, one: float, other: float) -> bool:
        return one > other if self.type == MAXIMIZE else one < other

    def best(self, values: Sequence[float]) -> float:
        return max(values) if self.type == MAXIMIZE else min(values)


@dataclass(frozen=True)
class Definition:
    """The training jobs that are tried: what is the same in all of them, and the ranges of what is not."""

    name: str | None
    training: TrainingSpecification
    objective: Objective
    ranges: tuple[Range, ...]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Definition":
        return cls(
            name=values["name"],
            training=TrainingSpecification.from_json(values["training"]),
            objective=Objective(**values["objective"]),
            ranges=tuple(Range.from_json(each) for each in values["ranges"]),
        )


@dataclass(frozen=True)
class Limits:
    """When the search ends. seconds: after so long; target: as soon as it is reached; patience: after so many trials
    that were no better; convergence: when nothing gets better."""

    trials: int
    parallel: int
    seconds: int | None = None
    target: float | None = None
    patience: int | None = None
    convergence: bool = False


@dataclass(frozen=True)
class Settings:
    """What was asked for. early: trials that promise little are stopped. resource: least and most of Hyperband.

    parents: tuning jobs whose trials are known from the start; transfer: they were of other data. asked: the request's
    own words, shown as they are.
    """

    strategy: str
    definitions: tuple[Definition, ...]
    limits: Limits
    seed: int
    early: bool = False
    resource: tuple[int, int] | None = None
    parents: tuple[str, ...] = ()
    transfer: bool = False
    asked: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Settings":
        resource = values["resource"]
        return cls(
            **{
                **values,
                "definitions": tuple(Definition.from_json(each) for each in values["definitions"]),
                "limits": Limits(**values["limits"]),
                "resource": None if resource is None else (resource[0], resource[1]),
                "parents": tuple(values["parents"]),
            }
        )


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job. number: from 1; definition: which of the tuning job's, from 0.

    early: whether it was stopped because it promised little. All moments are in seconds since 1970.
    """

    number: int
    name: str
    definition: int
    parameters: Mapping[str, str]
    created: float
    status: str = IN_PROGRESS
    value: float | None = None
    early: bool = False
    started: float | None = None
    ended: float | None = None
    failure: str | None = None

    @property
    def active(self) -> bool:
        return self.status not in (COMPLETED, FAILED, STOPPED)

    @property
    def retryable(self) -> bool:
        """Whether it failed by no fault of its own."""
        return self.status == FAILED and (self.failure or "").startswith("InternalServerError")

    def ended_as(self, status: str, value: float | None, times: tuple[float | None, float | None]) -> "Trial":
        return replace(self, status=status, value=value, started=times[0], ended=times[1])

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """How a tuning job is. not_improving: finished trials since the best one; converged: when it was found so."""

    status: str = IN_PROGRESS
    ended: float | None = None
    failure: str | None = None
    not_improving: int = 0
    converged: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class TuningJob:
    """A tuning job as the service shows it."""

    scope: Scope
    name: str
    id: str
    settings: Settings
    outcome: Outcome
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return arn(self.scope, RESOURCE, self.name)

    def definition(self, trial: Trial) -> Definition:
        return self.settings.definitions[trial.definition]

    def best(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial with the best value, the first of those that are alike."""
        objective, found = self.settings.definitions[0].objective, None
        for trial in trials:
            if trial.value is not None and (found is None or objective.better(trial.value, found.value or 0.0)):
                found = trial
        return found
