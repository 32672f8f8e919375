"""Environments of runtimes that Studiolo itself is not installed in: made by uv at first use, from a lock with hashes.

They lie in the person's cache, for all data folders: each is some 900 MB. One is named by the lock's content, so that a
newer Studiolo makes another one, and is moved to its name when it is complete.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

import psutil
from platformdirs import user_cache_path
from uv import find_uv_bin

from studiolo.domain import Conflict
from studiolo.processes import child_environment, remove_left
from studiolo.runtimes.alone import Stopped, alone

SECONDS = 1800.0
"""Longest that the making of an environment may take."""

POLL = 0.1

LAST_LINES = 8
"""Lines of uv's that the reason of a failure quotes."""

Say = Callable[[str], object]


class EnvironmentUnavailable(Conflict):
    """A runtime's environment could not be made, with uv's words."""


class EnvironmentInUse(Conflict):
    """An environment cannot be removed while something runs in it."""


def environments_folder() -> Path:
    """Where this person's environments are."""
    return user_cache_path("studiolo") / "environments"


@dataclass(frozen=True)
class Environment:
    """The packages of a lock, with the first of the Pythons that this machine has, as `3.13`."""

    folder: Path
    lock: Path
    pythons: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, name: str, lock: Path, pythons: tuple[str, ...]) -> "Environment":
        """The environment of that runtime in the folder of all."""
        content = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
        return cls(folder / f"{name}-{content}", lock, pythons)

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
        with self._alone(lambda _: None, lambda: False):
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
        return f"The Python environment of {self.lock.stem} could not be made."

    def _part(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{uuid.uuid4().hex[:8]}.part")

    def _users(self) -> list[int]:
        """The processes that run in it: of an interpreter the command line tells, in a fence or not."""
        mark = f"{self.folder}{os.sep}"
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if any(word.startswith(mark) for word in process.cmdline()):
                    found.append(process.pid)
        return found

    def _make(self, say: Say, stopped: Stopped, lock: IO[str]) -> None:
        for left in self.folder.parent.glob(f"{self.folder.name}.*.part"):
            remove_left(left)
        if self.folder.exists():
            # The Python that it was made of is gone.
            remove_left(self.folder)
        part, python = self._part(), self._machine_python()
        say(f"Making the Python environment of {self.lock.stem}, once on this machine: several minutes, 1.3 GB.")
        run = _Run(self._failed, say, stopped, lock)
        try:
            run.uv("venv", "--quiet", "--relocatable", "--python", str(python), str(part))
            run.uv(
                *("pip", "install", "--python", str(part / "bin" / "python")),
                # What builds a package that comes as its sources is of the lock, too.
                *("--require-hashes", "-r", str(self.lock), "--build-constraints", str(self.lock)),
            )
            # Sessions cannot write there: what is not compiled now, each would compile again. It is no condition.
            say("Compiling Python's files.")
            with suppress(EnvironmentUnavailable):
                compiles = ["-m", "compileall", "-q", "-j", "0", "-x", "/tests?/", str(part / "lib")]
                run.run([str(part / "bin" / "python"), *compiles], quiet=True)
            part.rename(self.folder)
        finally:
            remove_left(part)
        say(f"The Python environment of {self.lock.stem} is ready.")

    def _machine_python(self) -> Path:
        """The interpreter to make it of: the first of the versions that is there, else Studiolo's own."""
        search = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, _pyenv_folders())])
        environment = child_environment({"PATH": search})
        for version in self.pythons:
            command = [find_uv_bin(), "python", "find", "--no-python-downloads", "--no-project", "--system", version]
            found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
            if found.returncode == 0:
                return Path(found.stdout.strip())
        return Path(sys.executable)

    def _alone(self, say: Say, stopped: Stopped) -> AbstractContextManager[IO[str]]:
        return alone(
            self.folder.with_suffix(self.folder.suffix + ".lock"),
            stopped,
            EnvironmentUnavailable(f"{self._failed} It is not needed any more."),
            lambda: say(f"Another program makes, or removes, the Python environment of {self.lock.stem}: waiting."),
        )


def _pyenv_folders() -> list[Path]:
    """Where pyenv has interpreters: what it puts on the PATH answers only for those that are switched on."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob("versions/3.*/bin"), reverse=True)


@dataclass(frozen=True)
class _Run:
    """uv at work for one environment."""

    failed: str
    say: Say
    stopped: Stopped
    lock: IO[str]

    def uv(self, *arguments: str) -> None:
        """Run uv, handing on its lines. Raises EnvironmentUnavailable."""
        self.run([find_uv_bin(), *arguments, "--color", "never"])

    def run(self, command: Sequence[str], *, quiet: bool = False) -> None:
        """Run a program, handing on its lines unless `quiet`. Raises EnvironmentUnavailable.

        It holds the lock as well: if this process dies, the next maker waits for the end of what it had begun.
        """
        begun = time.monotonic()
        with subprocess.Popen(
            command,
            env=child_environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=[self.lock.fileno()],
        ) as process:
            lines: list[str] = []
            reader = Thread(target=self._hand_on, args=(process.stderr, lines, quiet), name="uv", daemon=True)
            reader.start()
            while process.poll() is None:
                if self.stopped() or time.monotonic() - begun > SECONDS:
                    os.killpg(process.pid, signal.SIGKILL)
                    raise EnvironmentUnavailable(
                        f"{self.failed} It was stopped after {time.monotonic() - begun:.0f} s."
                    )
                time.sleep(POLL)
            reader.join()
        if process.returncode != 0:
            reason = " ".join(lines[-LAST_LINES:])
            raise EnvironmentUnavailable(
                f"{self.failed} {reason} It is needed once; afterwards Studiolo works offline."
            )

    def _hand_on(self, stream: IO[str], lines: list[str], quiet: bool) -> None:
        for line in stream:
            # The last are what is there now, one by one.
            if (text := line.strip()) and not text.startswith("+ "):
                lines.append(text)
                if not quiet:
                    self.say(text)
