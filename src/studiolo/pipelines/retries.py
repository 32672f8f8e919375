"""The retry policies of steps: whether, and when, a step that failed is tried again."""

from collections.abc import Mapping, Sequence
from typing import Any

INTERVAL, BACKOFF, MOST = 1.0, 2.0, 20
"""What a policy has that does not say; the SDK allows no more attempts than that."""

OF_CODES = {
    "InternalFailure": "Step.SERVICE_FAULT",
    "ServiceUnavailable": "Step.SERVICE_FAULT",
    "ThrottlingException": "Step.THROTTLING",
    "Throttling": "Step.THROTTLING",
    "SlowDown": "Step.THROTTLING",
    "ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT",
}
OF_REASONS = {
    "InternalServerError": "SageMaker.JOB_INTERNAL_ERROR",
    "CapacityError": "SageMaker.CAPACITY_ERROR",
    "ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT",
}


def next_attempt(
    policies: Sequence[Mapping[str, Any]], code: str | None, reason: str, attempts: int, first: float, now: float
) -> float | None:
    """When to try again, in seconds since 1970; None where not.

    code: of a call that was refused; reason: of a job that failed; attempts: how many there were; first: when the first
    began. After "Retry Policy for Pipeline Steps".
    """
    if code is not None:
        kind = OF_CODES.get(code)
    else:
        kind = next((kind for words, kind in OF_REASONS.items() if reason.startswith(words)), None)
    policy = next((each for each in policies if kind is not None and kind in each["ExceptionType"]), None)
    if policy is None or attempts > policy.get("MaxAttempts", MOST):
        return None
    due = now + policy.get("IntervalSeconds", INTERVAL) * policy.get("BackoffRate", BACKOFF) ** (attempts - 1)
    minutes = policy.get("ExpireAfterMin")
    return None if minutes is not None and due > first + 60 * minutes else float(due)
