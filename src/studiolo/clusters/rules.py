"""What becomes of a cluster and its steps: decisions that know no process, no clock and no database."""

from collections.abc import Sequence
from dataclasses import dataclass

from studiolo.clusters.model import (
    CANCEL_AND_WAIT,
    CONTINUE,
    PENDING,
    RUNNING,
    STEP_RUNNING,
    TERMINATED,
    TERMINATED_WITH_ERRORS,
    WAITING,
    Settings,
    Step,
)


@dataclass(frozen=True)
class Ending:
    """Why a cluster ends, in EMR's words, and as what."""

    code: str
    message: str
    outcome: str


BY_USER = Ending("USER_REQUEST", "Terminated by user request", TERMINATED)
DONE = Ending("ALL_STEPS_COMPLETED", "Steps completed", TERMINATED)
STEP_FAILED = Ending("STEP_FAILURE", "Shut down as step failed", TERMINATED_WITH_ERRORS)


def idle_too_long(seconds: int) -> Ending:
    """EMR has no code of its own for what an auto-termination policy does."""
    return Ending("USER_REQUEST", f"Auto-terminated: the cluster was idle for {seconds} seconds", TERMINATED)


@dataclass(frozen=True)
class Verdict:
    """What a failed step means for others: those that wait are canceled, the cluster ends."""

    cancel: bool
    end: bool


def verdict(on_failure: str, settings: Settings) -> Verdict:
    """By the step's ActionOnFailure; a protected cluster does not end for it, its other steps are canceled."""
    if on_failure == CONTINUE:
        return Verdict(cancel=False, end=False)
    if on_failure == CANCEL_AND_WAIT:
        return Verdict(cancel=True, end=False)
    return Verdict(cancel=True, end=not settings.protected)


def to_start(steps: Sequence[Step], concurrency: int) -> list[Step]:
    """The steps to be started now, in order. steps: those that have not ended."""
    waiting = [step for step in steps if step.state == PENDING]
    return waiting[: max(0, concurrency - (len(steps) - len(waiting)))]


def at_rest(steps: Sequence[Step], settings: Settings) -> str | None:
    """What a cluster whose daemons run is with these unfinished steps; None where it has nothing more to do and ends."""
    if any(step.state in (PENDING, STEP_RUNNING, "CANCEL_PENDING") for step in steps):
        return RUNNING
    return WAITING if settings.keep_alive else None
