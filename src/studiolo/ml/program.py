"""An algorithm's program as a child of ours: its output, line by line, to its log; its end and signals as events."""

import contextlib
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from studiolo.logs import LogWriter

TAIL = 20
LONGEST_LINE = 64 * 1024
"""Characters read at a time: a program that never ends its line does not fill our memory."""
DRAIN_SECONDS = 5.0


class Program:
    """A running program. It stays in the caller's process group, so that ending the group ends it too."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: LogWriter,
        on_line: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._log = log
        self._on_line = on_line
        self._events: SimpleQueue[int | None] = SimpleQueue()
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._output = threading.Thread(target=self._copy, daemon=True)
        self._output.start()
        threading.Thread(target=lambda: self._events.put(self._process.wait()), daemon=True).start()

    def end(self) -> None:
        """Ask for its end; safe in a signal handler. What waits in `run` sends SIGTERM."""
        self._events.put(None)

    def run(self, seconds: float | None, grace: float) -> tuple[int, bool]:
        """Wait for its end: the exit status, and whether `seconds` ran out.

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
                return status, overdue
            if not ending:
                ending, deadline = True, time.monotonic() + grace
                self._process.send_signal(signal.SIGTERM)

    @property
    def tail(self) -> str:
        """The last lines that it printed."""
        return "\n".join(self._tail)

    def _copy(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(LONGEST_LINE):
            # Without room for its log a program still has its work to do, and would wait for ever on a full pipe.
            with contextlib.suppress(OSError):
                self._log.write(line)
            self._tail.append(line.rstrip("\n"))
            self._on_line(line)
