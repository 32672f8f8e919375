"""When deliveries are tried again."""

import json
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.topics.retries import OF_FUNCTIONS, check_policy, pause, policy_of


def test_an_endpoint_without_a_policy_is_tried_again_three_times_every_20_seconds() -> None:
    policy = policy_of(None, None)["healthyRetryPolicy"]
    assert [pause(policy, retry) for retry in range(1, 5)] == [20, 20, 20, None]


def test_functions_are_tried_again_for_23_days() -> None:
    assert [pause(OF_FUNCTIONS, retry) for retry in range(1, 6)] == [0, 0, 0, 1, 1]
    pauses = [pause(OF_FUNCTIONS, retry) or 0.0 for retry in range(6, 16)]
    assert pauses == sorted(pauses)
    assert 1 < pauses[0] < pauses[-1] == pytest.approx(20)
    assert pause(OF_FUNCTIONS, 100_015) == 20
    assert pause(OF_FUNCTIONS, 100_016) is None


def test_the_phases_of_a_policy_follow_each_other() -> None:
    own = {
        "numRetries": 7, "numNoDelayRetries": 1, "numMinDelayRetries": 2, "numMaxDelayRetries": 1, "minDelayTarget": 2,
        "maxDelayTarget": 8,
    }  # fmt: skip
    policy = policy_of(json.dumps({"healthyRetryPolicy": own}), None)["healthyRetryPolicy"]
    assert [pause(policy, retry) for retry in range(1, 9)] == [0, 2, 2, 4, 6, 8, 8, None]


def test_a_topic_s_policy_counts_where_the_subscription_has_none_or_may_not() -> None:
    own, of_topic = (
        json.dumps({"healthyRetryPolicy": {"numRetries": 1}}),
        {"defaultHealthyRetryPolicy": {"numRetries": 2}},
    )
    topic, strict = ({"http": {**of_topic, "disableSubscriptionOverrides": each}} for each in (False, True))
    found = [policy_of(*each)["healthyRetryPolicy"]["numRetries"] for each in (
        (None, json.dumps(topic)), (own, json.dumps(topic)), (own, json.dumps(strict)),
    )]  # fmt: skip
    assert found == [2, 1, 2]


@pytest.mark.parametrize(
    ("retry", "why"),
    [
        ({"numRetries": 101}, "numRetries must be a number from 0 to 100"),
        ({"minDelayTarget": 30}, "minDelayTarget must be at most maxDelayTarget"),
        ({"numNoDelayRetries": 4}, "at least those of its phases"),
        ({"backoffFunction": "random"}, "backoffFunction is one of"),
        ({"retries": 1}, "unknown retries"),
        ({"numRetries": 5, "maxDelayTarget": 3600}, "must not take more than 3600 seconds"),
    ],
)
def test_what_is_no_delivery_policy_is_refused(retry: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        check_policy(json.dumps({"healthyRetryPolicy": retry}))
