"""When an alarm sounds: of the numbers that there are, and of those that are missing.

Source: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data" (CloudWatch User Guide), whose
tables the tests hold.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence

from studiolo.domain import Invalid
from studiolo.metrics.alarm import State

MORE = 2
"""So many periods before those that count are looked at, where numbers of those are missing."""

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
WORDS: Mapping[str, str] = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanThreshold": "less than",
}


def decide(breaching: Sequence[bool | None], periods: int, datapoints: int, missing: str, current: State) -> State:
    """The state for what was found, oldest first, None where there is no number.

    periods, datapoints: sounds when so many of so many breach. missing: missing, ignore, breaching or notBreaching.
    """
    real = [each for each in breaching if each is not None][-periods:]
    if not real and missing in ("missing", "ignore"):
        return State.INSUFFICIENT_DATA if missing == "missing" else current
    if len(real) < periods and missing in ("breaching", "notBreaching"):
        real = [*real, *[missing == "breaching"] * (periods - len(real))]
    if sum(real) >= datapoints:
        return State.ALARM
    if len(real) >= datapoints or not any(real):
        return State.OK
    return _of_few(breaching, datapoints, missing, current)


def _of_few(breaching: Sequence[bool | None], datapoints: int, missing: str, current: State) -> State:
    """Of fewer numbers than it takes: it sounds for one that is old enough, with none since that does not breach."""
    newest_first = list(reversed(breaching))
    calm = next((age for age, each in enumerate(newest_first) if each is False), len(newest_first))
    oldest = max((age for age, each in enumerate(newest_first[:calm]) if each), default=-1)
    if oldest + 1 >= datapoints:
        return State.ALARM if missing == "missing" else current
    return State.OK if False in breaching else current


_NAMED = re.compile(r"""\b(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']+?))\s*\)""")
_WORD = re.compile(r"\s*(?:(AND|OR|NOT|TRUE|FALSE)\b|([()])|\x00(\d+)\x00)")


class Rule:
    """The rule of a composite alarm: `ALARM("a") AND NOT OK(b)`."""

    def __init__(self, text: str) -> None:
        """Raises Invalid."""
        self._terms: list[tuple[State, str]] = []
        self._text = text
        self._tokens = self._read(_NAMED.sub(self._name, text))
        self._position = 0
        self._check()

    @property
    def alarms(self) -> Sequence[str]:
        """The names, or ARNs, of the alarms it is about."""
        return [name for _, name in self._terms]

    def holds(self, state_of: Callable[[str], State | None]) -> bool:
        """Whether it holds for alarms in such states; None for one that is not there."""
        self._position = 0
        return self._any(state_of)

    def _name(self, found: re.Match[str]) -> str:
        self._terms.append((State(found[1]), next(name for name in found.groups()[1:] if name is not None)))
        return f"\x00{len(self._terms) - 1}\x00"

    def _read(self, text: str) -> list[str]:
        tokens, position = [], 0
        while position < len(text.rstrip()):
            found = _WORD.match(text, position)
            if found is None:
                raise self._wrong()
            tokens.append(found[1] or found[2] or f"#{found[3]}")
            position = found.end()
        return tokens

    def _check(self) -> None:
        self.holds(lambda _name: State.OK)
        if self._position != len(self._tokens):
            raise self._wrong()

    def _any(self, state_of: Callable[[str], State | None]) -> bool:
        found = self._all(state_of)
        while self._next() == "OR":
            self._position += 1
            found = self._all(state_of) or found
        return found

    def _all(self, state_of: Callable[[str], State | None]) -> bool:
        found = self._one(state_of)
        while self._next() == "AND":
            self._position += 1
            found = self._one(state_of) and found
        return found

    def _one(self, state_of: Callable[[str], State | None]) -> bool:
        word = self._next()
        self._position += 1
        if word == "NOT":
            return not self._one(state_of)
        if word in ("TRUE", "FALSE"):
            return word == "TRUE"
        if word == "(":
            found = self._any(state_of)
            if self._next() != ")":
                raise self._wrong()
            self._position += 1
            return found
        if not word.startswith("#"):
            raise self._wrong()
        state, name = self._terms[int(word[1:])]
        return state_of(name) is state

    def _next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _wrong(self) -> Invalid:
        return Invalid(f"AlarmRule '{self._text}' cannot be read: it takes ALARM(name), OK(name), AND, OR, NOT.")
