"""Kernels kept ready: Spark is up before anybody asks."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

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

UP_POLL = 0.05
"""Seconds between looks whether one is up."""

PATIENCE = 15
"""Looks after which a kernel is started on a busy machine all the same."""


UP_SECONDS = 120.0
"""How long one that is kept for somebody may take to be up, until the next one is started."""


@dataclass(frozen=True)
class Reserve:
    """What is kept ready for somebody: `count` kernels for what fits `fit`, each begun by `start`."""

    fit: str
    count: int
    start: Callable[[str], None] = field(compare=False)


class Pool:
    """`wanted` kernels of the plan that a session asked for last; before any has, of `plan()`.

    Those taken, and those of an earlier plan, are replaced in the background, when sessions have nothing to do. Beside
    them are the reserves that are kept for their owners, whatever others do.
    """

    def __init__(
        self,
        kernels: Kernels,
        memory: Memory,
        wanted: int = 0,
        plan: Callable[[], Plan] | None = None,
        busy: Callable[[], bool] = lambda: False,
        on_end: OnEnd = lambda *_: None,
    ) -> None:
        self._kernels = kernels
        self._memory = memory
        self._wanted = wanted
        self._plan = plan
        self._busy = busy
        self._on_end = on_end
        self._asked: Plan | None = None
        self._ready: dict[str, str] = {}
        self._reserves: dict[str, Reserve] = {}
        self._held: dict[str, str] = {}
        self._given_up: set[str] = set()
        self.low = False
        """Whether there was too little memory for what is to be kept ready, when it was last looked at."""
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

    def keep(self, owner: str, reserve: Reserve | None) -> None:
        """Keep that for the owner from now on, or nothing."""
        with self._changed:
            before = self._reserves.get(owner)
            if before == reserve:
                return
            given_back = [kernel for kernel, of in self._held.items() if of == owner]
            for kernel in given_back:
                del self._held[kernel]
            if reserve is None:
                self._reserves.pop(owner, None)
            else:
                self._reserves[owner] = reserve
            self._given_up.discard(owner)
            self._changed.notify()
        for kernel in given_back:
            self._discard(kernel)

    def take_kept(self, owner: str, fit: str) -> str | None:
        """One of the owner's kernels that is up, and fits; it is the caller's now."""
        with self._changed:
            reserve = self._reserves.get(owner)
            if reserve is None or reserve.fit != fit:
                return None
            kernel = next((name for name, of in self._held.items() if of == owner and self._kernels.is_up(name)), None)
            if kernel is not None:
                del self._held[kernel]
            self._given_up.discard(owner)
            self._changed.notify()
        return kernel

    def kept(self, owner: str) -> int | None:
        """How many of the owner's kernels are up; None while there are to be more, and that can be."""
        with self._changed:
            up = sum(of == owner and self._kernels.is_up(kernel) for kernel, of in self._held.items())
            reserve = self._reserves.get(owner)
            under_way = reserve is not None and up < reserve.count and owner not in self._given_up and not self.low
        return None if under_way else up

    def give_back(self, kernel: str, plan: Plan) -> None:
        """Put back a kernel that was taken and not changed."""
        with self._changed:
            self._ready[kernel] = plan.fingerprint

    def ended(self, kernel: str, status: int | None) -> None:
        """To be called when any kernel is gone; one of ours is replaced when the next session is asked for."""
        with self._changed:
            ours = self._ready.pop(kernel, None) is not None
            self._broken = self._broken or ours
            if (owner := self._held.pop(kernel, None)) is not None:
                self._given_up.add(owner)
                ours = True
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
            ready = [*self._ready, *self._held]
            self._ready.clear()
            self._held.clear()
        return ready

    def _lacking(self) -> bool:
        fit = [kernel for kernel, plan in self._ready.items() if self._asked is None or plan == self._asked.fingerprint]
        return len(fit) < self._wanted and not self._broken

    def _short(self) -> str | None:
        """Whose reserve has too few kernels."""
        for owner, reserve in self._reserves.items():
            if owner not in self._given_up and list(self._held.values()).count(owner) < reserve.count:
                return owner
        return None

    def _fill(self) -> None:
        looks = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed.is_set() or self._lacking() or self._short() is not None)
                owner = self._short()
            if self._closed.is_set():
                return
            self.low = self._memory.free() < SPARE_MEMORY
            # Who has asked for a reserve is not to wait for others' work.
            if self.low or (owner is None and self._busy() and looks < PATIENCE):
                looks += 1
                self._closed.wait(LOOK_AGAIN)
                continue
            looks = 0
            if owner is None:
                self._add()
            else:
                self._add_to(owner)

    def _add_to(self, owner: str) -> None:
        """Start one more of the owner's kernels; the next one's memory is looked at when this one has taken its own."""
        with self._changed:
            reserve = self._reserves.get(owner)
        if reserve is None:
            return
        kernel = self._kernels.new()
        if not self._started(kernel, lambda: reserve.start(kernel)):
            with self._changed:
                self._given_up.add(owner)
            return
        with self._changed:
            wanted = self._reserves.get(owner) == reserve
            if wanted:
                self._held[kernel] = owner
        if not wanted:
            self._discard(kernel)
            return
        until = time.monotonic() + UP_SECONDS
        while self._kernels.alive(kernel) and not self._kernels.is_up(kernel) and time.monotonic() < until:
            if self._closed.wait(UP_POLL):
                return
        if not self._kernels.alive(kernel):
            self.ended(kernel, None)

    def _discard(self, kernel: str) -> None:
        """End a kernel that nobody has used."""
        self._kernels.end(kernel, 0.0)
        self._kernels.remove(kernel)

    def _started(self, kernel: str, start: Callable[[], None]) -> bool:
        try:
            start()
        except (DomainError, OSError, StateUnavailable) as error:
            log.warning("No session can be kept ready: %s", error)
            self._kernels.remove(kernel)
            return False
        return True

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
        assert self._plan is not None
        plan = self._asked or self._plan()
        self._make_room(plan)
        kernel = self._kernels.new()
        if not self._started(kernel, lambda: self._kernels.start(kernel, plan, warm=True, on_end=self._on_end)):
            with self._changed:
                self._broken = True
            return
        # Not before it has a process: who takes it looks whether that lives.
        with self._changed:
            self._ready[kernel] = plan.fingerprint
        if not self._kernels.alive(kernel):
            self.ended(kernel, None)
