"""The steps by which one deployment takes over from another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Invalid
from studiolo.ml.serving.policy import ALL_AT_ONCE, CANARY, LINEAR, ROLLING, Policy, Size


@pytest.mark.parametrize(
    ("policy", "instances", "shares"),
    [
        (Policy(), 3, [1.0]),
        (Policy(CANARY, Size(1)), 4, [0.25, 1.0]),
        (Policy(CANARY, Size(10, percent=True)), 1, [0.1, 1.0]),
        (Policy(LINEAR, Size(40, percent=True)), 1, [0.4, 0.8, 1.0]),
        (Policy(ROLLING, Size(1)), 2, [0.5, 1.0]),
    ],
)
def test_a_policy_shifts_by_its_steps(policy: Policy, instances: int, shares: list[float]) -> None:
    assert policy.shares(instances) == pytest.approx(shares)


@given(percent=st.integers(5, 50), kind=st.sampled_from([CANARY, LINEAR, ROLLING]), instances=st.integers(1, 64))
def test_shares_grow_to_the_whole(percent: int, kind: str, instances: int) -> None:
    shares = Policy(kind, Size(percent, percent=True)).shares(instances)
    assert shares[-1] == 1.0
    assert shares == sorted(set(shares))
    assert shares[0] == pytest.approx(percent / 100)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(CANARY, Size(1)),
        Policy(LINEAR, Size(5, percent=True)),
        Policy(ROLLING, Size(60, percent=True)),
        Policy(CANARY),
    ],
)
def test_steps_that_the_capacity_does_not_have_are_refused(policy: Policy) -> None:
    with pytest.raises(Invalid):
        policy.check(1)


def test_a_policy_is_what_it_was_after_the_database() -> None:
    policy = Policy(LINEAR, Size(20, percent=True), 60, 30, ("alarm",), {"as": "asked"})
    kept = {**vars(policy), "step": {"value": 20, "percent": True}, "alarms": ["alarm"]}
    assert Policy.from_json(kept) == policy
    assert Policy.from_json({}).kind == ALL_AT_ONCE
