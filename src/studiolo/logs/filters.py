"""Filter patterns (CloudWatch Logs User Guide, "Filter pattern syntax"): of terms, for JSON, for columns.

Terms and quoted phrases must all be in a message; of terms marked `?` one must be, where there is no other kind; terms
marked `-` must not be. A term between percent signs is a regular expression.
"""

import re
from collections.abc import Callable, Mapping

from studiolo.domain import Invalid
from studiolo.logs import column_filters, json_filters
from studiolo.logs.conditions import plain_regex

Filter = Callable[[str], bool]
Extract = Callable[[str], Mapping[str, str] | None]

_TERM = re.compile(
    r'\s*(?P<sign>[?-])?(?:"(?P<phrase>(?:\\.|[^"\\])*)"|%(?P<regex>(?:\\.|[^%\\])+)%|(?P<word>[^\s"]+))'
)
LONGEST = 1024


def compile_filter(pattern: str) -> Filter:
    """The test that messages must pass. Raises Invalid."""
    extract = compile_extraction(pattern)
    return lambda message: extract(message) is not None


def compile_extraction(pattern: str) -> Extract:
    """What a pattern takes out of a message that fits it, nothing where it is of terms; None of others. Raises Invalid."""
    text = pattern.strip()
    if len(text) > LONGEST:
        raise Invalid(f"A filter pattern has at most {LONGEST} characters.")
    if text.startswith("{"):
        return json_filters.read(text)
    if text.startswith("["):
        return column_filters.read(text)
    passes = _test_of_terms(text)
    return lambda message: {} if passes(message) else None


def _test_of_terms(text: str) -> Filter:
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
    expression = plain_regex(text)
    return lambda message: expression.search(message) is not None
