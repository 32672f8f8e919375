"""The IAM records of one account, and a count of their changes that what is cached is checked against."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from studiolo.domain import Clock
from studiolo.state import State


class Records:
    """One account's rows in the state."""

    def __init__(self, state: State, account: str, clock: Clock) -> None:
        self.account = account
        self.clock = clock
        self._state = state
        self._revision = 0
        self._counting = threading.Lock()

    @property
    def revision(self) -> int:
        """Grows after every committed change: what was read under an older one may be out of date."""
        return self._revision

    def reading(self) -> AbstractContextManager[Connection]:
        return self._state.reading()

    def adding(self) -> AbstractContextManager[Connection]:
        """A transaction that changes nothing of what may be cached."""
        return self._state.transaction()

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction on the records."""
        with self._state.transaction() as tx:
            yield tx
        with self._counting:
            self._revision += 1
