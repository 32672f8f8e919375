"""What a training job is: what was asked for, and what has become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.work import Metric
from studiolo.domain import Scope
from studiolo.ml.names import arn

IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
PASSING = frozenset({IN_PROGRESS, STOPPING})
ENDED = frozenset({COMPLETED, FAILED, STOPPED})

STARTED_IN_WORDS = {
    "Pending": "Waiting for a free core of this machine",
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training in-progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
"""The StatusMessage of each secondary status."""


@dataclass(frozen=True)
class Channel:
    """One input of a job: the objects under an S3 prefix, or those that a manifest lists."""

    name: str
    uri: str
    source: str = "S3Prefix"
    distribution: str = "FullyReplicated"
    content_type: str | None = None
    compression: str = "None"
    input_mode: str | None = None


@dataclass(frozen=True)
class TrainingSpecification:
    """What was asked for. `recorded` is kept and shown, and changes nothing that the job does."""

    image: str
    role: str
    channels: tuple[Channel, ...]
    output: str
    max_runtime: int
    input_mode: str = "File"
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[MetricDefinition, ...] = ()
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrainingSpecification":
        return cls(
            **{
                **values,
                "channels": tuple(Channel(**channel) for channel in values["channels"]),
                "metrics": tuple(MetricDefinition(**metric) for metric in values["metrics"]),
            }
        )


@dataclass(frozen=True)
class Transition:
    """A secondary status, when it began and (once over) ended, in seconds since 1970."""

    status: str
    start: float
    end: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Progress:
    """What has become of a job: the runner writes it, the server folds it into the database."""

    status: str = IN_PROGRESS
    transitions: tuple[Transition, ...] = ()
    metrics: tuple[Metric, ...] = ()
    started: float | None = None
    ended: float | None = None
    failure: str | None = None
    model: str | None = None
    output: str | None = None

    @property
    def secondary(self) -> str:
        return self.transitions[-1].status if self.transitions else "Starting"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Progress":
        return cls(
            **{
                **values,
                "transitions": tuple(Transition(**transition) for transition in values["transitions"]),
                "metrics": tuple(Metric(**metric) for metric in values["metrics"]),
            }
        )


def moved(
    transitions: Sequence[Transition], status: str, at: float, message: str | None = None
) -> tuple[Transition, ...]:
    """`transitions` with the last one ended at `at`, and `status` begun; unchanged where it is already there."""
    if transitions and transitions[-1].status == status:
        return tuple(transitions)
    past = [*transitions]
    if past:
        last = past[-1]
        past[-1] = Transition(last.status, last.start, at, last.message)
    ended = at if status in ENDED or status == "MaxRuntimeExceeded" else None
    return (*past, Transition(status, at, ended, message or STARTED_IN_WORDS.get(status, status)))


@dataclass(frozen=True)
class TrainingJob:
    """A job as the service shows it. `id` tells it from an earlier one of the same name."""

    scope: Scope
    name: str
    id: str
    specification: TrainingSpecification
    progress: Progress
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return arn(self.scope, "training-job", self.name)
