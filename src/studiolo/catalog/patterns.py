"""Names by pattern, as Hive and Glue understand it: regular expressions in which a bare `*` is any text."""

import re
from collections.abc import Callable
from functools import lru_cache

import re2

from studiolo.domain import Invalid

REMEMBERED = 10_000
"""Texts."""


def fitting(regex: str, *, any_case: bool = False) -> Callable[[str], bool]:
    """Whether a text fits a regular expression altogether, told in time that grows with the text alone.

    Raises Invalid for what is none, or could not be told in such a time (lookarounds, references to groups).
    """
    options = re2.Options()
    options.case_sensitive, options.never_capture, options.log_errors = not any_case, True, False
    try:
        compiled = re2.compile(regex, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0].decode() if isinstance(error, re2.error) else error
        raise Invalid(f"{regex!r} is not a regular expression: {reason}.") from None

    # Of a million partitions, most have the same few values; asking a dictionary costs a thirtieth of a match.
    @lru_cache(REMEMBERED)
    def fits(text: str) -> bool:
        return compiled.fullmatch(text.encode("utf-8", "replace")) is not None

    return fits


def name_matcher(pattern: str | None) -> Callable[[str], bool]:
    """Whether a name is one of those the pattern means, whatever the case; None and an empty text mean all.

    Raises Invalid for what is no regular expression.
    """
    if not pattern:
        return lambda name: True
    # `*` by itself is Hive's wildcard, and `.*` the one of regular expressions.
    return fitting(re.sub(r"(?<![.\])}\\])\*", ".*", pattern), any_case=True)
