"""When monitoring runs, and which time each run is of. Source: `ScheduleConfig` of the API Reference."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from studiolo.domain import Invalid

NOW = "NOW"
DAILY = "cron(0 0 ? * * *)"
"""What stands for a schedule without a ScheduleConfig, for which SageMaker picks a time of the day."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FARTHEST = timedelta(days=30)
"""How far an offset may be."""

_CRON = re.compile(r"cron\(0 (?:(?P<every>\*)|(?P<hour>\d{1,2})(?:/(?P<step>\d{1,2}))?) \? \* \* \*\)")
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


@dataclass(frozen=True)
class Window:
    """The time that a run analyzes: its end is not in it."""

    start: datetime
    end: datetime

    def hours(self) -> list[datetime]:
        """The full hours that it has parts of."""
        first = self.start.replace(minute=0, second=0, microsecond=0)
        count = -((first - self.end) // HOUR)
        return [first + HOUR * number for number in range(count)]


@dataclass(frozen=True)
class Timetable:
    """The hours of the day, in UTC, at which monitoring runs; none of what runs once. Offsets of its windows."""

    hours: tuple[int, ...]
    start: timedelta | None = None
    end: timedelta | None = None

    @classmethod
    def of(cls, expression: str, start: str | None = None, end: str | None = None) -> "Timetable":
        """Raises Invalid for what is not documented."""
        offsets = [None if text is None else duration(text) for text in (start, end)]
        if expression == NOW:
            if None in offsets:
                raise Invalid("DataAnalysisStartTime and DataAnalysisEndTime are required for a schedule of NOW.")
            table = cls((), *offsets)
        else:
            table = cls(_hours(expression), *offsets)
        if table.start is not None and table.end is not None and not timedelta() < table.end - table.start <= DAY:
            raise Invalid("DataAnalysisEndTime must be after DataAnalysisStartTime, by 24 hours at most.")
        return table

    def due(self, after: datetime) -> datetime | None:
        """The first moment after that; None of what runs once."""
        if not self.hours:
            return None
        moment = after.replace(minute=0, second=0, microsecond=0) + HOUR
        while moment.hour not in self.hours:
            moment += HOUR
        return moment

    def window(self, scheduled: datetime, start: timedelta | None = None, end: timedelta | None = None) -> Window:
        """Of the run at that moment: since the one before it, if no offset says otherwise. An endpoint's come first."""
        before = scheduled - HOUR
        while self.hours and before.hour not in self.hours:
            before -= HOUR
        begin = start if start is not None else self.start
        finish = end if end is not None else self.end
        return Window(
            before if begin is None else scheduled + begin,
            scheduled if finish is None else scheduled + finish,
        )


def duration(text: str) -> timedelta:
    """An offset as -PT1H. Raises Invalid."""
    if "P" not in text:
        raise Invalid(f"'{text}' is no duration of the form -PT1H.")
    try:
        found = _DURATION.validate_python(text)
    except ValidationError as error:
        raise Invalid(f"'{text}' is no duration of the form -PT1H.") from error
    if abs(found) > FARTHEST:
        raise Invalid(f"The offset '{text}' is of more than {FARTHEST.days} days.")
    return found


def _hours(expression: str) -> tuple[int, ...]:
    found = _CRON.fullmatch(expression)
    hour, step = (int(found[name] or 0) for name in ("hour", "step")) if found else (24, 0)
    if found is None or hour > 23 or step > 24 or found["step"] in ("0", "00"):
        raise Invalid(
            f"The ScheduleExpression '{expression}' is not valid: it is cron(0 * ? * * *) for every hour, "
            "cron(0 [00-23] ? * * *) for every day, cron(0 [00-23]/[01-24] ? * * *) for every so many hours, or NOW."
        )
    if found["every"]:
        return tuple(range(24))
    return tuple(sorted((hour + more) % 24 for more in range(0, 24, step or 24)))
