"""Moments in texts of others, as ISO 8601 has them, read alike on every Python.

`datetime.fromisoformat` knows `Z`, and fractions of other than three or six digits, from Python 3.11 on.
"""

from datetime import datetime, timezone

from dateutil.parser import isoparse


def read_moment(text: str) -> datetime:
    """A moment of ISO 8601, to the microsecond; UTC where it names no zone. Raises ValueError."""
    try:
        found: datetime = isoparse(text)
    except OverflowError as error:  # the midnight after the last day
        raise ValueError(text) from error
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
