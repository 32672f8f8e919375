"""What a session prints, in its log streams: written by the kernel itself, so that nothing waits for the server."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studiolo.logs import LogWriter

HELD_LINES = 1000
"""Lines of the driver kept while nobody has claimed the kernel and there is no stream to write to."""

LAST_LINES = 10


class SessionLog:
    """The output and error streams of a session; before `open`, the driver's last lines are held."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._output: LogWriter | None = None
        self._error: LogWriter | None = None
        self._held: deque[str] = deque(maxlen=HELD_LINES)

    def open(self, output: str, error: str) -> None:
        """Write to these files of log streams from now on; they stay the session's."""
        with self._lock:
            if self._output is not None:
                return
            self._output, self._error = LogWriter(Path(output)), LogWriter(Path(error))
            while self._held:
                _write(self._error, self._held.popleft())

    def driver(self, line: str) -> None:
        """A line that Spark's driver printed: also into the process's own log, which outlives the session's."""
        with contextlib.suppress(OSError):
            os.write(2, line.encode())
        with self._lock:
            if self._error is None:
                self._held.append(line)
            else:
                _write(self._error, line)

    def last_words(self) -> str:
        """The last lines of the driver, while they are held, without where in Java's code that was."""
        with self._lock:
            told = [line for line in self._held if not line.startswith("\tat ")]
        return "".join(told[-LAST_LINES:]).strip()

    def message(self, kind: str, content: Mapping[str, Any]) -> None:
        """What a statement printed, or raised."""
        with self._lock:
            if self._output is None or self._error is None:
                return
            if kind == "stream":
                _write(self._output if content["name"] == "stdout" else self._error, content["text"])
            elif kind == "execute_result":
                _write(self._output, content["data"].get("text/plain", "") + "\n")
            elif kind == "error":
                _write(self._error, "\n".join(content["traceback"]) + "\n")


def _write(log: LogWriter, text: str) -> None:
    # A disk that takes no more must end neither the statement that prints nor the thread that reads the driver.
    with contextlib.suppress(OSError):
        log.write(text)
