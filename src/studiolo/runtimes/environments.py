"""Python environments that Studiolo itself is not installed in: made by uv at first use.

They lie in the person's cache, for all data folders: each is some 900 MB. One is named by its content, so that a
newer Studiolo makes another one, and is moved to its name when it is complete.
"""

import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import psutil
from platformdirs import user_cache_path
from uv import find_uv_bin

from studiolo.domain import Conflict
from studiolo.processes import child_environment, remove_left
from studiolo.runtimes.alone import Stopped, alone
from studiolo.runtimes.uv import Run, RunEnded, RunFailed, Say, unheard

SECONDS = 1800.0
"""Longest that the making of an environment may take."""

LAST_LINES = 8
"""Lines of uv's that the reason of a failure quotes."""


class EnvironmentUnavailable(Conflict):
    """A runtime's environment could not be made, with uv's words."""


class EnvironmentInUse(Conflict):
    """An environment cannot be removed while something runs in it."""


CACHE = "STUDIOLO_CACHE"
"""The variable by which the server tells its runners where this person's environments are."""


def environments_folder() -> Path:
    """Where this person's environments are."""
    told = os.environ.get(CACHE)
    return Path(told) if told else user_cache_path("studiolo") / "environments"


class Contents(Protocol):
    """What an environment has, and how that is put into a new one."""

    @property
    def note(self) -> str:
        """How long it takes and how large it is, in words."""

    def install(self, run: Run, python: Path) -> None:
        """Install it for the interpreter of a new environment. Raises RunFailed and RunEnded."""


@dataclass(frozen=True)
class Locked:
    """The packages of a lock with hashes."""

    lock: Path
    note: str = "several minutes, 1.3 GB"

    def install(self, run: Run, python: Path) -> None:
        run.uv(
            *("pip", "install", "--python", str(python)),
            # What builds a package that comes as its sources is of the lock, too.
            # A lock has all that there is to be: what a package asks for beyond it was left out knowingly.
            *("--no-deps", "--require-hashes", "-r", str(self.lock), "--build-constraints", str(self.lock)),
        )


@dataclass(frozen=True)
class Environment:
    """A folder of packages, with the first of the Pythons that this machine has, as `3.13`; `name` is for people."""

    folder: Path
    name: str
    contents: Contents
    pythons: tuple[str, ...]

    @classmethod
    def of(
        cls, folder: Path, name: str, lock: Path, pythons: tuple[str, ...], note: str = Locked.note
    ) -> "Environment":
        """The environment of a lock, in the folder of all."""
        content = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
        return cls(folder / f"{name}-{content}", name, Locked(lock, note), pythons)

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def ready(self) -> bool:
        """Whether it is there, and the Python too that it was made of."""
        return self.python.exists()

    @property
    def packages(self) -> Path:
        """The folder of its packages. The environment must be ready."""
        return next(self.folder.glob("lib/python3.*/site-packages"))

    def make(self, say: Say, stopped: Stopped = lambda: False) -> None:
        """Make it if it is not there; one maker at a time, others wait. `say` hears how it goes, line by line.

        Raises EnvironmentUnavailable, also when `stopped()` says that nobody needs it any more.
        """
        if self.ready:
            return
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with self._alone(say, stopped) as lock:
                if not self.ready:
                    self._make(say, stopped, lock)
        except OSError as error:
            raise EnvironmentUnavailable(f"{self._failed} {error.strerror or error}: {error.filename}.") from error

    def remove(self) -> bool:
        """Remove it; whether it was there. Raises EnvironmentInUse."""
        if not self.folder.exists():
            return False
        with self._alone(unheard, lambda: False):
            if users := self._users():
                raise EnvironmentInUse(f"{self.folder} is in use by processes {', '.join(map(str, users))}.")
            part = self._part()
            self.folder.rename(part)
            remove_left(part)
        return True

    def size(self) -> int:
        """Bytes of its files, which may be shared with uv's cache."""
        return sum(entry.lstat().st_size for entry in self.folder.rglob("*"))

    @property
    def _failed(self) -> str:
        return f"The Python environment of {self.name} could not be made."

    def _part(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{uuid.uuid4().hex[:8]}.part")

    def _users(self) -> list[int]:
        """The processes that run in it: the command line tells, of an interpreter or of the fence around one."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if any(
                    word == str(self.folder) or word.startswith(f"{self.folder}{os.sep}") for word in process.cmdline()
                ):
                    found.append(process.pid)
        return found

    def _make(self, say: Say, stopped: Stopped, lock: IO[str]) -> None:
        for left in self.folder.parent.glob(f"{self.folder.name}.*.part"):
            remove_left(left)
        if self.folder.exists():
            # The Python that it was made of is gone.
            remove_left(self.folder)
        part = self._part()
        say(f"Making the Python environment of {self.name}, once on this machine: {self.contents.note}.")
        run = Run(stopped, SECONDS, say, lock)
        try:
            with self._telling():
                base = machine_python(self.pythons)
                run.uv("venv", "--quiet", "--relocatable", "--python", str(base), str(part))
                self.contents.install(run, part / "bin" / "python")
            # Sessions cannot write there: what is not compiled now, each would compile again. It is no condition.
            say("Compiling Python's files.")
            with self._telling(), suppress(RunFailed):
                compiles = ["-m", "compileall", "-q", "-j", "0", "-x", "/tests?/", str(part / "lib")]
                run.run([str(part / "bin" / "python"), *compiles], quiet=True)
            part.rename(self.folder)
        finally:
            remove_left(part)
        say(f"The Python environment of {self.name} is ready.")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except RunEnded as error:
            raise EnvironmentUnavailable(f"{self._failed} {error}") from error
        except RunFailed as error:
            lines = [line.strip() for line in error.said.splitlines() if line.strip()]
            reason = " ".join([line for line in lines if not line.startswith("+ ")][-LAST_LINES:])
            raise EnvironmentUnavailable(
                f"{self._failed} {reason} It is needed once; afterwards Studiolo works offline."
            ) from error

    def _alone(self, say: Say, stopped: Stopped) -> AbstractContextManager[IO[str]]:
        return alone(
            self.folder.with_suffix(self.folder.suffix + ".lock"),
            stopped,
            EnvironmentUnavailable(f"{self._failed} It is not needed any more."),
            lambda: say(f"Another program makes, or removes, the Python environment of {self.name}: waiting."),
        )


def machine_python(versions: Sequence[str]) -> Path:
    """The interpreter of the first of the versions that this machine has, as `3.11`, else Studiolo's own."""
    found = (python for version in versions if (python := find_python(version)) is not None)
    return next(found, Path(sys.executable))


def find_python(version: str) -> Path | None:
    """The machine's interpreter of a version; None where there is none. Nothing is downloaded."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, _pyenv_folders())])
    command = [find_uv_bin(), "python", "find", "--no-python-downloads", "--no-project", "--system", version]
    environment = child_environment({"PATH": search})
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def _pyenv_folders() -> list[Path]:
    """Where pyenv has interpreters: what it puts on the PATH answers only for those that are switched on."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob("versions/3.*/bin"), reverse=True)
