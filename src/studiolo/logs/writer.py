"""Appending to a log stream from any process: no database, no server, little to import."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

LINE_BYTES = 256 * 1024
"""A longer line becomes several events."""


class LogWriter:
    """The end of a log stream's file, written to by any number of processes at a time.

    What one `write` completes is appended by one system call, so that lines of several writers never mix. Raises
    OSError when the disk takes no more.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_RDWR, 0o600)
        self._partial = ""

    def write(self, text: str) -> int:
        """Append each line that `text` completes as an event of this moment; returns the characters taken."""
        *lines, self._partial = (self._partial + text).split("\n")
        if len(self._partial) > LINE_BYTES:
            lines, self._partial = [*lines, self._partial], ""
        self._append([piece for line in lines for piece in _pieces(line.removesuffix("\r"))])
        return len(text)

    def flush(self) -> None:
        """Nothing waits but an incomplete line."""

    def close(self) -> None:
        """Append what is left of an incomplete line, and end."""
        if self._descriptor >= 0:
            self._append(_pieces(self._partial))
            os.close(self._descriptor)
            self._partial, self._descriptor = "", -1

    def append(self, events: Sequence[tuple[int, str]]) -> None:
        """Append events as they are: (milliseconds since 1970, message)."""
        ingested = time.time_ns() // 1_000_000
        lines = [encode(timestamp, ingested, message) for timestamp, message in events]
        if not lines:
            return
        data = b"".join(lines)
        if self._torn():
            data = b"\n" + data
        while data:
            # The system takes less than all only when the disk is full: then the next try says so.
            data = data[os.write(self._descriptor, data) :]

    def _append(self, messages: list[str]) -> None:
        present = time.time_ns() // 1_000_000
        self.append([(present, message) for message in messages])

    def _torn(self) -> bool:
        """Whether a writer died in the middle of the last line."""
        size = os.fstat(self._descriptor).st_size
        return size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def encode(timestamp: int, ingested: int, message: str) -> bytes:
    """One line of a stream's file."""
    return (
        json.dumps([timestamp, ingested, message], ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        + b"\n"
    )


def _pieces(line: str) -> list[str]:
    """The line, cut where it is longer than an event may be; nothing of an empty one."""
    if not line:
        return []
    data = line.encode(errors="replace")
    if len(data) <= LINE_BYTES:
        return [line]
    pieces = []
    while data:
        end = min(LINE_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(data[:end].decode())
        data = data[end:]
    return pieces
