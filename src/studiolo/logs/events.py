"""The events of one stream: a file of JSON lines, `[milliseconds since 1970, milliseconds of arrival, message]`.

The file is appended to by others while it is read: an incomplete last line is left for the next reader, and what is not
an event (the line that a killed writer left half written) is passed over.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 64 * 1024

LONGEST = 8 * 1024 * 1024
"""Bytes of a line at most: an event has a quarter of a mebibyte, of which JSON takes six bytes for one."""

BARREN = 4 * LONGEST
"""Bytes without an event after which nobody looks further: a program has written something else into its log's file."""

LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


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
    size, barren = BLOCK, 0
    while barren < BARREN:
        block = _read(file, position, size)
        whole = block.rfind(b"\n") + 1
        if whole:
            events = _decode(block[:whole], position)
            yield from events
            barren = 0 if events else barren + whole
            position, size = position + whole, BLOCK
        elif len(block) < size:
            return
        elif size < LONGEST:
            size *= 2
        else:
            position, barren = position + size, barren + size


def backward(file: Path, position: int | None = None) -> Iterator[Event]:
    """The events before a byte (the end of the file where it is None), the last one first."""
    end = _size(file) if position is None else min(position, _size(file))
    size, barren = BLOCK, 0
    while end > 0 and barren < BARREN:
        start = max(0, end - size)
        block = _read(file, start, end - start)
        # The first line of the block may have begun before it.
        cut = block.find(b"\n") + 1 if start > 0 else 0
        if start > 0 and cut in (0, len(block)):
            if size < LONGEST:
                size *= 2
            else:
                end, barren = start, barren + size
            continue
        events = _decode(block[cut : block.rfind(b"\n") + 1], start + cut)
        yield from reversed(events)
        barren = 0 if events else barren + size
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
    """The events of whole lines, without what is none."""
    events = []
    for line in block.split(b"\n"):
        start, position = position, position + len(line) + 1
        try:
            timestamp, ingested, message = json.loads(line)
            # What cannot be encoded is no text, and fails here rather than where it is answered.
            fits = _is_moment(timestamp) and _is_moment(ingested) and (message.isascii() or message.encode())
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
        if fits:
            events.append(Event(timestamp, ingested, message, start, position))
    return events


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value <= LATEST
