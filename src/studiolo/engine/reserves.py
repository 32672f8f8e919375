"""Drivers kept ready for those who have asked for that ahead, as EMR Serverless's initial capacity."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from studiolo.domain import DomainError
from studiolo.engine.kernels import Kernels
from studiolo.engine.memory import Memory
from studiolo.engine.pool import LOOK_AGAIN, SPARE_MEMORY
from studiolo.state import StateUnavailable

log = logging.getLogger(__name__)

UP_POLL = 0.05
"""Seconds between looks whether one is up."""

UP_SECONDS = 120.0
"""How long one may take to be up, until the next one is started."""


@dataclass(frozen=True)
class Reserve:
    """What is kept ready for an owner: `count` drivers for what fits `fit`, each begun by `start`."""

    fit: str
    count: int
    start: Callable[[str], None] = field(compare=False)


class Reserves:
    """The reserves of all owners. They are filled one driver after the other, whatever else the machine does."""

    def __init__(self, kernels: Kernels, memory: Memory) -> None:
        self._kernels = kernels
        self._memory = memory
        self._reserves: dict[str, Reserve] = {}
        self._held: dict[str, str] = {}
        self._given_up: set[str] = set()
        self._low = False
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="reserves", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def keep(self, owner: str, reserve: Reserve | None) -> None:
        """Keep that for the owner from now on, or nothing."""
        with self._changed:
            before = self._reserves.get(owner)
            if before == reserve:
                return
            given_back = [driver for driver, of in self._held.items() if of == owner]
            for driver in given_back:
                del self._held[driver]
            if reserve is None:
                self._reserves.pop(owner, None)
            else:
                self._reserves[owner] = reserve
            self._given_up.discard(owner)
            self._changed.notify()
        for driver in given_back:
            self._kernels.discard(driver)

    def take(self, owner: str, fit: str) -> str | None:
        """One of the owner's drivers that is up, and fits; it is the caller's now."""
        with self._changed:
            reserve = self._reserves.get(owner)
            if reserve is None or reserve.fit != fit:
                return None
            driver = next((name for name, of in self._held.items() if of == owner and self._kernels.is_up(name)), None)
            if driver is not None:
                del self._held[driver]
            self._given_up.discard(owner)
            self._changed.notify()
        return driver

    def kept(self, owner: str) -> int | None:
        """How many of the owner's drivers are up; None while there are to be more, and that can be."""
        with self._changed:
            up = sum(of == owner and self._kernels.is_up(driver) for driver, of in self._held.items())
            reserve = self._reserves.get(owner)
            under_way = reserve is not None and up < reserve.count and owner not in self._given_up and not self._low
        return None if under_way else up

    def ended(self, driver: str, status: int | None) -> None:
        """To be called when a driver is gone; one that nobody has taken is replaced when the next is asked for."""
        with self._changed:
            owner = self._held.pop(driver, None)
            if owner is not None:
                self._given_up.add(owner)
        if owner is not None and not self._closed.is_set():
            log.warning("A driver kept ready is gone. %s", self._kernels.reason(driver, status))
            self._kernels.discard(driver)

    def close(self) -> list[str]:
        """Start none any more. The drivers that were kept ready, for the caller to end."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()
        with self._changed:
            held = list(self._held)
            self._held.clear()
        return held

    def _short(self) -> tuple[str, Reserve] | None:
        """An owner who has too few, and the reserve."""
        for owner, reserve in self._reserves.items():
            if owner not in self._given_up and list(self._held.values()).count(owner) < reserve.count:
                return owner, reserve
        return None

    def _fill(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed.is_set() or self._short() is not None)
                short = self._short()
            if self._closed.is_set():
                return
            self._low = self._memory.free() < SPARE_MEMORY
            if self._low or short is None:
                self._closed.wait(LOOK_AGAIN)
            else:
                self._add(*short)

    def _add(self, owner: str, reserve: Reserve) -> None:
        """Start one more; the memory for the next one is looked at when this one has taken its own."""
        driver = self._kernels.new()
        try:
            reserve.start(driver)
        except (DomainError, OSError, StateUnavailable) as error:
            log.warning("No driver can be kept ready: %s", error)
            self._kernels.remove(driver)
            with self._changed:
                self._given_up.add(owner)
            return
        with self._changed:
            wanted = self._reserves.get(owner) == reserve
            if wanted:
                self._held[driver] = owner
        if not wanted:
            self._kernels.discard(driver)
            return
        until = time.monotonic() + UP_SECONDS
        while self._kernels.alive(driver) and not self._kernels.is_up(driver) and time.monotonic() < until:
            if self._closed.wait(UP_POLL):
                return
        if not self._kernels.alive(driver):
            self.ended(driver, None)
