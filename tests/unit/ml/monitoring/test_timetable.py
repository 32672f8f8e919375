"""When monitoring runs, and which time each run is of."""

from datetime import datetime, timedelta, timezone

import pytest

from studiolo.domain import Invalid
from studiolo.ml.monitoring.timetable import Timetable, Window


def at(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("cron(0 * ? * * *)", [at(8), at(9), at(10)]),
        ("cron(0 12 ? * * *)", [at(12), at(12, day=2), at(12, day=3)]),
        ("cron(0 0/10 ? * * *)", [at(10), at(20), at(0, day=2)]),
        ("cron(0 17/12 ? * * *)", [at(17), at(5, day=2), at(17, day=2)]),
    ],
)
def test_a_schedule_runs_at_the_documented_hours(expression: str, runs: list[datetime]) -> None:
    table, moment = Timetable.of(expression), at(7, 30)
    for run in runs:
        found = table.due(moment)
        assert found == run
        moment = found


def test_a_run_is_of_the_time_since_the_one_before_or_what_offsets_say() -> None:
    assert Timetable.of("cron(0 * ? * * *)").window(at(8)) == Window(at(7), at(8))
    assert Timetable.of("cron(0 17/12 ? * * *)").window(at(5, day=2)) == Window(at(17), at(5, day=2))
    hourly = Timetable.of("cron(0 * ? * * *)", "-PT3H", "-PT1H")
    assert hourly.window(at(8)) == Window(at(5), at(7))
    assert hourly.window(at(8), timedelta(hours=-6)) == Window(at(2), at(7))
    assert Timetable.of("NOW", "-PT30M", "-PT0H").window(at(8, 20)) == Window(at(7, 50), at(8, 20))
    assert Timetable.of("NOW", "-PT30M", "-PT0H").due(at(8)) is None


def test_a_window_takes_the_hours_that_it_has_parts_of() -> None:
    assert Window(at(7, 50), at(8, 20)).hours() == [at(7), at(8)]
    assert Window(at(7), at(8)).hours() == [at(7)]


@pytest.mark.parametrize(
    "schedule",
    [
        ("cron(5 * ? * * *)",),
        ("cron(0 24 ? * * *)",),
        ("cron(0 0/25 ? * * *)",),
        ("cron(0 0/0 ? * * *)",),
        ("rate(1 hour)",),
        ("NOW",),
        ("NOW", "-PT1H"),
        ("NOW", "-PT25H", "-PT0H"),
        ("NOW", "-PT1H", "-PT2H"),
        ("NOW", "-P", "-PT0H"),
        ("NOW", "3600", "-PT0H"),
        ("cron(0 * ? * * *)", "-P9999999D"),
    ],
)
def test_what_is_not_documented_is_refused(schedule: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        Timetable.of(*schedule)
