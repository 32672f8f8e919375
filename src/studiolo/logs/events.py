"""The events of one stream: a file of JSON lines, `[milliseconds since 1970, milliseconds of arrival, message]`.

The file is appended to by others while it is read: an incomplete last line is left for the next reader, and what is not
an event (the line that a killed writer left half written) is passed over.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a log: times in milliseconds since 1970; its bytes in the file are from `start` up to `end`."""

    timestamp: int
    ingested: int
    message: str
    start: int
    end: int


def forward(file: Path, position: int) -> Iterator[Event]:
    """The events from a byte on, in the order they were appended."""
    size = BLOCK
    while True:
        block = _read(file, position, size)
        whole = block.rfind(b"\n") + 1
        if whole:
            yield from _decode(block[:whole], position)
            position, size = position + whole, BLOCK
        elif len(block) < size:
            return
        else:
            size *= 2


def backward(file: Path, position: int | None = None) -> Iterator[Event]:
    """The events before a byte (the end of the file where it is None), the last one first."""
    end = _size(file) if position is None else min(position, _size(file))
    size = BLOCK
    while end > 0:
        start = max(0, end - size)
        block = _read(file, start, end - start)
        # The first line of the block may have begun before it.
        cut = block.find(b"\n") + 1 if start > 0 else 0
        if start > 0 and cut in (0, len(block)):
            size *= 2
            continue
        yield from reversed(_decode(block[cut : block.rfind(b"\n") + 1], start + cut))
        end, size = start + cut, BLOCK


def _read(file: Path, position: int, size: int) -> bytes:
    """A block of the file, opened for it alone: a search may go over more files than a process may have open."""
    try:
        with file.open("rb") as source:
            source.seek(position)
            return source.read(size)
    except FileNotFoundError:
        return b""


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _decode(block: bytes, position: int) -> list[Event]:
    """The events of whole lines."""
    events = []
    for line in block.split(b"\n"):
        start, position = position, position + len(line) + 1
        try:
            timestamp, ingested, message = json.loads(line)
            events.append(Event(int(timestamp), int(ingested), str(message), start, position))
        except (ValueError, TypeError):
            continue
    return events
