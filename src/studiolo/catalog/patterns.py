"""Names by pattern, as Hive and Glue understand it: regular expressions in which a bare `*` is any text."""

import re
from collections.abc import Callable

from studiolo.domain import Invalid


def name_matcher(pattern: str | None) -> Callable[[str], bool]:
    """Whether a name is one of those the pattern means, whatever the case; None and an empty text mean all.

    Raises Invalid for what is no regular expression.
    """
    if not pattern:
        return lambda name: True
    try:
        # `*` by itself is Hive's wildcard, and `.*` the one of regular expressions.
        compiled = re.compile(re.sub(r"(?<![.\])}\\])\*", ".*", pattern), re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise Invalid(f"The pattern {pattern!r} is not a regular expression: {error}.") from None
    return lambda name: compiled.fullmatch(name) is not None
