"""How much capacity a policy asks for, and when it may."""

from datetime import datetime, timedelta, timezone

import pytest

from studiolo.domain import Invalid
from studiolo.scaling import Step, Steps, Tracking
from studiolo.scaling.deciding import base, check_steps, may_scale_in, stepped, tracked
from studiolo.scaling.model import Last

TRACKING = Tracking(100.0, ())
THEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("current", "value", "out", "wanted"),
    [
        (2, 250.0, True, 5),
        (2, 201.0, True, 5),
        (2, 101.0, True, 3),
        (2, None, True, 3),
        (4, 30.0, False, 2),
        (2, 80.0, False, 2),
        (2, 0.0, False, 0),
        (2, None, False, 1),
    ],
)
def test_tracking_brings_the_metric_to_its_target(current: int, value: float | None, out: bool, wanted: int) -> None:
    assert tracked(TRACKING, current, value, out=out) == wanted


UP = [Step(1, 0.0, 10.0), Step(3, 10.0, None)]


@pytest.mark.parametrize(
    ("steps", "current", "distance", "upwards", "wanted"),
    [
        (Steps("ChangeInCapacity", UP), 2, 9.9, True, 3),
        (Steps("ChangeInCapacity", UP), 2, 10.0, True, 5),
        (Steps("ChangeInCapacity", UP), 2, -1.0, True, 2),
        (Steps("ChangeInCapacity", [Step(-1, None, 0.0)]), 2, 0.0, False, 1),
        (Steps("ExactCapacity", [Step(7, None, None)]), 2, 5.0, True, 7),
        (Steps("PercentChangeInCapacity", [Step(10)]), 4, 1.0, True, 5),
        (Steps("PercentChangeInCapacity", [Step(60)]), 4, 1.0, True, 6),
        (Steps("PercentChangeInCapacity", [Step(-60)]), 4, 1.0, True, 2),
        (Steps("PercentChangeInCapacity", [Step(10)], magnitude=2), 4, 1.0, True, 6),
    ],
)
def test_the_step_for_the_distance_to_the_threshold_is_taken(
    steps: Steps,
    current: int,
    distance: float,
    upwards: bool,
    wanted: int,
) -> None:
    assert stepped(steps, current, distance, upwards=upwards) == wanted


@pytest.mark.parametrize(
    "steps",
    [[], [Step(1, 0.0, 10.0), Step(2, 11.0, None)], [Step(1, 0.0, 10.0), Step(2, 5.0, None)], [Step(1, 5.0, 5.0)]],
)
def test_steps_with_gaps_or_overlaps_are_refused(steps: list[Step]) -> None:
    check_steps(Steps("ChangeInCapacity", UP))
    with pytest.raises(Invalid):
        check_steps(Steps("ChangeInCapacity", steps))


def test_while_a_scale_out_cools_down_only_a_larger_one_counts_and_none_in() -> None:
    last = Last(THEN, before=2, after=4)
    assert base(last, 4, 60, THEN + MINUTE / 2) == 2
    assert base(last, 4, 60, THEN + MINUTE) == 4
    assert not may_scale_in(last, 60, 0, THEN + MINUTE / 2)
    assert may_scale_in(last, 60, 300, THEN + MINUTE)


def test_a_scale_in_holds_back_the_next_one_and_no_scale_out() -> None:
    last = Last(THEN, before=4, after=2)
    assert base(last, 2, 60, THEN) == 2
    assert not may_scale_in(last, 0, 60, THEN + MINUTE / 2)
    assert may_scale_in(last, 0, 60, THEN + MINUTE)
