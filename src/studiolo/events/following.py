"""The thread that looks what has come to log groups, for those who follow them."""

import logging
import threading
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""Between two looks at the groups that have filters."""


class Following:
    """Looks in turn, from the start on."""

    def __init__(self, looks: Sequence[Callable[[], None]]) -> None:
        self._looks = looks
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep, name="log filters", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            for look in self._looks:
                try:
                    look()
                except Exception:
                    log.exception("what has come to log groups could not be looked through")
