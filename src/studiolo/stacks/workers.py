"""One thread for each stack, or stack set, that something is being done to."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from studiolo.stacks.pace import Interrupted

log = logging.getLogger(__name__)

T = TypeVar("T")


class Running(Protocol):
    """Brings one operation to its end."""

    def run(self) -> None:
        """Raises Interrupted."""


class Workers(Generic[T]):
    """Runs the operations of stacks, those of one stack one after another."""

    def __init__(
        self,
        running: Callable[[str], Sequence[T]],
        make: Callable[[T, threading.Event, Callable[[], bool]], Running],
    ) -> None:
        """running: the operations of a stack that have not ended, the youngest last."""
        self._running = running
        self._make = make
        self._lock = threading.Lock()
        self._wakes: dict[str, threading.Event] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = False

    def wake(self, stack: str) -> None:
        """Look at a stack's operations now: there is a new one, or what one waits for may have come."""
        with self._lock:
            if self._stopping:
                return
            event = self._wakes.setdefault(stack, threading.Event())
            event.set()
            if stack not in self._threads:
                thread = threading.Thread(target=self._work, args=(stack, event), name="stack", daemon=True)
                self._threads[stack] = thread
                thread.start()

    def nudge(self, stack: str) -> None:
        """As `wake`, where something is being done to the stack."""
        event = self._wakes.get(stack)
        if event is not None:
            event.set()

    def close(self) -> None:
        """Leave off at the next step; what has been done is journaled."""
        with self._lock:
            self._stopping = True
            threads = list(self._threads.values())
            for event in self._wakes.values():
                event.set()
        for thread in threads:
            thread.join(timeout=30)

    def _work(self, stack: str, event: threading.Event) -> None:
        while True:
            try:
                for operation in self._running(stack)[-1:]:
                    self._make(operation, event, lambda: self._stopping).run()
            except Interrupted:
                pass
            except Exception:
                # A bug of ours: the operation stays as it is, and goes on at the next start or request.
                log.exception("the operation on the stack %s broke off", stack)
                with self._lock:
                    self._threads.pop(stack, None)
                return
            with self._lock:
                if self._stopping or not self._running(stack):
                    self._threads.pop(stack, None)
                    self._wakes.pop(stack, None)
                    return
