"""When spot instances are taken away, and for whom a core is kept."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from studiolo.domain import Invalid, Scope
from studiolo.ml.jobs.job import Job, Progress
from studiolo.ml.training.jobs import INTERRUPTION, interruptions
from studiolo.ml.training.pools import WarmPools
from studiolo.ml.training.specification import TrainingSpecification

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
TrainingJob = Job[TrainingSpecification]


def job(name: str, *, role: str = "role", keep_alive: int = 60, **resources: Any) -> TrainingJob:
    recorded = {"ResourceConfig": {"InstanceCount": 1, "KeepAlivePeriodInSeconds": keep_alive, **resources}}
    asked = TrainingSpecification("image", role, (), "s3://b/out", 60, keep_alive=keep_alive, recorded=recorded)
    return Job("training-job", Scope("000000000000", "eu-central-1"), name, name, asked, Progress(), BEGIN, BEGIN)


@pytest.mark.parametrize(
    ("value", "seconds"), [(None, ()), ("30", (30.0,)), ("0.5, 10", (0.5, 10.0))], ids=["none", "one", "two"]
)
def test_the_seconds_of_each_attempt_are_told_by_a_tag(value: str | None, seconds: tuple[float, ...]) -> None:
    assert interruptions({} if value is None else {INTERRUPTION: value}) == seconds


@pytest.mark.parametrize("value", ["", "soon", "5,-1", "nan", "inf"])
def test_what_are_no_seconds_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="seconds of training"):
        interruptions({INTERRUPTION: value})


def test_a_pool_is_for_the_first_job_like_the_one_that_left_it_and_for_no_other() -> None:
    pools = WarmPools(lambda: BEGIN, lambda _job: None)
    pools.keep(job("first"), 60)
    others = [job("role", role="other"), job("cold", keep_alive=0), job("bigger", InstanceCount=2)]
    assert pools.claims([*others, job("second"), job("third")]) == ["second"]
    assert pools.take(others[0]) is None
    assert pools.take(job("second", keep_alive=30)) is not None
    assert (pools.kept(), pools.claims([job("third")])) == (0, [])


def test_a_pool_is_kept_for_its_seconds_from_when_they_were_last_given() -> None:
    present = [BEGIN]
    pools = WarmPools(lambda: present[0], lambda _job: None)
    pools.keep(job("first"), 60)
    present[0] += timedelta(seconds=50)
    pools.keep(job("first"), 60)
    present[0] += timedelta(seconds=50)
    assert pools.holds(job("first"))
    present[0] += timedelta(seconds=10)
    assert not pools.holds(job("first"))
    assert pools.kept() == 0


def test_a_pool_that_is_given_no_seconds_is_kept_no_longer() -> None:
    pools = WarmPools(lambda: BEGIN, lambda _job: None)
    pools.keep(job("first"), 60)
    pools.keep(job("first"), 0)
    assert pools.kept() == 0
