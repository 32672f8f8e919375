"""One running server and its data folder: the lock that keeps it single, and the note others find it by."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import psutil


@dataclass(frozen=True)
class Running:
    """What a running server says of itself in `server.json`."""

    pid: int
    endpoint: str
    s3_endpoint: str
    metastore: str
    version: str
    started: float


class AlreadyRunning(Exception):
    """Another server holds this data folder."""


class Instance:
    """The data folder of one server. Used as a context manager, it is held by this process alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._note = folder / "server.json"
        self._lock = folder / "server.lock"
        self._held: int | None = None

    def __enter__(self) -> "Instance":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        held = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            running = self.running()
            where = f" at {running.endpoint} (pid {running.pid})" if running else ""
            raise AlreadyRunning(f"Studiolo is already running{where} on {self.folder}.") from None
        self._held = held
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._note.unlink(missing_ok=True)
        if self._held is not None:
            os.close(self._held)

    @property
    def used(self) -> bool:
        """Whether a server ever held the folder."""
        return self._lock.exists()

    @property
    def locked(self) -> bool:
        """Whether a server holds the folder at this moment."""
        try:
            probe = os.open(self._lock, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    def announce(self, running: Running) -> None:
        """Write the note that `studiolo status`, `env` and `down` find the server by."""
        draft = self._note.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(self._note)

    def running(self) -> Running | None:
        """The server that holds this folder and answers, or None."""
        try:
            running = Running(**json.loads(self._note.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return running if self.locked and psutil.pid_exists(running.pid) else None
