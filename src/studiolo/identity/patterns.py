"""Strings with wildcards and variables, as IAM policies have them."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

Context = Mapping[str, Sequence[str]]
"""The condition keys of a request, in lower case, each with its values."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"^\s*(?P<name>[^,]+?)\s*(?:,\s*'(?P<default>[^']*)')?\s*$")
_WILD = re.compile(r"[*?]")
_WILD_APART = re.compile(r"([*?])")

Segment = list[str]
"""Texts, with one character of any kind between each and the next."""


class Pattern:
    """A text in which `*` stands for any characters, `?` for any one, and `${key}` for a value of the request.

    variables: whether it has them: policies of version 2008-10-17 do not.
    """

    def __init__(self, text: str, *, ignore_case: bool = False, wildcards: bool = True, variables: bool = True) -> None:
        self.text = text
        self._flags = re.IGNORECASE if ignore_case else 0
        self._wildcards = wildcards
        # The parts alternate: text, variable, text …
        self._parts = _VARIABLE.split(text) if variables and "${" in text else [text]
        self._fixed = self._compile(self._parts) if len(self._parts) == 1 else None

    @property
    def literal(self) -> bool:
        """Whether it matches its own text and no other."""
        return self._fixed is not None and not (self._wildcards and _WILD.search(self.text)) and not self._flags

    @property
    def prefix(self) -> str | None:
        """What all that it matches begins with, where that is all there is to it."""
        start = self.text[:-1]
        simple = self._fixed is not None and self._wildcards and not self._flags
        return start if simple and self.text.endswith("*") and not _WILD.search(start) else None

    def matches(self, value: str, context: Context) -> bool:
        """Whether all of `value` is matched; never when the request lacks a variable."""
        if self._fixed is not None:
            return self._fixed.match(value) is not None
        parts = list(self._parts)
        for i in range(1, len(parts), 2):
            resolved = _resolve(parts[i], context)
            if resolved is None:
                return False
            parts[i] = resolved
        if self._flags:
            value, parts = value.lower(), [part.lower() for part in parts]
        # An expression of what a caller may say anew in every request would be compiled for every one.
        return _matches(self._segments(parts), value)

    def _compile(self, parts: Sequence[str]) -> re.Pattern[str]:
        # fnmatch builds expressions that cannot blow up, however many wildcards there are.
        globs = [part.replace("[", "[[]") if self._wildcards else _literal(part) for part in parts]
        return re.compile(fnmatch.translate("".join(globs)), self._flags)

    def _segments(self, parts: Sequence[str]) -> list["Segment"]:
        """What stands between the `*`, where the parts alternate: text, the value of a variable, text …"""
        segments: list[Segment] = [[""]]
        for i, part in enumerate(parts):
            wild = i % 2 == 0 and self._wildcards
            for text in _WILD_APART.split(part) if wild else [part]:
                if wild and text == "*":
                    segments.append([""])
                elif wild and text == "?":
                    segments[-1].append("")
                else:
                    segments[-1][-1] += text
        return segments


class Patterns:
    """Several patterns, of which one must match: those that are asked most are compared at once."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        every = list(patterns)
        self.everything = any(pattern.text == "*" for pattern in every)
        self.exact = frozenset(pattern.text for pattern in every if pattern.literal)
        prefixes = [(pattern, pattern.prefix) for pattern in every]
        self.prefixes = tuple(prefix for _, prefix in prefixes if prefix is not None)
        self.others = tuple(pattern for pattern, prefix in prefixes if prefix is None and not pattern.literal)

    def matches(self, value: str, context: Context) -> bool:
        return (
            value in self.exact
            or value.startswith(self.prefixes)
            or any(pattern.matches(value, context) for pattern in self.others)
        )


def _matches(segments: Sequence[Segment], value: str) -> bool:
    """Whether a value is the segments in their order, with anything between them. Each is taken as early as it comes."""
    first, last = segments[0], segments[-1]
    if len(segments) == 1:
        return len(value) == _length(first) and _stands(first, value, 0)
    start, end = _length(first), len(value) - _length(last)
    if end < start or not _stands(first, value, 0) or not _stands(last, value, end):
        return False
    for segment in segments[1:-1]:
        while (start := value.find(segment[0], start, end)) >= 0 and not _stands(segment, value, start):
            start += 1
        if start < 0 or (start := start + _length(segment)) > end:
            return False
    return True


def _length(segment: Segment) -> int:
    return sum(map(len, segment)) + len(segment) - 1


def _stands(segment: Segment, value: str, start: int) -> bool:
    for text in segment:
        if not value.startswith(text, start):
            return False
        start += len(text) + 1
    return True


def variables_of(text: str) -> Iterable[str]:
    """The condition keys that a text asks for as variables."""
    for variable in _VARIABLE.findall(text):
        parsed = _DEFAULT.match(variable)
        if variable not in ("*", "?", "$") and parsed is not None:
            yield parsed["name"]


def _literal(text: str) -> str:
    return re.sub(r"[*?[]", r"[\g<0>]", text)


def _resolve(variable: str, context: Context) -> str | None:
    """The value of a policy variable: of the request, its own default, or one of the three characters."""
    if variable in ("*", "?", "$"):
        return variable
    parsed = _DEFAULT.match(variable)
    if parsed is None:
        return None
    values = context.get(parsed["name"].lower(), ())
    return values[0] if len(values) == 1 else parsed["default"]
