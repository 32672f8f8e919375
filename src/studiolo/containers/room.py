"""Room on the disk: a program that fills it is ended before nothing else on this machine can write any more."""

import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from studiolo.archives import RESERVE

LOOK_SECONDS = 0.5


class Room:
    """Looks, while it is entered, at what is free on a folder's disk; calls `on_full` once, from a thread, with an OSError.

    A disk that has little left to begin with may be filled to half of that.
    """

    def __init__(self, folder: Path, on_full: Callable[[OSError], None]) -> None:
        self._folder = folder
        self._on_full = on_full
        self._least = min(RESERVE, shutil.disk_usage(folder).free // 2)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="room", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            if shutil.disk_usage(self._folder).free < self._least:
                words = f"fewer than {self._least} bytes were free, so that the programs were ended"
                self._on_full(OSError(errno.ENOSPC, words))
                return
