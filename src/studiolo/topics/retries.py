"""When a delivery is tried again.

After "Amazon SNS message delivery retries" and "Creating an HTTP/S delivery policy" (Developer Guide).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from studiolo.domain import Invalid

DEFAULTS: Mapping[str, Any] = {
    "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
    "numMinDelayRetries": 0, "backoffFunction": "linear",
}  # fmt: skip
FUNCTIONS = ("arithmetic", "exponential", "geometric", "linear")
MOST_RETRIES = 100
LONGEST = 3600
"""Seconds of a pause, and of all of a policy together."""
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?: *; *[\w-]+=[\w.+-]+)*", re.ASCII)
OF_FUNCTIONS: Mapping[str, Any] = {
    **DEFAULTS, "minDelayTarget": 1, "numRetries": 100_015, "numNoDelayRetries": 3, "numMinDelayRetries": 2,
    "numMaxDelayRetries": 100_000, "backoffFunction": "exponential",
}  # fmt: skip
"""As SNS tries Lambda again, for 23 days."""


def check_policy(text: str, *, of_topic: bool = False) -> None:
    """Raise Invalid for what is no delivery policy of a subscription, or of a topic."""
    try:
        policy = json.loads(text)
        given = policy.get("http", {}) if of_topic else policy
        retry = given.get("defaultHealthyRetryPolicy" if of_topic else "healthyRetryPolicy") or {}
        request = given.get("defaultRequestPolicy" if of_topic else "requestPolicy") or {}
        unknown, content_type = retry.keys() - DEFAULTS.keys(), request.get("headerContentType", "text/plain")
    except (ValueError, AttributeError, RecursionError) as error:
        raise Invalid("Invalid parameter: DeliveryPolicy: it is not a JSON object of delivery policies") from error
    if unknown:
        raise Invalid(f"Invalid parameter: DeliveryPolicy: unknown {sorted(unknown)[0]}")
    if not isinstance(content_type, str) or not _CONTENT_TYPE.fullmatch(content_type):
        raise Invalid("Invalid parameter: DeliveryPolicy: headerContentType must be a content type")
    found = {**DEFAULTS, **retry}
    for name in DEFAULTS.keys() - {"backoffFunction"}:
        least, most = (1, LONGEST) if name.endswith("Target") else (0, MOST_RETRIES)
        if type(found[name]) is not int or not least <= found[name] <= most:
            raise Invalid(f"Invalid parameter: DeliveryPolicy: {name} must be a number from {least} to {most}")
    if found["backoffFunction"] not in FUNCTIONS:
        raise Invalid(f"Invalid parameter: DeliveryPolicy: backoffFunction is one of {', '.join(FUNCTIONS)}")
    if found["minDelayTarget"] > found["maxDelayTarget"]:
        raise Invalid("Invalid parameter: DeliveryPolicy: minDelayTarget must be at most maxDelayTarget")
    if _phases(found) > found["numRetries"]:
        raise Invalid("Invalid parameter: DeliveryPolicy: numRetries must be at least those of its phases together")
    if sum(pause(found, retry) or 0 for retry in range(1, found["numRetries"] + 1)) > LONGEST:
        raise Invalid(f"Invalid parameter: DeliveryPolicy: its retries must not take more than {LONGEST} seconds")


def policy_of(subscription: str | None, topic: str | None) -> Mapping[str, Any]:
    """The policy that counts for an HTTP subscription: `healthyRetryPolicy`, with all its parts, and `requestPolicy`."""
    given = json.loads(topic).get("http", {}) if topic else {}
    own = json.loads(subscription) if subscription and not given.get("disableSubscriptionOverrides") else {}
    retry = own.get("healthyRetryPolicy") or given.get("defaultHealthyRetryPolicy") or {}
    request = own.get("requestPolicy") or given.get("defaultRequestPolicy") or {}
    return {"healthyRetryPolicy": {**DEFAULTS, **retry}, "requestPolicy": request}


def pause(policy: Mapping[str, Any], retry: int) -> float | None:
    """Seconds before the retry of that number, from 1; None where it is given up."""
    least, most = policy["minDelayTarget"], policy["maxDelayTarget"]
    if retry > policy["numRetries"]:
        return None
    at = retry - policy["numNoDelayRetries"]
    if at <= 0:
        return 0.0
    at -= policy["numMinDelayRetries"]
    if at <= 0:
        return float(least)
    steps = policy["numRetries"] - _phases(policy)
    if at > steps:
        return float(most)
    part = at / steps
    shape = policy["backoffFunction"]
    if shape in ("exponential", "geometric"):
        return float(least * (most / least) ** part)
    return float(least + (most - least) * (part * part if shape == "arithmetic" else part))


def _phases(policy: Mapping[str, Any]) -> int:
    """Retries outside the phase whose pauses grow."""
    return sum(policy[name] for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries"))
