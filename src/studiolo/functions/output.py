"""What a function's process prints, and what is said about it, in one order: a pipe, of which each record becomes an event.

Runtimes frame a record of several lines (`_LAMBDA_TELEMETRY_LOG_FD`); all else is lines. What Studiolo itself has to say
goes by the same pipe, so that it comes after what was printed before.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator

from studiolo.logs import LogWriter

MAGIC = b"\xa5\x5a\x00"
HEAD = 16
"""Bytes of a frame before its text: its type, the length of the text, microseconds since 1970."""
OURS, MARK = b"\xa5\x5a\x00\x03", b"\xa5\x5a\x00\xff"
LARGEST = 256 * 1024
"""Bytes of an event of a log."""
FARTHEST = 24 * 3600 * 1000
"""Milliseconds from now beyond which what a frame says of its moment is not believed."""
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
                self._take(split.feed(piece))
        self._take(split.rest())
        with contextlib.suppress(OSError):
            self._log.close()

    def _take(self, found: Iterable[tuple[bytes, int | None, bytes]]) -> None:
        events: list[tuple[int, str]] = []
        present = time.time_ns() // 1_000_000
        for kind, moment, text in found:
            if kind == MARK:
                self._write_down(events)
                events = []
                if (arrived := self._marks.get(text)) is not None:
                    arrived.set()
                continue
            with self._lock:
                self._tail = (self._tail + text[-TAIL:].rstrip(b"\n") + b"\n")[-TAIL:]
            known = moment is not None and abs(moment - present) < FARTHEST
            events.append((moment if moment is not None and known else present, text.decode(errors="replace")))
        self._write_down(events)

    def _write_down(self, events: list[tuple[int, str]]) -> None:
        # Without room for its log a function still has its work to do.
        with contextlib.suppress(OSError):
            self._log.append(events)


class Splitter:
    """Bytes as they come, cut into events: (kind of frame, or nothing for a line; its milliseconds since 1970; text).

    No event has more than LARGEST bytes, whatever a frame says of itself: a longer one becomes several.
    """

    def __init__(self) -> None:
        self._left = b""
        self._framed = 0
        """Bytes of the frame that has begun and that are yet to come."""
        self._head = b"", 0

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, int | None, bytes]]:
        data, at, frame = self._left + piece, 0, -1
        beyond = len(data)
        while at < len(data):
            if self._framed:
                size = min(self._framed, LARGEST)
                if len(data) - at < size:
                    break
                yield *self._head, data[at : at + size]
                self._framed -= size
                at += size
                continue
            if data.startswith(MAGIC, at):
                if len(data) - at < HEAD:
                    break
                self._head = data[at : at + 4], int.from_bytes(data[at + 8 : at + HEAD], "big") // 1000
                self._framed = int.from_bytes(data[at + 4 : at + 8], "big")
                at += HEAD
                continue
            if frame < at:
                # Looked for once: of many short lines each would look through all that follow.
                frame = data.find(MAGIC, at)
                frame = beyond if frame < 0 else frame
            line = data.find(b"\n", at, frame)
            end = min(frame if line < 0 else line + 1, at + LARGEST)
            if line < 0 and end == beyond < at + LARGEST:
                break
            if line != at:
                yield b"", None, data[at:end]
            at = end
        self._left = data[at:]

    def rest(self) -> Iterator[tuple[bytes, int | None, bytes]]:
        """What no line break has ended."""
        if self._left and not self._framed and not self._left.startswith(MAGIC):
            yield b"", None, self._left
        self._left = b""
