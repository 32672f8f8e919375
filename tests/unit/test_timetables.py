"""When schedules are due."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Invalid
from studiolo.timetables import check_zone, due

THEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def test_schedules_are_due_once_or_again_and_again() -> None:
    assert due("at(2026-01-01T01:30:00)", "Europe/Madrid", THEN, THEN) == THEN + 30 * MINUTE
    assert due("at(2025-12-31T00:00:00)", None, THEN, THEN) is None
    assert due("rate(5 minutes)", None, THEN, THEN + 12 * MINUTE) == THEN + 15 * MINUTE
    assert due("rate(1 day)", None, THEN + MINUTE, THEN) == THEN + MINUTE


@pytest.mark.parametrize(
    ("schedule", "moment"),
    [
        # Of "Schedule types in EventBridge Scheduler" and "Creating rules that run on a schedule" (User Guides).
        ("cron(0 10 * * ? *)", "2026-01-01T10:00"),
        ("cron(15 12 * * ? *)", "2026-01-01T12:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-01T18:00"),
        ("cron(0 8 1 * ? *)", "2026-01-01T08:00"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-01-01T00:10"),
        ("cron(0/5 8-17 ? * 2-6 *)", "2026-01-01T08:00"),
        ("cron(0/30 20-2 ? * MON-FRI *)", "2026-01-01T00:30"),
        ("cron(0 9 ? * 2#1 *)", "2026-01-05T09:00"),
        ("cron(0 9 ? * 6L *)", "2026-01-30T09:00"),
        ("cron(0 9 ? * L *)", "2026-01-03T09:00"),
        ("cron(0 9 ? * 1 *)", "2026-01-04T09:00"),
        ("cron(0 9 L * ? *)", "2026-01-31T09:00"),
        ("cron(0 9 3W * ? *)", "2026-01-02T09:00"),
        ("cron(15 10 ? * 6L 2028-2029)", "2028-01-28T10:15"),
    ],
)
def test_cron_is_due_as_aws_counts(schedule: str, moment: str) -> None:
    assert due(schedule, None, THEN, THEN) == datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)


def test_cron_in_the_past_is_due_no_more() -> None:
    assert due("cron(0 9 * * ? 2025)", None, THEN, THEN) is None


@pytest.mark.parametrize(
    ("after", "moments"),
    [
        # The clock goes from 2:00 to 3:00 on March 29, and from 3:00 to 2:00 on October 25.
        ("2026-03-28T12:00", ["2026-03-30T00:30"]),
        ("2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ],
)
def test_what_a_change_of_the_clock_leaves_out_is_left_out_and_what_it_repeats_is_due_once(
    after: str, moments: list[str]
) -> None:
    moment: datetime | None = datetime.fromisoformat(after).replace(tzinfo=timezone.utc)
    for expected in moments:
        assert moment is not None
        moment = due("cron(30 2 * * ? *)", "Europe/Madrid", THEN, moment)
        assert moment == datetime.fromisoformat(expected).replace(tzinfo=timezone.utc)


@given(
    st.integers(-3_000_000, 3_000_000),
    st.integers(0, 59),
    st.integers(0, 23),
    st.sampled_from(["Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_a_daily_schedule_is_due_within_two_days_and_strictly_later(
    minutes: int, minute: int, hour: int, zone: str
) -> None:
    moment = THEN + minutes * MINUTE
    found = due(f"cron({minute} {hour} * * ? *)", zone, moment, moment)
    assert found is not None
    assert moment < found <= moment + timedelta(days=2, hours=1)


@pytest.mark.parametrize(
    "schedule",
    [
        "at(soon)",
        "at(2026-02-30T00:00:00)",
        "rate(0 days)",
        "",
        "cron(0 8 * * *)",
        "cron(0 8 * * * *)",
        "cron(0 8 ? * ? *)",
        "cron(61 8 * * ? *)",
        "cron(0 8 * * ? R)",
        "cron(0 8 * FOO ? *)",
        "cron(0 8 ? * 9 *)",
        "cron(@daily)",
    ],
)
def test_other_schedules_are_refused(schedule: str) -> None:
    with pytest.raises(Invalid):
        due(schedule, None, THEN, THEN)
    with pytest.raises(Invalid, match="Nowhere"):
        check_zone("Europe/Nowhere")
