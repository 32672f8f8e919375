"""Regular expressions of clients, matched in time that grows with the text alone."""

from typing import Any

import re2

from studiolo.domain import Invalid


def compiled(regex: str, *, any_case: bool = False) -> Any:
    """The expression, whose `search` takes texts. Raises Invalid for what is none (or has lookarounds, references)."""
    options = re2.Options()
    options.case_sensitive, options.log_errors = not any_case, False
    try:
        return re2.compile(regex, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0].decode() if isinstance(error, re2.error) else error
        raise Invalid(f"{regex!r} is not a regular expression: {reason}.") from None
