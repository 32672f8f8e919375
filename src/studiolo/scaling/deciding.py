"""How much capacity there is to be. Pure: after "Target tracking" and "Step scaling policies" (User Guide)."""

import math
from datetime import datetime, timedelta
from itertools import pairwise

from studiolo.domain import Invalid
from studiolo.scaling.model import Last, Step, Steps, Tracking


def tracked(tracking: Tracking, current: int, value: float | None, *, out: bool) -> int:
    """The capacity with which the metric comes to its target; one more or less where nothing is known of the metric."""
    if value is None:
        return current + 1 if out else current - 1
    wanted = math.ceil(current * value / tracking.value)
    return max(wanted, current + 1) if out else min(wanted, current)


def stepped(steps: Steps, current: int, distance: float, *, upwards: bool) -> int:
    """The capacity after the step for measurements so far from the threshold. upwards: the alarm sounds above it."""
    step = next((each for each in steps.steps if _holds(each, distance, upwards=upwards)), None)
    if step is None:
        return current
    if steps.kind == "ExactCapacity":
        return step.adjustment
    if steps.kind == "ChangeInCapacity":
        return current + step.adjustment
    change = current * step.adjustment / 100
    # Toward zero, yet never none.
    whole = int(change) if abs(change) >= 1 else int(math.copysign(math.ceil(abs(change)), change))
    least = steps.magnitude or 0
    return current + (int(math.copysign(max(abs(whole), least), change)) if change else 0)


def base(last: Last | None, current: int, out_cooldown: int, present: datetime) -> int:
    """What a larger scale-out is reckoned from: while the last one cools down, what it has added counts for it."""
    scaled_out = last is not None and last.after > last.before
    if last is None or not scaled_out or present >= last.at + timedelta(seconds=out_cooldown):
        return current
    return min(last.before, current)


def may_scale_in(last: Last | None, out_cooldown: int, in_cooldown: int, present: datetime) -> bool:
    """Whether nothing cools down: to scale in is careful."""
    if last is None:
        return True
    cooldown = out_cooldown if last.after > last.before else in_cooldown
    return present >= last.at + timedelta(seconds=cooldown)


def check_steps(steps: Steps) -> None:
    """Raises Invalid for steps with gaps between them, or that overlap."""
    ordered = sorted(steps.steps, key=lambda step: -math.inf if step.lower is None else step.lower)
    if not ordered:
        raise Invalid("At least one StepAdjustment must be specified.")
    for step in ordered:
        if step.lower is None and step.upper is None and len(ordered) > 1:
            raise Invalid("StepAdjustment intervals must not overlap: one of them has no bounds.")
        if step.lower is not None and step.upper is not None and step.lower >= step.upper:
            raise Invalid(
                "The MetricIntervalLowerBound of a StepAdjustment must be below its MetricIntervalUpperBound."
            )
    for one, other in pairwise(ordered):
        if one.upper is None or one.upper != other.lower:
            raise Invalid("StepAdjustment intervals must follow each other without gaps and must not overlap.")


def _holds(step: Step, distance: float, *, upwards: bool) -> bool:
    lower = -math.inf if step.lower is None else step.lower
    upper = math.inf if step.upper is None else step.upper
    return lower <= distance < upper if upwards else lower < distance <= upper
