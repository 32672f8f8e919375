"""Hive's locks on databases, tables and partitions, as the DbLockManager of Hive 2 grants them.

They live in memory: a lock is a promise between running writers, and one that hears of a restarted server
(NoSuchLock) gives up its commit, as it does after a timeout.
"""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from studiolo.domain import NotFound

TIMEOUT = 300.0
"""Seconds without a heartbeat after which a lock is gone (hive.txn.timeout)."""

Mode = Literal["read", "write", "exclusive"]
State = Literal["acquired", "waiting"]


@dataclass(frozen=True, slots=True)
class Part:
    """What a lock is on: a whole database, a table of it, or a partition of that."""

    mode: Mode
    database: str
    table: str | None = None
    partition: str | None = None

    def meets(self, other: "Part") -> bool:
        """Whether the two are on the same thing, or one is on a thing within the other's."""
        ours = (self.database, self.table, self.partition)
        theirs = (other.database, other.table, other.partition)
        return all(a == b or a is None or b is None for a, b in zip(ours, theirs, strict=True))

    def excludes(self, other: "Part") -> bool:
        """Readers share with readers and with one writer; writers exclude one another; exclusive excludes all."""
        modes = {self.mode, other.mode}
        return self.meets(other) and ("exclusive" in modes or modes == {"write"})


@dataclass(slots=True)
class Lock:
    """One request for a lock. Times are the clock's seconds."""

    id: int
    parts: Sequence[Part]
    user: str
    host: str
    asked: float
    heard: float
    acquired: float | None = field(default=None)

    @property
    def state(self) -> State:
        return "waiting" if self.acquired is None else "acquired"


class Locks:
    """The locks of one scope. Those asked for first are granted first; silent ones are forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds, and the first number that no earlier server gave out."""
        self._clock = clock
        self._numbers = itertools.count(int(clock() * 1000))
        self._locks: dict[int, Lock] = {}
        self._guard = threading.Lock()

    def ask(self, parts: Sequence[Part], user: str, host: str) -> Lock:
        """Ask for all parts at once; the lock is granted, or waits to be (see `check`)."""
        with self._guard:
            moment = self._clock()
            lock = Lock(next(self._numbers), tuple(parts), user, host, moment, moment)
            self._locks[lock.id] = lock
            self._grant(moment)
            return lock

    def check(self, number: int, user: str) -> Lock:
        """The user's lock as it is now; asking counts as a heartbeat. Raises NotFound."""
        with self._guard:
            moment = self._clock()
            self._forget_silent(moment)
            lock = self._locks.get(number)
            if lock is None or lock.user != user:
                raise NotFound(f"No such lock: {number}. It was released, or not heard of for {TIMEOUT:.0f} s.")
            lock.heard = moment
            self._grant(moment)
            return lock

    def release(self, number: int, user: str) -> None:
        """Raises NotFound, for another user's lock too."""
        with self._guard:
            lock = self._locks.get(number)
            if lock is None or lock.user != user:
                raise NotFound(f"No such lock: {number}.")
            del self._locks[number]
            self._grant(self._clock())

    def all(self) -> list[Lock]:
        """Every lock, the oldest first."""
        with self._guard:
            self._forget_silent(self._clock())
            return list(self._locks.values())

    def _grant(self, moment: float) -> None:
        self._forget_silent(moment)
        before: list[Lock] = []
        for lock in self._locks.values():
            if lock.acquired is None and not any(_exclude(lock, earlier) for earlier in before):
                lock.acquired = moment
            before.append(lock)

    def _forget_silent(self, moment: float) -> None:
        for number in [lock.id for lock in self._locks.values() if moment - lock.heard > TIMEOUT]:
            del self._locks[number]


def _exclude(one: Lock, other: Lock) -> bool:
    return any(mine.excludes(its) for mine in one.parts for its in other.parts)
