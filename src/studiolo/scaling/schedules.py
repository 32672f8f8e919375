"""The schedules of scheduled actions: at(...) once, rate(...) again and again."""

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from studiolo.domain import Invalid

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\(([1-9]\d{0,8}) (minute|hour|day)s?\)")


def due(schedule: str, zone: str | None, begin: datetime, after: datetime) -> datetime | None:
    """The first moment of a schedule after `after`; None where there is none. Raises Invalid.

    begin: when a rate begins to count: its first moment is that, if it is still to come.
    """
    if found := _AT.fullmatch(schedule):
        moment = _moment(found[1], zone)
        return moment if moment > after else None
    if found := _RATE.fullmatch(schedule):
        step = timedelta(**{f"{found[2]}s": int(found[1])})
        try:
            return begin if begin > after else begin + step * ((after - begin) // step + 1)
        except OverflowError as error:
            raise Invalid(f"The schedule {schedule} is too long.") from error
    if schedule.startswith("cron("):
        raise Invalid(f"{schedule}: schedules with cron are not supported by Studiolo; at(...) and rate(...) are.")
    raise Invalid(f"The schedule {schedule} is not valid: it must be at(yyyy-mm-ddThh:mm:ss) or rate(value unit).")


def check_zone(zone: str | None) -> None:
    """Raises Invalid for a time zone that is not known."""
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"The time zone {zone} is not known.") from error


def _moment(text: str, zone: str | None) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"at({text}) is no moment: {error}.") from error
