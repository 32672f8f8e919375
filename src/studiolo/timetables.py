"""When schedules are due, as AWS writes them: at(...) once, rate(...) again and again, cron(...) by the calendar.

cron after "Schedule types in EventBridge Scheduler" (User Guide): minutes, hours, day of month, month, day of week (1 is
Sunday), year. What a change of the clock leaves out is left out; what it repeats is due once.
"""

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadDateError, CroniterError, croniter

from studiolo.domain import Invalid

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\(([1-9]\d{0,8}) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((.{1,200})\)")
_FIELDS = 6
_DAY = r"(?:\d{1,4}|[A-Z]{3})"
_ITEM = re.compile(rf"(?:\*|\?|L|{_DAY}(?:-{_DAY})?|\d\d?W|{_DAY}L|{_DAY}#[1-5])(?:/\d{{1,4}})?")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


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
    if found := _CRON.fullmatch(schedule):
        return _next(schedule, _translated(schedule, found[1]), ZoneInfo(zone or "UTC"), after)
    raise Invalid(
        f"The schedule {schedule} is not valid: it must be at(yyyy-mm-ddThh:mm:ss), rate(value unit) or "
        "cron(minutes hours day-of-month month day-of-week year)."
    )


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


def _next(schedule: str, expression: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    try:
        # By the clock on the wall, which knows nothing of its changes.
        times = croniter(expression, after.astimezone(zone).replace(tzinfo=None))
        while True:
            wall: datetime = times.get_next(datetime)
            moment = wall.replace(tzinfo=zone).astimezone(timezone.utc)
            is_there = moment.astimezone(zone).replace(tzinfo=None) == wall
            if is_there and moment > after:
                return moment
    except CroniterBadDateError:
        return None
    except (CroniterError, ValueError, OverflowError) as error:
        raise Invalid(f"The schedule {schedule} is not valid: {error}.") from error


def _translated(schedule: str, text: str) -> str:
    """An expression in croniter's words. Raises Invalid."""
    fields = text.upper().split()
    if len(fields) != _FIELDS:
        raise Invalid(f"The schedule {schedule} is not valid: cron has six fields, the last one is the year.")
    if not all(_ITEM.fullmatch(item) for field in fields for item in field.split(",")):
        raise Invalid(f"The schedule {schedule} is not valid: it has what no field of cron can have.")
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise Invalid(f"The schedule {schedule} is not valid: one of day-of-month and day-of-week must be ?.")
    week = ",".join(map(_weekday, weekday.split(",")))
    return " ".join([minutes, hours, day.replace("?", "*"), month, week, "0", year])


def _weekday(item: str) -> str:
    """Days of the week by the names that both know: AWS counts from 1, croniter from 0."""
    days, slash, step = item.partition("/")
    if days in ("?", "*"):
        return f"*{slash}{step}"
    if days == "L":
        return "SAT"
    for number, name in enumerate(_WEEKDAYS):
        days = re.sub(rf"(?<!#)\b{number + 1}(?=\b|L)", name, days)
    if days.endswith("L"):
        return f"L{_WEEKDAYS.index(days[:3])}"
    return f"{days}{slash}{step}"
