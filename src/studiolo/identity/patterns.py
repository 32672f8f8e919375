"""Strings with wildcards and variables, as IAM policies have them."""

import fnmatch
import re
from collections.abc import Mapping, Sequence

Context = Mapping[str, Sequence[str]]
"""The condition keys of a request, in lower case, each with its values."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"^(?P<name>[^,]+?)\s*(?:,\s*'(?P<default>[^']*)')?$")


class Pattern:
    """A text in which `*` stands for any characters, `?` for any one, and `${key}` for a value of the request."""

    def __init__(self, text: str, *, ignore_case: bool = False, wildcards: bool = True) -> None:
        self.text = text
        self._flags = re.IGNORECASE if ignore_case else 0
        self._wildcards = wildcards
        # The parts alternate: text, variable, text …
        self._parts = _VARIABLE.split(text)
        self._fixed = self._compile(self._parts) if len(self._parts) == 1 else None

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
        return self._compile(parts).match(value) is not None

    def _compile(self, parts: Sequence[str]) -> re.Pattern[str]:
        # fnmatch builds expressions that cannot blow up, however many wildcards there are.
        globs = [
            part.replace("[", "[[]") if i % 2 == 0 and self._wildcards else _literal(part)
            for i, part in enumerate(parts)
        ]
        return re.compile(fnmatch.translate("".join(globs)), self._flags)


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
