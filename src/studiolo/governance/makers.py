"""The programs that make files of governed views: children of the process that needs them, ended when they are idle."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import studiolo
from studiolo.governance.making.task import Refused, Task, Unread
from studiolo.processes import child_environment

IDLE_SECONDS = 60.0
"""So long a program waits for the next file before it is ended: it holds 100 MiB."""


class Makers:
    """At most `most` of them at a time. folder: where files are while they are worked on."""

    def __init__(self, folder: Path, most: int = 2) -> None:
        self._folder = folder
        self._room = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._idle: list[tuple[subprocess.Popen[str], threading.Timer]] = []

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A folder for one file and what is made of it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._room, tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield Path(folder)

    def make(self, task: Task) -> int:
        """How many rows are left of a file (1 where they are not counted), which lie at `task.target`. Raises Refused."""
        program = self._taken()
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            program.stdin.write(task.write() + "\n")
            program.stdin.flush()
            answer = program.stdout.readline().rstrip("\n")
        except OSError:
            answer = ""
        if not answer:
            program.kill()
            program.wait()
            raise Refused("The program that filters it has ended: it may take more memory than is given to it.")
        self._give_back(program)
        verdict, _, why = answer.partition(" ")
        if verdict in ("refused", "unread"):
            raise (Unread if verdict == "unread" else Refused)(why)
        return int(why) if verdict == "made" else 0

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for program, timer in idle:
            timer.cancel()
            _end(program)

    def _taken(self) -> "subprocess.Popen[str]":
        with self._lock:
            if self._idle:
                program, timer = self._idle.pop()
                timer.cancel()
                return program
        return subprocess.Popen(
            [sys.executable, "-m", "studiolo.governance.making"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment({"PYTHONPATH": str(Path(studiolo.__file__).parents[1]), "OMP_NUM_THREADS": "1"}),
            cwd=self._folder,
        )

    def _give_back(self, program: "subprocess.Popen[str]") -> None:
        timer = threading.Timer(IDLE_SECONDS, self._retire, [program])
        timer.daemon = True
        with self._lock:
            self._idle.append((program, timer))
        timer.start()

    def _retire(self, program: "subprocess.Popen[str]") -> None:
        with self._lock:
            found = [each for each in self._idle if each[0] is program]
            self._idle = [each for each in self._idle if each[0] is not program]
        if found:
            _end(program)


def _end(program: "subprocess.Popen[str]") -> None:
    """It ends with its input."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.close()
    program.wait()
    program.stdout.close()
