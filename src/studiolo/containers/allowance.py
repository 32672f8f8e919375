"""How much a program may print into its log: one that prints without end does not fill the disk."""

import time
from collections.abc import Callable

MOST = 64 << 20
"""Characters that a program may print at once."""
PER_SECOND = 256 << 10
"""Characters that it may print for ever."""
AGAIN = 4 << 20
"""Characters that must be allowed again before what had run out goes on: else gaps would alternate with lines."""


class Allowance:
    """A bucket of characters that fills as time passes; what does not fit is counted, and told of once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._filled = clock()
        self._left = float(MOST)
        self._out = 0

    def pass_on(self, text: str) -> str:
        """What of it is to be written: all, behind what is to be said of what was left out before, or nothing."""
        present = self._clock()
        self._left = min(self._left + (present - self._filled) * PER_SECOND, MOST)
        self._filled = present
        if self._left < (AGAIN if self._out else len(text)):
            self._out += len(text)
            return ""
        self._left -= len(text)
        return self.told() + text

    def told(self) -> str:
        """What is to be said of what was left out since the last time."""
        out, self._out = self._out, 0
        if not out:
            return ""
        return (
            f"\n{out} characters are left out here: a program may print {MOST >> 20} MiB at once into its log, "
            f"and {PER_SECOND >> 10} KiB a second.\n"
        )
