"""What a full disk leaves in SeaweedFS: its database of keys takes no writes any more, though there is room again.

Where the log of changes of such a database could not be written once, each later write to it fails with the same words:
objects are refused, or, where it was a folder's entry that failed, stored and never listed. A new process writes a new
log.
"""

from pathlib import Path

_DATABASE, _FULL = b"/filerldb2/", b"no space left on device"


class Starving:
    """Looks through the store's log as it grows."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0

    def skip(self) -> None:
        """What is there is of another process, or of before."""
        self._read = self._log.stat().st_size if self._log.exists() else 0

    def found(self) -> bool:
        """Whether a database could not be written, since the last look."""
        try:
            with self._log.open("rb") as log:
                # It was cut, as people do with logs.
                log.seek(self._read if self._read <= log.seek(0, 2) else 0)
                starved = False
                # A line at a time: where a disk is full there are many.
                for line in log:
                    starved = starved or (_DATABASE in line and _FULL in line)
                self._read = log.tell()
        except FileNotFoundError:
            return False
        return starved
