"""The memory of this machine, as sessions may be promised it."""

from collections.abc import Callable

import psutil

GIB = 1024**3

NEEDED = 1 * GIB
"""Bytes that a session is promised: with less the machine would swap."""


class Memory:
    """What is free, and who has been promised a part of it that the system still shows as free.

    starting: how many sessions there are that have not yet taken what they were promised.
    """

    def __init__(self, starting: Callable[[], int]) -> None:
        self._starting = starting

    def free(self) -> int:
        """Bytes that are free and promised to nobody."""
        return int(psutil.virtual_memory().available) - self._starting() * NEEDED

    def shortage(self) -> str | None:
        """Why no further session can be promised its memory, in a sentence; None where one can."""
        starting, available = self._starting(), int(psutil.virtual_memory().available)
        if available - starting * NEEDED >= NEEDED:
            return None
        if available < NEEDED or not starting:
            return "This machine has less than 1 GiB of memory free: stop a session first."
        who = "a session that is" if starting == 1 else f"{starting} sessions that are"
        return (
            f"This machine has {available / GIB:.1f} GiB of memory free, and {starting} GiB of it are promised to {who} "
            "starting: wait until that is done, or stop a session."
        )
