"""What a domain looks after in the background, with a thread of its own."""

import logging
import math
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

UNTIL_WOKEN = math.inf


class Background:
    """Looks after something again and again: after a pause, or as soon as it is woken.

    look: one look. It says in how many seconds the next is due (`UNTIL_WOKEN`: when it is woken), None for `pause`. One
    that fails is logged, and the next comes after `pause`, as the first does.
    """

    def __init__(self, name: str, look: Callable[[], float | None], pause: float) -> None:
        self._name = name
        self._look = look
        self._pause = pause
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self.ended = False
        """Whether it is closed: a look that takes long ends early then."""

    def start(self) -> None:
        self.ended = False
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have it look at once, or again where it is looking."""
        self._woken.set()

    def close(self, seconds: float | None = None) -> None:
        """Have no further look. One that is under way has so many seconds, or its time, to end."""
        self.ended = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        pause = self._pause
        while True:
            self._woken.wait(min(pause, threading.TIMEOUT_MAX))
            self._woken.clear()
            if self.ended:
                return
            pause = self._pause
            try:
                asked = self._look()
                pause = pause if asked is None else asked
            except Exception:
                if not self.ended:
                    log.exception("%s: this look failed, the next comes in %g s", self._name, pause)
