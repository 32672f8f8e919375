"""Where the statements of a policy stand in its text."""

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; lines count from 1, columns too."""

    line: int
    column: int


def statement_positions(document: str) -> list[tuple[Position, Position]]:
    """The beginning and the end of each statement of a policy, in their order. The document is valid."""
    at = document.index("{") + 1
    while True:
        name, at = _DECODER.raw_decode(document, _after_space(document, at))
        at = _after_space(document, document.index(":", at) + 1)
        if name == "Statement":
            return [_position(document, begin, end) for begin, end in _items(document, at)]
        _, at = _DECODER.raw_decode(document, at)
        at = document.index(",", at) + 1


def _items(document: str, at: int) -> list[tuple[int, int]]:
    """Where the items of the list that begins there are; or the one thing that is no list."""
    if document[at] != "[":
        return [(at, _DECODER.raw_decode(document, at)[1])]
    found = []
    at = _after_space(document, at + 1)
    while document[at] != "]":
        end = _DECODER.raw_decode(document, at)[1]
        found.append((at, end))
        at = _after_space(document, end)
        if document[at] == ",":
            at = _after_space(document, at + 1)
    return found


def _position(document: str, begin: int, end: int) -> tuple[Position, Position]:
    return _place(document, begin), _place(document, end)


def _place(document: str, at: int) -> Position:
    return Position(document.count("\n", 0, at) + 1, at - document.rfind("\n", 0, at))


def _after_space(document: str, at: int) -> int:
    found = _SPACE.match(document, at)
    assert found is not None
    return found.end()
