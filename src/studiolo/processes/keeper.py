"""Keeping a child that everything else needs: started again when it ends, and given up when it ends too often."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from studiolo.processes.processes import Child, Processes
from studiolo.processes.reading import read_end

log = logging.getLogger("studiolo")

RESTARTS, RESTART_WINDOW_SECONDS = 5, 60.0
"""A child that ends this often within so many seconds is given up."""


@dataclass(frozen=True)
class Kept:
    """How a kept child is. `reason` says why it last ended, or why it stays down; `restarts` counts since the start."""

    status: Literal["running", "failed", "stopped"]
    child: Child | None
    restarts: int
    reason: str | None


class Keeper:
    """Keeps one child, which people know as `name`.

    launch: starts it, and raises OSError or one of `failures` where that cannot be done; changed: called, from any
    thread, when another child is kept, or none any more.
    """

    def __init__(
        self,
        name: str,
        processes: Processes,
        launch: Callable[[], Child],
        failures: tuple[type[Exception], ...] = (),
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._processes = processes
        self._launch = launch
        self._failures: tuple[type[Exception], ...] = (OSError, *failures)
        self._changed = changed
        self._child: Child | None = None
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._ends: deque[float] = deque(maxlen=RESTARTS)
        self._restarts = 0
        self._reason: str | None = None
        self._failed = False

    def start(self) -> None:
        """Start the child. Raises what `launch` raises."""
        self._closing.clear()
        self.take(self._launch())

    def take(self, child: Child) -> None:
        """Keep a child that runs already."""
        with self._lock:
            self._child, self._failed = child, False
        self._processes.watch(child, self._on_exit)
        self._changed()

    def stop(self, grace: float) -> None:
        """End the child, with `grace` seconds to do so by itself."""
        self._closing.set()
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            self._processes.stop(child, grace)
        self._changed()

    @property
    def state(self) -> Kept:
        child = self._child
        if child is None:
            return Kept("failed" if self._failed else "stopped", None, self._restarts, self._reason)
        return Kept("running", child, self._restarts, self._reason)

    def _on_exit(self, child: Child, status: int | None) -> None:
        """Start it again, a little later each time; give it up where it ends too often."""
        with self._lock:
            if child is not self._child:
                return
            self._reason = f"{_ended(self._name, child, status)}{_last_line(child, status)}"
            self._ends.append(time.monotonic())
            often = len(self._ends) == RESTARTS and self._ends[-1] - self._ends[0] < RESTART_WINDOW_SECONDS
            pause = 0.0 if len(self._ends) == 1 else 0.2 * len(self._ends)
        if not often and self._closing.wait(pause):
            return
        with self._lock:
            if child is not self._child or self._closing.is_set():
                return
            # What it started may live on, and hold its port.
            self._processes.stop(child, grace=0.0)
            try:
                if often:
                    raise OSError(f"It ended {RESTARTS} times within {RESTART_WINDOW_SECONDS:.0f} s.")
                again = self._launch()
            except self._failures as error:
                self._child, self._failed = None, True
                self._reason = f"{self._reason} {error} It stays down until `studiolo down` and `studiolo up`."
                log.error("%s", self._reason)
            else:
                self._restarts += 1
                self.take(again)
                log.warning("%s It was started again.", self._reason)
                return
        self._changed()


def _ended(name: str, child: Child, status: int | None) -> str:
    how = "ended" if status is None else f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
    return f"{name} (pid {child.pid}) {how}."


def _last_line(child: Child, status: int | None) -> str:
    """The last line of its log, where that tells more than its end."""
    if status in (None, -9):
        return ""
    try:
        lines = read_end(child.log, 4096).strip().splitlines()
    except OSError:
        return ""
    return f' Its log {child.log} ends: "{lines[-1].strip()}".' if lines else ""
