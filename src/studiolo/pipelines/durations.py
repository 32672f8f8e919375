"""Durations of ISO 8601 as CacheConfig has them: `P30D`, `PT1H`, also `30d`, `T16m`, `30dT5h`."""

import re

from studiolo.domain import Invalid

DAY = 86_400
_DURATION = re.compile(
    r"P?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE
)
_UNITS = (365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600, 60, 1)


def seconds_of(duration: str) -> float:
    """Seconds; a year has 365 days and a month 30. Raises Invalid."""
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None or not any(match.groups()):
        raise Invalid(f"ExpireAfter '{duration}' is no duration of ISO 8601, as P30D or PT1H.")
    return sum(int(count) * unit for count, unit in zip(match.groups(), _UNITS, strict=True) if count)
