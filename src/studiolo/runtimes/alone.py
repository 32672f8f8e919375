"""One process at a time, among all of this machine, at what several servers share."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

Stopped = Callable[[], bool]
"""Whether what is waited for is needed no more."""

POLL = 0.1
"""Seconds between looks at a file that another process holds."""


@contextmanager
def alone(
    path: Path, stopped: Stopped, given_up: Exception, waiting: Callable[[], object] = lambda: None
) -> Iterator[IO[str]]:
    """Hold the file, which is made where it is not there; waits in steps, so as to be stopped.

    waiting: called once, where another process holds it. Raises `given_up` once it is `stopped()`.
    """
    with path.open("w") as lock:
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopped():
                    raise given_up from None
                if not told:
                    waiting()
                    told = True
                time.sleep(POLL)
        yield lock
