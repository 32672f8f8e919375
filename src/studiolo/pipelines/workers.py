"""One thread for each execution that has not ended."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 0.02, 0.5
"""Seconds between two looks at an execution: the more, the longer nothing has happened."""

Advance = Callable[[str], bool | None]
"""Take an execution a step further: whether something has happened, None once it has ended."""


class Workers:
    """Takes executions to their ends."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._lock = threading.Lock()
        self._wakes: dict[str, threading.Event] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = False

    def wake(self, execution: str) -> None:
        """Look at an execution now."""
        with self._lock:
            if self._stopping:
                return
            self._wakes.setdefault(execution, threading.Event()).set()
            if execution not in self._threads:
                thread = threading.Thread(target=self._work, args=(execution,), name="pipeline", daemon=True)
                self._threads[execution] = thread
                thread.start()

    def open(self) -> None:
        self._stopping = False

    def close(self) -> None:
        """Leave off; what has been done is recorded, and goes on at the next start."""
        with self._lock:
            self._stopping = True
            threads = list(self._threads.values())
            for event in self._wakes.values():
                event.set()
        for thread in threads:
            thread.join(timeout=30)

    def _work(self, execution: str) -> None:
        event, delay = self._wakes[execution], SHORTEST
        while not self._stopping:
            event.clear()
            try:
                happened = self._advance(execution)
            except Exception:
                # A bug of ours: the execution stays as it is, and goes on at the next start or request.
                log.exception("the pipeline execution %s broke off", execution)
                happened = None
            if happened is None:
                with self._lock:
                    if event.is_set() and not self._stopping:
                        continue
                    self._threads.pop(execution, None)
                    self._wakes.pop(execution, None)
                    return
            delay = SHORTEST if happened else min(2 * delay, LONGEST)
            event.wait(delay)
