"""Whether an operation is to go on here, and when it looks again."""

import threading
from collections.abc import Callable

from studiolo.stacks.model import Operation
from studiolo.stacks.store import Store

SHORTEST, LONGEST = 0.02, 1.0
"""Seconds between two looks at what moves."""


class Interrupted(Exception):
    """The server ends, or another operation takes over; the journal says how far this one is."""


class Pace:
    """Of one operation. wake: set when something may have arrived; stopping: whether to leave off."""

    def __init__(self, store: Store, operation: Operation, wake: threading.Event, stopping: Callable[[], bool]) -> None:
        self._store = store
        self._operation = operation
        self._wake = wake
        self._stopping = stopping
        self._delay = SHORTEST

    def check(self) -> Operation:
        """The operation as it stands. Raises Interrupted where it is not to go on here."""
        if self._stopping():
            raise Interrupted
        running = self._store.running(self._operation.stack)
        operation = next((each for each in running if each.id == self._operation.id), None)
        if operation is None:
            raise Interrupted
        return operation

    def pause(self, moved: bool) -> None:
        """Wait until something may have arrived; after a look that found nothing a little longer."""
        self._delay = SHORTEST if moved else min(LONGEST, self._delay * 1.5)
        if not moved:
            self._wake.wait(self._delay)
            self._wake.clear()
