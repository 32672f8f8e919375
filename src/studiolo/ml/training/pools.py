"""Warm pools: a core that is kept, for a while after a training job, for the next job like it.

SageMaker keeps instances. Here there is nothing to be made ready again, so that what is kept is the place in the queue:
a matching job starts at once where another one waits.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.domain import Clock
from studiolo.ml.jobs.job import Job
from studiolo.ml.training.specification import TrainingSpecification

AVAILABLE, TERMINATED, REUSED, IN_USE = "Available", "Terminated", "Reused", "InUse"

PERIOD = "KeepAlivePeriodInSeconds"
NETWORK = ("VpcConfig", "EnableInterContainerTrafficEncryption", "EnableNetworkIsolation")

TrainingJob = Job[TrainingSpecification]


@dataclass(frozen=True)
class Pool:
    """The pool that a job has left: until when it is kept, in seconds since 1970."""

    job: TrainingJob
    since: float
    until: float


class WarmPools:
    """The pools that are kept. `on_end` is called, from a thread, when one is kept no longer."""

    def __init__(self, clock: Clock, on_end: Callable[[TrainingJob], None]) -> None:
        self._clock = clock
        self._on_end = on_end
        # By the id of the job that left it.
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()

    def keep(self, job: TrainingJob, seconds: int) -> None:
        """Keep a core from now on for so many seconds, also where one is kept already; for none, no longer."""
        present = self._clock().timestamp()
        with self._lock:
            old = self._pools.pop(job.id, None)
            if seconds > 0:
                since = old.since if old is not None else present
                self._pools[job.id] = Pool(job, since, present + seconds)
        timer = threading.Timer(seconds, self._expire, [job])
        timer.daemon = True
        timer.start()

    def claims(self, waiting: Sequence[TrainingJob]) -> list[str]:
        """The ids of the waiting jobs for which a core is kept: each pool is for the first that is like it."""
        free, claims = [*self._living()], []
        for job in waiting:
            pool = next((pool for pool in free if _alike(pool.job, job)), None)
            if pool is not None:
                free.remove(pool)
                claims.append(job.id)
        return claims

    def take(self, job: TrainingJob) -> Pool | None:
        """The pool that the job begins in, which is kept no longer."""
        with self._lock:
            pool = next((pool for pool in self._pools.values() if _alike(pool.job, job)), None)
            return self._pools.pop(pool.job.id) if pool is not None else None

    def kept(self) -> int:
        """How many there are."""
        return len(self._living())

    def holds(self, job: TrainingJob) -> bool:
        """Whether the job's pool is kept."""
        return any(pool.job.id == job.id for pool in self._living())

    def clear(self) -> None:
        """Keep nothing more."""
        with self._lock:
            self._pools.clear()

    def _living(self) -> list[Pool]:
        present = self._clock().timestamp()
        with self._lock:
            return [pool for pool in self._pools.values() if pool.until > present]

    def _expire(self, job: TrainingJob) -> None:
        present = self._clock().timestamp()
        with self._lock:
            pool = self._pools.get(job.id)
            if pool is not None and pool.until > present:
                return
            gone = self._pools.pop(job.id, None)
        if gone is not None:
            self._on_end(job)


def _alike(kept: TrainingJob, job: TrainingJob) -> bool:
    """Whether a job may begin in the other's pool. Source: "Train Using SageMaker Managed Warm Pools"."""
    return kept.scope == job.scope and _likeness(kept.specification) == _likeness(job.specification)


def _likeness(specification: TrainingSpecification) -> Any:
    recorded = specification.recorded
    resources = {name: value for name, value in recorded.get("ResourceConfig", {}).items() if name != PERIOD}
    return specification.keep_alive > 0, specification.role, resources, [recorded.get(name) for name in NETWORK]
