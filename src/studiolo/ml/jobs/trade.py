"""What the jobs of one kind add to what all jobs are."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Table

from studiolo.containers.work import Metric, Work
from studiolo.ml.jobs.job import Job

S = TypeVar("S")


class Trade(Protocol[S]):
    """What is particular to the jobs of one kind.

    kind: how their processes are called; resource: their kind in ARNs; noun: in sentences; field: the request's member
    that names one.
    """

    kind: str
    resource: str
    noun: str
    field: str
    table: Table

    def specification(self, values: Mapping[str, Any]) -> S:
        """What was asked for, from its JSON."""
        ...

    def work(self, job: Job[S]) -> Work:
        """What is carried out for it, in the attempt that begins. Raises DomainError."""
        ...

    def measured(self, job: Job[S], metrics: Sequence[Metric]) -> None:
        """Its metrics have had those values."""
        ...

    def begun(self, job: Job[S]) -> Job[S]:
        """An attempt of it has begun: the job as it is to be recorded."""
        ...

    def retries(self, job: Job[S]) -> int:
        """How often it is begun again after an error of ours."""
        ...

    def patience(self, job: Job[S]) -> float | None:
        """The seconds, from its making, after which it is not begun any more; None for no end."""
        ...

    def claims(self, waiting: Sequence[Job[S]]) -> Collection[str]:
        """The ids of those of the waiting jobs, oldest first, for which a core is kept."""
        ...

    def kept(self) -> int:
        """How many cores are kept for jobs to come."""
        ...

    def ended(self, job: Job[S]) -> None:
        """It has ended, in whatever way; it is recorded."""
        ...


class Once(Generic[S]):
    """What is asked of a trade whose jobs have one attempt, wait for it without end, and keep no cores."""

    def begun(self, job: Job[S]) -> Job[S]:
        return job

    def retries(self, _job: Job[S]) -> int:
        return 0

    def patience(self, _job: Job[S]) -> float | None:
        return None

    def claims(self, _waiting: Sequence[Job[S]]) -> Collection[str]:
        return ()

    def kept(self) -> int:
        return 0

    def ended(self, _job: Job[S]) -> None:
        """There is nothing to be done."""
