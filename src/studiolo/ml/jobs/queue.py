"""The queue of jobs: as many run at once, of all kinds, as there are cores; further ones wait in order."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Candidate:
    """A job in the queue. reserved: whether a core is kept for it."""

    created: datetime
    launch: Callable[[], None]
    reserved: bool = False


class Lane(Protocol):
    """The jobs of one kind."""

    def running(self) -> int:
        """How many cores are taken, or kept."""
        ...

    def waiting(self) -> Sequence[Candidate]:
        """The jobs in the queue."""
        ...


class Queue:
    """At most `slots()` jobs at a time.

    `lock` is held around each step that moves a job on, so that two threads never do.
    """

    def __init__(self, slots: Callable[[], int]) -> None:
        self.lock = threading.RLock()
        self.closed = False
        self._slots = slots
        self._lanes: list[Lane] = []

    def join(self, lane: Lane) -> None:
        """Let the jobs of one more kind wait here."""
        self._lanes.append(lane)

    def advance(self) -> None:
        """Start waiting jobs, oldest first, as long as a core is free, or kept for them."""
        with self.lock:
            waiting = [job for lane in self._lanes for job in lane.waiting()]
            if self.closed or not waiting:
                return
            free = self._slots() - sum(lane.running() for lane in self._lanes)
            for job in sorted(waiting, key=lambda job: job.created):
                if job.reserved or free > 0:
                    job.launch()
                    free -= 0 if job.reserved else 1
