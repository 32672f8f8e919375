"""Filter patterns for JSON: `{ $.a.b[0] = "x" && ($.c > 1 || $.d IS NULL) }`."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from studiolo.domain import Invalid
from studiolo.logs.conditions import Conditions, Values, as_text

_SELECTOR = re.compile(r"""\$(?:\.?\[(?:[0-9]+|\*|"[^"]*"|'[^']*')\]|\.[^\s.\[\]=!<>&|(){},"%]+)+""")
_STEP = re.compile(r"""\.?\[(?:(?P<index>[0-9]+)|(?P<all>\*)|["'](?P<quoted>[^\]]*)["'])\]|\.(?P<name>[^.\[]+)""")
_BARE = re.compile(r'[^\s&|(){}"%]+')
ANY = "*"


def read(text: str) -> Callable[[str], dict[str, str] | None]:
    """What is extracted of a message that fits the pattern, by selector; None of one that does not. Raises Invalid."""
    selectors: dict[str, Values[Any]] = {}

    def resolve(selector: str) -> Values[Any]:
        return selectors.setdefault(selector, _values(selector))

    conditions: Conditions[Any] = Conditions(text, 1, _SELECTOR, _BARE, resolve)
    test = conditions.condition()
    conditions.need("}")
    if text[conditions.place :].strip():
        raise conditions.expected("its end")

    def extract(message: str) -> dict[str, str] | None:
        try:
            record = json.loads(message)
            if not isinstance(record, dict | list) or not test(record):
                return None
        except (ValueError, RecursionError):
            return None
        found = {selector: values(record) for selector, values in selectors.items()}
        return {selector: as_text(values[0]) for selector, values in found.items() if values}

    return extract


def field_of(selector: str, message: str) -> str | None:
    """The first value that a selector has in a message, as text; None where there is none, or it is no JSON."""
    if not _SELECTOR.fullmatch(selector):
        return None
    try:
        values = _values(selector)(json.loads(message))
    except (ValueError, RecursionError):
        return None
    return as_text(values[0]) if values else None


def _values(selector: str) -> Values[Any]:
    steps = [_step(match) for match in _STEP.finditer(selector, 1)]

    def values(record: Any) -> Sequence[Any]:
        found = [record]
        for step in steps:
            found = [each for value in found for each in _children(value, step)]
        return found

    return values


def _step(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        if len(match["index"]) > 9:
            raise Invalid(f"Invalid filter pattern: no array has an element {match['index']}.")
        return int(match["index"])
    return ANY if match["all"] else match["quoted"] if match["quoted"] is not None else match["name"]


def _children(value: Any, step: str | int) -> Sequence[Any]:
    if isinstance(value, list):
        if step == ANY:
            return value
        return [value[step]] if isinstance(step, int) and step < len(value) else []
    if isinstance(value, dict):
        if step == ANY:
            return list(value.values())
        return [value[step]] if step in value else []
    return []
