"""An algorithm's program as a child of ours, in its fence: its output, line by line, to its log; its end as an event."""

import contextlib
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import psutil

from studiolo.logs import LogWriter
from studiolo.processes import inside, is_fenced

TAIL = 20
LONGEST_LINE = 64 * 1024
"""Characters read at a time: a program that never ends its line does not fill our memory."""
DRAIN_SECONDS = 5.0
BY_SIGNAL = 128
"""What shells, bwrap and SageMaker add to the number of the signal that ended a program."""


@dataclass(frozen=True)
class Start:
    """How a program is started: its command with the fence around it, its whole environment, where it begins.

    `notes` are lines that its log has before its own.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Start":
        return cls(tuple(values["command"]), values["environment"], values["folder"], tuple(values["notes"]))


class Program:
    """A running program. It ends with this process: bwrap sees to that, or it is in the same process group."""

    def __init__(self, start: Start, log: LogWriter, on_line: Callable[[str], None] = lambda line: None) -> None:
        self._log = log
        self._on_line = on_line
        self._events: SimpleQueue[int | None] = SimpleQueue()
        self._tail: deque[str] = deque(maxlen=TAIL)
        for note in start.notes:
            self._keep(f"{note}\n")
        self._process = subprocess.Popen(
            list(start.command),
            cwd=start.folder,
            env=dict(start.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A signal to our group must not end bwrap, which would leave alone what is in it.
            start_new_session=is_fenced(start.command[0]),
        )
        self._output = threading.Thread(target=self._copy, daemon=True)
        self._output.start()
        threading.Thread(target=lambda: self._events.put(self._process.wait()), daemon=True).start()

    def end(self) -> None:
        """Ask for its end; safe in a signal handler. What waits in `run` sends SIGTERM."""
        self._events.put(None)

    def run(self, seconds: float | None, grace: float) -> tuple[int, bool]:
        """Wait for its end: the exit status, 128 + n after signal n, and whether `seconds` ran out.

        Asked to end, or out of time, it gets SIGTERM, and SIGKILL after `grace` seconds.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        ending = overdue = False
        while True:
            try:
                status = self._events.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except Empty:
                if ending:
                    self._process.kill()
                    deadline = None
                    continue
                overdue, status = True, None
            if status is not None:
                self._output.join(DRAIN_SECONDS)
                with contextlib.suppress(OSError):
                    self._log.close()
                return status if status >= 0 else BY_SIGNAL - status, overdue
            if not ending:
                ending, deadline = True, time.monotonic() + grace
                self._terminate()

    @property
    def tail(self) -> str:
        """The last lines that it printed."""
        return "\n".join(self._tail)

    def _terminate(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            # Where its fence is still being made there is nothing to stop with care.
            (inside(process) or process).send_signal(signal.SIGTERM)

    def _copy(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(LONGEST_LINE):
            self._keep(line)
            self._tail.append(line.rstrip("\n"))
            self._on_line(line)

    def _keep(self, line: str) -> None:
        # Without room for its log a program still has its work to do, and would wait for ever on a full pipe.
        with contextlib.suppress(OSError):
            self._log.write(line)
