"""What a function's process prints, and what is said about it, in one order: a pipe, of which each record becomes an event.

Runtimes frame a record of several lines (`_LAMBDA_TELEMETRY_LOG_FD`); all else is lines. What Studiolo itself has to say
goes by the same pipe, so that it comes after what was printed before.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator

from studiolo.logs import LogWriter

MAGIC = b"\xa5\x5a\x00"
HEAD = 16
"""Bytes of a frame before its text: its type, the length of the text, microseconds since 1970."""
OURS, MARK = b"\xa5\x5a\x00\x03", b"\xa5\x5a\x00\xff"
LARGEST = 256 * 1024
"""Bytes of an event of a log."""
PIECE = 64 * 1024
TAIL = 4096
"""Bytes of its end that an invocation's log result has."""
DRAIN_SECONDS = 5.0


class Output:
    """The pipe of one process, and the log stream that it is written to. `descriptor` is the end to write to."""

    def __init__(self, log: LogWriter) -> None:
        self._log = log
        self._read, self.descriptor = os.pipe()
        self._marks: dict[bytes, threading.Event] = {}
        self._tail = b""
        self._lock = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._copy, name="function output", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """An event of ours."""
        self._write(OURS, text.encode(errors="replace"))

    def begin(self) -> None:
        """Forget what was printed for another invocation."""
        with self._lock:
            self._tail = b""

    def end(self) -> bytes:
        """Wait until all that has been printed is in the log; the end of it since `begin`."""
        name = os.urandom(8)
        arrived = self._marks[name] = threading.Event()
        self._write(MARK, name)
        arrived.wait(DRAIN_SECONDS)
        self._marks.pop(name, None)
        with self._lock:
            return self._tail

    def close(self) -> None:
        """No more comes: what is left of a line is written."""
        with self._lock:
            if not self._open:
                return
            self._open = False
        os.close(self.descriptor)
        self._thread.join(DRAIN_SECONDS)

    def _write(self, kind: bytes, text: bytes) -> None:
        with contextlib.suppress(OSError):
            data = kind + len(text).to_bytes(4, "big") + (time.time_ns() // 1000).to_bytes(8, "big") + text
            while data:
                data = data[os.write(self.descriptor, data) :]

    def _copy(self) -> None:
        split = Splitter()
        with os.fdopen(self._read, "rb", buffering=0) as pipe:
            while piece := os.read(pipe.fileno(), PIECE):
                for kind, moment, text in split.feed(piece):
                    self._take(kind, moment, text)
        for kind, moment, text in split.rest():
            self._take(kind, moment, text)
        with contextlib.suppress(OSError):
            self._log.close()

    def _take(self, kind: bytes, moment: int | None, text: bytes) -> None:
        if kind == MARK:
            if (arrived := self._marks.get(text)) is not None:
                arrived.set()
            return
        with self._lock:
            self._tail = (self._tail + text.rstrip(b"\n") + b"\n")[-TAIL:]
        present = time.time_ns() // 1_000_000 if moment is None else moment
        pieces = [text[start : start + LARGEST] for start in range(0, len(text), LARGEST)]
        # Without room for its log a function still has its work to do.
        with contextlib.suppress(OSError):
            self._log.append([(present, piece.decode(errors="replace")) for piece in pieces])


class Splitter:
    """Bytes as they come, cut into events: (kind of frame, or nothing for a line; its milliseconds since 1970; text)."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, int | None, bytes]]:
        data = self._left + piece
        while data:
            if data.startswith(MAGIC):
                length = int.from_bytes(data[4:8], "big")
                if len(data) < HEAD or len(data) < HEAD + length:
                    break
                moment = int.from_bytes(data[8:HEAD], "big") // 1000
                yield data[:4], moment, data[HEAD : HEAD + length]
                data = data[HEAD + length :]
                continue
            line, frame = data.find(b"\n"), data.find(MAGIC)
            if frame >= 0 and (line < 0 or frame < line):
                yield b"", None, data[:frame]
                data = data[frame:]
            elif line >= 0:
                if line:
                    yield b"", None, data[: line + 1]
                data = data[line + 1 :]
            elif len(data) >= LARGEST:
                yield b"", None, data
                data = b""
            else:
                break
        self._left = data

    def rest(self) -> Iterator[tuple[bytes, int | None, bytes]]:
        """What no line break has ended."""
        if self._left and not self._left.startswith(MAGIC):
            yield b"", None, self._left
        self._left = b""
