"""Event patterns: which events a rule is for.

After "Creating Amazon EventBridge event patterns" and "Comparison operators" (Amazon EventBridge User Guide). A pattern is
an object like the event; at its leaves are lists of what the event may have there. Of a list in the event one element has
to match, the same one for all that a pattern says of its members.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from studiolo.domain import Invalid

Leaf = Callable[[Any], bool]
Node = Callable[[Any], bool]

OR = "$or"
LARGEST = 5e9
"""Of numbers that are compared, the largest, and with a minus the least."""
_ABSENT: Any = object()
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


class InvalidPattern(Invalid):
    """A text that is no event pattern."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")
        self.reason = reason


class Pattern:
    """An event pattern, ready to be asked."""

    def __init__(self, text: str) -> None:
        """Raises InvalidPattern."""
        try:
            document = json.loads(text, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise InvalidPattern(f"{error}") from error
        if not isinstance(document, dict) or not document:
            raise InvalidPattern("Filter is not an object, or is empty")
        self._matches = _node(document)

    def matches(self, event: Mapping[str, Any]) -> bool:
        return self._matches(event)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidPattern("Path has a member twice")
    return found


def _node(document: Mapping[str, Any]) -> Node:
    """What an object says: all of it at once."""
    if not document:
        raise InvalidPattern("Empty objects are not allowed")
    members = {name: _member(name, value) for name, value in document.items() if name != OR}
    choices = _choices(document[OR]) if OR in document else [lambda _value: True]

    def one(value: Any) -> bool:
        if value is not _ABSENT and not isinstance(value, Mapping):
            return False
        there: Mapping[str, Any] = {} if value is _ABSENT else value
        if not all(test(there.get(name, _ABSENT)) for name, test in members.items()):
            return False
        return any(choice(value) for choice in choices)

    def matches(value: Any) -> bool:
        # Nothing in place of an object lacks all that it could have had.
        return any(one(each) for each in (_flat(value) or [_ABSENT])) if isinstance(value, list) else one(value)

    return matches


def _choices(given: Any) -> list[Node]:
    if not isinstance(given, list) or len(given) < 2 or not all(isinstance(each, dict) and each for each in given):
        raise InvalidPattern(f"{OR} must be an array of two or more objects")
    return [_node(each) for each in given]


def _member(name: str, given: Any) -> Node:
    if isinstance(given, dict):
        return _node(given)
    if not isinstance(given, list):
        raise InvalidPattern(f'"{name}" must be an object or an array')
    if not given:
        raise InvalidPattern("Empty arrays are not allowed")
    leaves = [_leaf(each) for each in given]

    def matches(value: Any) -> bool:
        values = list(_leaves(value)) or [_ABSENT]
        return any(leaf(each) for leaf in leaves for each in values)

    return matches


def _flat(value: list[Any]) -> list[Any]:
    return [part for each in value for part in (_flat(each) if isinstance(each, list) else [each])]


def _leaves(value: Any) -> Iterator[Any]:
    """The values of a leaf: an object is none."""
    for each in _flat(value) if isinstance(value, list) else [value]:
        if each is not _ABSENT and not isinstance(each, Mapping):
            yield each


def _leaf(given: Any) -> Leaf:
    if isinstance(given, dict):
        if len(given) != 1:
            raise InvalidPattern("Only one key allowed in match expression")
        ((name, argument),) = given.items()
        if name not in _OPERATORS:
            raise InvalidPattern(f"Unrecognized match type {name}")
        return _OPERATORS[name](argument)
    if isinstance(given, list):
        raise InvalidPattern("Match value must be String, number, true, false, or null")
    return lambda value: _same(value, given)


def _same(value: Any, given: Any) -> bool:
    # As they are written: 300 is not 300.0, and true is not 1.
    return type(value) is type(given) and bool(value == given)


def _string(name: str, given: Any, *, empty: bool = False) -> str:
    if not isinstance(given, str):
        raise InvalidPattern(f"{name} match pattern must be a string")
    if not given and not empty:
        raise InvalidPattern(f"Null {name} not allowed")
    return given


def _of_text(test: Callable[[str], bool]) -> Leaf:
    return lambda value: isinstance(value, str) and test(value)


def _end(name: str, test: Callable[[str, str], bool]) -> Callable[[Any], Leaf]:
    """prefix and suffix, also of any case."""

    def made(given: Any) -> Leaf:
        if isinstance(given, dict) and list(given) == ["equals-ignore-case"]:
            wanted = _string(name, given["equals-ignore-case"]).casefold()
            return _of_text(lambda value: test(value.casefold(), wanted))
        text = _string(name, given)
        return _of_text(lambda value: test(value, text))

    return made


def _exists(given: Any) -> Leaf:
    if not isinstance(given, bool):
        raise InvalidPattern("exists match pattern must be either true or false.")
    return lambda value: (value is not _ABSENT) is given


def _ignoring_case(given: Any) -> Leaf:
    wanted = _string("equals-ignore-case", given, empty=True).casefold()
    return _of_text(lambda value: value.casefold() == wanted)


def _numeric(given: Any) -> Leaf:
    if not isinstance(given, list) or len(given) not in (2, 4):
        raise InvalidPattern("Value of numeric must be an array: an operator and a number, once or, for a range, twice")
    tests = list(zip(given[::2], given[1::2], strict=True))
    for operator, bound in tests:
        if operator not in _COMPARE:
            raise InvalidPattern(f"Unrecognized numeric range operator: {operator}")
        if isinstance(bound, bool) or not isinstance(bound, (int, float)) or abs(bound) > LARGEST:
            raise InvalidPattern("Value of a numeric range must be a number between -5e9 and 5e9")
    if len(tests) == 2:
        (low, least), (high, most) = tests
        if low[0] != ">" or high[0] != "<" or least >= most:
            raise InvalidPattern("Bottom must be less than top")

    def matches(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > LARGEST:
            return False
        return all(_COMPARE[operator](value, bound) for operator, bound in tests)

    return matches


def _cidr(given: Any) -> Leaf:
    try:
        network = ip_network(_string("cidr", given), strict=False)
    except ValueError as error:
        raise InvalidPattern(f"Malformed CIDR: {error}") from error

    def matches(value: str) -> bool:
        try:
            return ip_address(value) in network
        except ValueError:
            return False

    return _of_text(matches)


def _wildcard(given: Any) -> Leaf:
    text, place = _string("wildcard", given), 0
    parts: list[str] = []
    while place < len(text):
        character = text[place]
        if character == "\\":
            if text[place + 1 : place + 2] not in ("*", "\\"):
                raise InvalidPattern(f"Invalid escape character at pos {place}")
            place += 1
            parts.append(re.escape(text[place]))
        elif character == "*":
            if parts and parts[-1] == ".*":
                raise InvalidPattern(f"Consecutive wildcard characters at pos {place - 1}")
            parts.append(".*")
        else:
            parts.append(re.escape(character))
        place += 1
    expression = re.compile("".join(parts), re.DOTALL)
    return _of_text(lambda value: expression.fullmatch(value) is not None)


def _anything_but(given: Any) -> Leaf:
    if isinstance(given, dict):
        if len(given) != 1 or next(iter(given)) not in _REVERSED:
            raise InvalidPattern(f"Anything-But pattern can be of {', '.join(_REVERSED)}, and of one of them")
        ((name, argument),) = given.items()
        several = argument if isinstance(argument, list) else [argument]
        tests = [_OPERATORS[name](each) for each in several]
    else:
        several = given if isinstance(given, list) else [given]
        kinds = {"string" if isinstance(each, str) else "number" for each in several}
        if any(isinstance(each, bool) or not isinstance(each, (str, int, float)) for each in several):
            raise InvalidPattern("Anything-But must be of strings or numbers")
        if len(kinds) > 1:
            raise InvalidPattern(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        tests = [_leaf(each) for each in several]
    if not several:
        raise InvalidPattern("Empty arrays are not allowed")
    return lambda value: value is not _ABSENT and not any(test(value) for test in tests)


_OPERATORS: Mapping[str, Callable[[Any], Leaf]] = {
    "prefix": _end("prefix", str.startswith),
    "suffix": _end("suffix", str.endswith),
    "exists": _exists,
    "equals-ignore-case": _ignoring_case,
    "numeric": _numeric,
    "cidr": _cidr,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
}
_REVERSED = ("prefix", "suffix", "equals-ignore-case", "wildcard")
