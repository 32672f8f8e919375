"""What a job is, whatever it does: what was asked for, and what has become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from studiolo.containers import work
from studiolo.containers.work import Metric, Report
from studiolo.domain import Scope
from studiolo.ml.names import arn

S = TypeVar("S")

IN_PROGRESS, STOPPING = "InProgress", "Stopping"
COMPLETED, FAILED, STOPPED = "Completed", "Failed", "Stopped"
PASSING = frozenset({IN_PROGRESS, STOPPING})
ENDED = frozenset({COMPLETED, FAILED, STOPPED})

PENDING, STARTING = "Pending", "Starting"
INTERRUPTED, RESTARTING = "Interrupted", "Restarting"
WAITING = frozenset({PENDING, INTERRUPTED, RESTARTING})
"""The secondary statuses of a job that is in the queue."""
OVERDUE, OVERDUE_WAITING = "MaxRuntimeExceeded", "MaxWaitTimeExceeded"

MESSAGES = {
    PENDING: "Waiting for a free core of this machine",
    STARTING: "Starting the training job",
    "Uploading": "Uploading generated training model",
    STOPPING: "Stopping the training job",
    COMPLETED: "Training job completed",
    STOPPED: "Training job stopped",
    INTERRUPTED: "Training job interrupted: its spot instance was taken away",
    RESTARTING: "Restarting the training job after an internal error",
    OVERDUE: "Training job runtime exceeded MaxRuntimeInSeconds provided",
    OVERDUE_WAITING: "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}
"""The StatusMessage of each secondary status."""

STAGES = {
    work.PREPARING: ("Downloading", "Downloading the training image"),
    work.DOWNLOADING: ("Downloading", "Downloading input data"),
    work.RUNNING: ("Training", "Training image download completed. Training in progress."),
    work.UPLOADING: ("Uploading", MESSAGES["Uploading"]),
}
"""The secondary status, and its message, of each stage of the work."""

OUTCOMES = {
    work.COMPLETED: (COMPLETED, COMPLETED),
    work.FAILED: (FAILED, FAILED),
    work.STOPPED: (STOPPED, STOPPED),
    work.OVERDUE: (STOPPED, OVERDUE),
}
"""Status and secondary status that each outcome of the work is the end in; after another one it is begun again."""


@dataclass(frozen=True)
class Transition:
    """A secondary status, when it began and (once over) ended, in seconds since 1970."""

    status: str
    start: float
    end: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Progress:
    """What has become of a job. All moments are in seconds since 1970.

    outputs: what was written, by the names of the work's outputs. before: how many of the transitions came before the
    present attempt's own. stopping: when it was asked to stop. attempts: how many were begun, retried: how many of these
    after an error of ours; ran: the seconds that the programs of those before this one ran.
    measured: the place up to which the values of its metrics were taken.
    pool: what is kept after its end for the next job like it.
    """

    status: str = IN_PROGRESS
    transitions: tuple[Transition, ...] = ()
    metrics: tuple[Metric, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None
    failure: str | None = None
    message: str | None = None
    before: int = 0
    stopping: float | None = None
    attempts: int = 0
    retried: int = 0
    ran: float = 0.0
    measured: int = 0
    pool: Mapping[str, Any] | None = None

    @property
    def secondary(self) -> str:
        return self.transitions[-1].status if self.transitions else STARTING

    def entered(self, secondary: str, at: float, status: str | None = None) -> "Progress":
        """The same in another secondary status, and in another status where one is given."""
        status = status or self.status
        return replace(
            self,
            status=status,
            transitions=moved(self.transitions, secondary, at),
            ended=at if status in ENDED else self.ended,
        )

    def failed(self, reason: str, at: float) -> "Progress":
        return replace(
            self, status=FAILED, transitions=moved(self.transitions, FAILED, at, reason), ended=at, failure=reason
        )

    def begun(self, at: float) -> "Progress":
        """The same with an attempt begun. What waited no longer than a second is not said to have waited."""
        waited = not self.transitions or self.transitions[-1].status != PENDING or at - self.transitions[-1].start > 1.0
        transitions = moved(self.transitions if waited else self.transitions[:-1], STARTING, at)
        return replace(self, transitions=transitions, before=len(transitions), attempts=self.attempts + 1)

    def told(self, report: Report) -> "Progress":
        """The same with what the work reports of itself."""
        transitions, started = self.transitions[: self.before], self.started
        for stage in report.stages:
            if stage.name == work.DOWNLOADING:
                started = started or stage.start
            if self.stopping is None or stage.start <= self.stopping:
                status, message = STAGES[stage.name]
                transitions = moved(transitions, status, stage.start, message)
        if self.stopping is not None:
            transitions = moved(transitions, STOPPING, self.stopping)
        status = self.status
        outcome = report.outcome
        if outcome == work.INTERRUPTED and self.stopping is not None:
            outcome = work.STOPPED
        if outcome in OUTCOMES and report.ended is not None:
            status, secondary = OUTCOMES[outcome]
            transitions = moved(transitions, secondary, report.ended, report.reason)
        return replace(
            self,
            status=status,
            transitions=transitions,
            metrics=report.metrics or self.metrics,
            outputs={**self.outputs, **report.outputs},
            started=started,
            ended=report.ended if status in ENDED else None,
            failure=report.reason,
            message=report.message,
        )

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
    """`transitions` with the last one ended at `at`, and `status` begun; where it is there already, only its message."""
    words = message or MESSAGES.get(status, status)
    if transitions and transitions[-1].status == status:
        return (*transitions[:-1], replace(transitions[-1], message=words))
    past = [*transitions]
    if past:
        past[-1] = replace(past[-1], end=at)
    ended = at if status in ENDED or status in (OVERDUE, OVERDUE_WAITING) else None
    return (*past, Transition(status, at, ended, words))


def seconds_run(report: Report | None, until: float) -> float:
    """How long the programs of a work have run."""
    if report is None:
        return 0.0
    starts = {stage.name: stage.start for stage in report.stages}
    if work.RUNNING not in starts:
        return 0.0
    return max(0.0, starts.get(work.UPLOADING, report.ended or until) - starts[work.RUNNING])


@dataclass(frozen=True)
class Job(Generic[S]):
    """A job as the service shows it. `resource` is its kind in ARNs; `id` tells it from an earlier one of the same name."""

    resource: str
    scope: Scope
    name: str
    id: str
    specification: S
    progress: Progress
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return arn(self.scope, self.resource, self.name)
