"""uv, and what else makes environments and overlays, at work: heard line by line, ended once nobody needs it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import IO

from uv import find_uv_bin

from studiolo.processes import child_environment
from studiolo.runtimes.alone import Stopped

POLL = 0.1

Say = Callable[[str], object]


def unheard(_line: str) -> None:
    """For who does not want to hear how it goes."""


class RunFailed(Exception):
    """The program ended with an error; `said` is all that it said."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class RunEnded(Exception):
    """The program was ended, because its time was over or nobody needed it any more; after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"It was stopped after {seconds:.0f} s.")
        self.seconds = seconds


@dataclass(frozen=True)
class Run:
    """How programs are run: at most for `seconds` each, and until `stopped()`. `say` hears their lines.

    lock: a file that they hold as well: if this process dies, the next maker waits for the end of what it had begun.
    """

    stopped: Stopped
    seconds: float
    say: Say = unheard
    lock: IO[str] | None = None

    def uv(self, *arguments: str) -> str:
        """Run uv; what it said. Raises RunFailed and RunEnded."""
        return self.run(uv_command(*arguments))

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, quiet: bool = False) -> str:
        """Run a program; what it said on its standard error, which is not handed on where `quiet`.

        Raises RunFailed and RunEnded.
        """
        begun = time.monotonic()
        with subprocess.Popen(
            command,
            env=child_environment({}) if environment is None else environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=[] if self.lock is None else [self.lock.fileno()],
        ) as process:
            lines: list[str] = []
            reader = Thread(target=self._hear, args=(process.stderr, lines, quiet), name="uv", daemon=True)
            reader.start()
            while reader.is_alive() or process.poll() is None:
                if self.stopped() or time.monotonic() - begun > self.seconds:
                    os.killpg(process.pid, signal.SIGKILL)
                    raise RunEnded(time.monotonic() - begun)
                # It ends when the program, and what that has started, says no more.
                reader.join(POLL)
                if not reader.is_alive() and process.poll() is None:
                    time.sleep(POLL)
        if process.returncode != 0:
            raise RunFailed("".join(lines))
        return "".join(lines)

    def _hear(self, stream: IO[str], lines: list[str], quiet: bool) -> None:
        for line in stream:
            lines.append(line)
            # Those that begin so are what is there now, one by one.
            if not quiet and (text := line.strip()) and not text.startswith("+ "):
                self.say(text)


def uv_command(*arguments: str) -> list[str]:
    """The command that runs uv."""
    return [find_uv_bin(), *arguments, "--color", "never"]
