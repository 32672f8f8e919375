"""Processes of functions, kept for the next event, and no more than may be."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studiolo.background import Background
from studiolo.functions.errors import Throttled
from studiolo.functions.instance import Instance
from studiolo.functions.model import Function

MOST = 64
"""Processes of all functions at a time, which is the account's concurrency."""
IDLE_SECONDS = 300.0
"""How long a process waits for another event before it is ended."""
LOOK_SECONDS = 10.0


class Pool:
    """The processes of all functions."""

    def __init__(self, launch: Callable[[Function], Instance]) -> None:
        self._launch = launch
        self._idle: list[Instance] = []
        self._busy: dict[str, int] = {}
        self._lock = threading.Lock()
        self._background = Background("idle functions", self._end_idle, LOOK_SECONDS)
        self._background.start()

    @contextmanager
    def instance(self, function: Function) -> Iterator[Instance]:
        """A process for one event. Raises Throttled."""
        found, surplus = self._claim(function)
        for each in surplus:
            each.close()
        try:
            if found is None:
                found = self._launch(function)
            yield found
        finally:
            with self._lock:
                self._busy[function.arn] -= 1
                keep = found is not None and found.usable and not self._background.ended
                if keep and found is not None:
                    self._idle.append(found)
            if not keep and found is not None:
                found.close()

    def retire(self, arn: str, but: str | None = None) -> None:
        """End the waiting processes of a function's $LATEST, but those of that revision."""
        with self._lock:
            old = [
                each
                for each in self._idle
                if each.function.arn == arn and (but is None or each.function.version == "$LATEST")
                and each.function.revision != but
            ]  # fmt: skip
            self._idle = [each for each in self._idle if each not in old]
        for each in old:
            each.close()

    def close(self) -> None:
        """End those that wait; who has one now ends it when it is done."""
        self._background.close()
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    def _claim(self, function: Function) -> tuple[Instance | None, list[Instance]]:
        """A waiting process if there is one, and those that must end to make room."""
        with self._lock:
            busy, reserved = self._busy.get(function.arn, 0), function.reserved
            if reserved is not None and busy >= reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            total = sum(self._busy.values())
            if total >= MOST:
                raise Throttled("ConcurrentInvocationLimitExceeded")
            self._busy[function.arn] = busy + 1
            dead = [each for each in self._idle if not each.usable]
            fits = [
                each
                for each in self._idle
                if each.usable
                and each.function.version_arn == function.version_arn
                and each.function.revision == function.revision
            ]
            found = fits[-1] if fits else None
            surplus = dead
            left = [each for each in self._idle if each is not found and each not in dead]
            while found is None and left and total + 1 + len(left) > MOST:
                surplus.append(left.pop(0))
            self._idle = left
            return found, surplus

    def _end_idle(self) -> None:
        before = time.monotonic() - IDLE_SECONDS
        with self._lock:
            old = [each for each in self._idle if each.used < before or not each.usable]
            self._idle = [each for each in self._idle if each not in old]
        for each in old:
            each.close()
