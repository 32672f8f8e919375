"""What has come to the streams of a group since somebody looked, for who goes on where it was left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.logs.events import Event
from studiolo.logs.reading import ALWAYS, last_event, read_forward

AT_ONCE = 1000
"""Events of a stream that are looked through at a time."""


@dataclass(frozen=True, slots=True)
class Come:
    """Events of a stream, and the byte after them."""

    stream: str
    file: Path
    events: Sequence[Event]
    after: int


def come(files: Mapping[str, Path], positions: Mapping[str, int]) -> Sequence[Come]:
    """What is in the streams behind the places to which one has come; of those that have none, all."""
    found = []
    for stream, file in files.items():
        place = positions.get(stream, 0)
        if not file.exists() or file.stat().st_size == place:
            continue
        # A group that is kept for a time only may have been emptied meanwhile.
        read = read_forward(file, place if place <= file.stat().st_size else 0, AT_ONCE, ALWAYS)
        if read.after != place:
            found.append(Come(stream, file, read.events, read.after))
    return found


def ends(files: Mapping[str, Path]) -> dict[str, int]:
    """The places at the end of all that there is."""
    return {stream: end(file) for stream, file in files.items()}


def end(file: Path) -> int:
    """The byte after the last event."""
    last = last_event(file)
    return 0 if last is None else last.end
