"""Kernels kept ready: Spark is up before anybody asks."""

import logging
import threading
from collections.abc import Callable

from studiolo.domain import DomainError
from studiolo.engine.kernels import Kernels, OnEnd
from studiolo.engine.memory import GIB, Memory
from studiolo.engine.plan import Plan
from studiolo.state import StateUnavailable

log = logging.getLogger(__name__)

SPARE_MEMORY = 2 * GIB
"""Bytes that must be free, and promised to nobody, for a kernel that nobody has asked for yet."""

LOOK_AGAIN = 2.0
"""Seconds between looks at a machine that is too busy to start a kernel ahead."""

PATIENCE = 15
"""Looks after which a kernel is started on a busy machine all the same."""


class Pool:
    """`wanted` kernels of the plan that a session asked for last; before any has, of `plan()`.

    Those taken, and those of an earlier plan, are replaced in the background, when sessions have nothing to do.
    """

    def __init__(
        self,
        kernels: Kernels,
        memory: Memory,
        wanted: int,
        plan: Callable[[], Plan],
        busy: Callable[[], bool],
        on_end: OnEnd,
    ) -> None:
        self._kernels = kernels
        self._memory = memory
        self._wanted = wanted
        self._plan = plan
        self._busy = busy
        self._on_end = on_end
        self._asked: Plan | None = None
        self._ready: dict[str, str] = {}
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._broken = False
        self._thread = threading.Thread(target=self._fill, name="warm sessions", daemon=True)

    def start(self, adopted: dict[str, str]) -> None:
        """Begin, with the kernels (and their plans' fingerprints) that an earlier server kept ready."""
        self._ready.update(adopted)
        self._thread.start()

    def take(self, plan: Plan) -> str | None:
        """A kernel that was started by this plan, the longest ready one; it is the caller's now."""
        with self._changed:
            kernel = next((name for name, fingerprint in self._ready.items() if fingerprint == plan.fingerprint), None)
            if kernel is not None:
                del self._ready[kernel]
            self._asked = plan
            self._broken = False
            self._changed.notify()
        return kernel

    def give_back(self, kernel: str, plan: Plan) -> None:
        """Put back a kernel that was taken and not changed."""
        with self._changed:
            self._ready[kernel] = plan.fingerprint

    def ended(self, kernel: str, status: int | None) -> None:
        """To be called when any kernel is gone; one of ours is replaced when the next session is asked for."""
        with self._changed:
            ours = self._ready.pop(kernel, None) is not None
            self._broken = self._broken or ours
        if ours and not self._closed.is_set():
            log.warning("A session kept ready is gone. %s", self._kernels.reason(kernel, status))
            self._kernels.end(kernel)
            self._kernels.remove(kernel)

    def close(self) -> list[str]:
        """Start none any more. The kernels that were kept ready, for the caller to end."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()
        with self._changed:
            ready = list(self._ready)
            self._ready.clear()
        return ready

    def _lacking(self) -> bool:
        fit = [kernel for kernel, plan in self._ready.items() if self._asked is None or plan == self._asked.fingerprint]
        return len(fit) < self._wanted and not self._broken

    def _fill(self) -> None:
        looks = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed.is_set() or self._lacking())
            if self._closed.is_set():
                return
            low = self._memory.free() < SPARE_MEMORY
            if low or (self._busy() and looks < PATIENCE):
                looks += 1
                self._closed.wait(LOOK_AGAIN)
                continue
            looks = 0
            self._add()

    def _make_room(self, plan: Plan) -> None:
        """End what is kept ready by an earlier plan, where there is no room for more."""
        with self._changed:
            others = [kernel for kernel, known in self._ready.items() if known != plan.fingerprint]
            surplus = others[: max(0, len(self._ready) + 1 - self._wanted)]
            for kernel in surplus:
                del self._ready[kernel]
        for kernel in surplus:
            self._kernels.end(kernel)
            self._kernels.remove(kernel)

    def _add(self) -> None:
        plan = self._asked or self._plan()
        self._make_room(plan)
        kernel = self._kernels.new()
        try:
            self._kernels.start(kernel, plan, warm=True, on_end=self._on_end)
        except (DomainError, OSError, StateUnavailable) as error:
            log.warning("No session can be kept ready: %s", error)
            with self._changed:
                self._broken = True
            self._kernels.remove(kernel)
            return
        # Not before it has a process: who takes it looks whether that lives.
        with self._changed:
            self._ready[kernel] = plan.fingerprint
        if not self._kernels.alive(kernel):
            self.ended(kernel, None)
