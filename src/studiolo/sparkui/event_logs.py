"""Spark's event logs: where applications leave them, how they are shown to the history server, how long they stay.

They are in folders that users' code can write: a link in the place of a file, or of a folder, is followed nowhere.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from studiolo.processes import remove_left

EVENTS = "journal/events"
"""Where they are in the folder of a session, or of an application that runs to its end."""

PLACES = (("sessions", EVENTS), ("submissions", EVENTS), ("clusters", "node/events"), ("event-logs", ""))
"""Where they are in the data folder: in each folder of the first, below it."""

DAYS = 30
MOST = 10 * 1024**3
"""They stay so many days after they were last written, and of more bytes than this the newest."""

LOOK_SECONDS = 3600.0
"""Between looks for those that have been there long enough."""


def owner(of: str, role: str | None) -> str:
    """Whose event logs are kept: `of` something's, such as a cluster's, or those of a role of their own in it."""
    return of if role is None else f"{of}-{sha256(role.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Left:
    """A folder of event logs: `below` another one, which is ours."""

    folder: Path
    below: str = ""


class EventLogs:
    """The event logs in a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._kept = data / "event-logs"
        self._looked = 0.0
        self._lock = threading.Lock()

    def kept(self, owner: str) -> Left:
        """Those that `keep` has kept for an owner."""
        return Left(self._kept / owner)

    def keep(self, owner: str, left: Left) -> None:
        """Keep event logs whose folder is going to be removed."""
        into = self._kept / owner
        for name, place in _files(left):
            into.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(OSError):
                os.rename(name, into / _free(into, name), src_dir_fd=place)
        self.purge()

    def empty(self) -> None:
        """Remove what `keep` has kept."""
        remove_left(self._kept)

    def applications(self, lefts: Sequence[Left]) -> list[str]:
        """The ids of the applications that have left logs."""
        return sorted({name.removesuffix(".inprogress") for left in lefts for name, _ in _files(left)})

    def show(self, lefts: Sequence[Left], into: Path) -> int:
        """Make `into` a folder of them, by further names of the same files; how many there are."""
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        shown: set[str] = set()
        for left in lefts:
            for name, place in _files(left):
                shown.add(name)
                with contextlib.suppress(FileExistsError):
                    os.link(name, into / name, src_dir_fd=place, follow_symlinks=False)
                    # It may have been changed into something else between the looks.
                    if not stat.S_ISREG((into / name).lstat().st_mode):
                        (into / name).unlink()
        for entry in into.iterdir():
            if entry.name not in shown:
                entry.unlink()
        return len(shown)

    def purge(self) -> None:
        """Remove those that have been there long enough; at most once an hour it looks."""
        with self._lock:
            if self._looked and time.monotonic() - self._looked < LOOK_SECONDS:
                return
            self._looked = time.monotonic()
        found = [
            (os.stat(name, dir_fd=place, follow_symlinks=False), left, name)
            for left in self._everywhere()
            for name, place in _files(left)
        ]
        room, oldest = MOST, time.time() - DAYS * 86400
        for status, left, name in sorted(found, key=lambda each: each[0].st_mtime, reverse=True):
            room -= status.st_size
            if room < 0 or status.st_mtime < oldest:
                with contextlib.suppress(OSError), _opened(left) as place:
                    os.unlink(name, dir_fd=place)

    def _everywhere(self) -> Iterator[Left]:
        for name, below in PLACES:
            root = self._data / name
            for folder in root.iterdir() if root.is_dir() else ():
                yield Left(folder, below)


def _files(left: Left) -> Iterator[tuple[str, int]]:
    """The names of the event logs, each with the descriptor of their folder, open for that moment."""
    with contextlib.suppress(OSError), _opened(left) as place:
        for name in os.listdir(place):  # noqa: PTH208
            if not name.startswith(".") and stat.S_ISREG(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
                yield name, place


@contextmanager
def _opened(left: Left) -> Iterator[int]:
    """The open folder. Raises OSError where it, or a folder on the way, is no folder."""
    place = os.open(left.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for way in filter(None, left.below.split("/")):
            inner = os.open(way, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        yield place
    finally:
        os.close(place)


def _free(folder: Path, name: str) -> str:
    """The name, or one like it that nothing has: ids of applications are unique to a master alone."""
    number, found = 1, name
    while (folder / found).exists():
        number += 1
        found = f"{number}-{name}"
    return found
