"""Filter patterns for unstructured log events (CloudWatch Logs User Guide, "Filter pattern syntax").

Terms and quoted phrases must all be in a message; of terms marked `?` one must be, where there is no other kind; terms
marked `-` must not be. A term between percent signs is a regular expression.
"""

import re
from collections.abc import Callable

from studiolo.domain import Invalid

Filter = Callable[[str], bool]

_TERM = re.compile(
    r'\s*(?P<sign>[?-])?(?:"(?P<phrase>(?:\\.|[^"\\])*)"|%(?P<regex>(?:\\.|[^%\\])+)%|(?P<word>[^\s"]+))'
)
LONGEST = 1024


def compile_filter(pattern: str) -> Filter:
    """The test that messages must pass. Raises Invalid for a pattern that is not one, or is for JSON or columns."""
    text = pattern.strip()
    if len(text) > LONGEST:
        raise Invalid(f"A filter pattern has at most {LONGEST} characters.")
    if text.startswith(("{", "[")):
        raise Invalid("Filter patterns for JSON ({...}) and for columns ([...]) are not supported by Studiolo.")
    required, optional, excluded = _terms(text)
    if optional and not required and not excluded:
        return lambda message: any(test(message) for test in optional)
    return lambda message: all(test(message) for test in required) and not any(test(message) for test in excluded)


def _terms(text: str) -> tuple[list[Filter], list[Filter], list[Filter]]:
    found: dict[str, list[Filter]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        term = _TERM.match(text, position)
        if term is None:
            raise Invalid(f"Invalid filter pattern: what is this at character {position + 1}: {text[position:]!r}?")
        found[term["sign"] or ""].append(_test(term))
        position = term.end()
    return found[""], found["?"], found["-"]


def _test(term: re.Match[str]) -> Filter:
    if term["regex"] is not None:
        return _regex(term["regex"])
    text = term["word"] if term["phrase"] is None else re.sub(r"\\(.)", r"\1", term["phrase"])
    return lambda message: text in message


def _regex(text: str) -> Filter:
    # CloudWatch has no groups, without which no expression here takes more than polynomial time.
    if re.search(r"(?<!\\)(?:\\\\)*\(", text):
        raise Invalid("Invalid filter pattern: a regular expression may not have parentheses.")
    try:
        expression = re.compile(text)
    except (re.error, OverflowError) as error:
        raise Invalid(f"Invalid filter pattern: {error}.") from None
    return lambda message: expression.search(message) is not None
