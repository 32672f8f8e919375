"""Which instances come and go: by the groups that are wanted, the workers that are seen, the load."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.clusters.capacity import leveled, regrouped, running, scaled, seen
from studiolo.clusters.model import Group, Progress


def progress(core: int = 2, task: int = 0) -> Progress:
    groups = [Group("m", "", "MASTER", 1, {"m5.xlarge": 1}), Group("c", "", "CORE", core, {"m5.xlarge": 1})]
    groups += [Group("t", "", "TASK", task, {"m5.xlarge": 1})] if task else []
    return leveled(Progress(host="127.16.0.1", groups=tuple(groups)), 1.0)


def report(of: Progress, state: str = "ALIVE") -> dict[str, Any]:
    return {str(i.number): {"state": state} for i in of.living() if i.number is not None}


def settled(of: Progress, now: float = 2.0) -> Progress:
    return regrouped(leveled(seen(of, report(of), now), now), now)


def test_instances_run_when_their_workers_are_alive_and_the_group_with_them() -> None:
    begun = progress()
    assert [i.number for i in begun.instances] == [None, 0, 1]
    done = settled(begun)
    core = done.group("c")
    assert core is not None
    assert (core.state, running(core, done)) == ("RUNNING", 2)


def test_on_a_cluster_of_one_node_the_master_computes() -> None:
    alone = leveled(Progress(groups=(Group("m", "", "MASTER", 1, {"m5.xlarge": 1}),)), 1.0)
    assert [i.number for i in alone.instances] == [0]


def test_a_lost_worker_is_told_and_replaced_by_one_of_another_number() -> None:
    done = settled(progress())
    workers = {**report(done), "0": {"state": "DEAD"}}
    after = leveled(seen(done, workers, 3.0), 3.0)
    lost = [i for i in after.instances if i.state == "TERMINATED"]
    assert [(i.number, i.reason) for i in lost] == [(0, "INSTANCE_FAILURE")]
    assert sorted(i.number for i in after.living("c") if i.number is not None) == [1, 2]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_whatever_is_asked_for_in_turn_is_there_in_the_end(counts: list[int]) -> None:
    found = settled(progress(1))
    for count in counts:
        core = found.group("c")
        assert core is not None
        found = regrouped(leveled(found.with_group(replace(core, count=count)), 3.0), 3.0)
        staying = {str(i.number): {"state": "ALIVE"} for i in found.living() if i.number is not None and not i.leaving}
        found = regrouped(leveled(seen(found, staying, 4.0), 4.0), 4.0)
    core = found.group("c")
    assert core is not None
    assert (running(core, found), core.state) == (counts[-1], "RUNNING")
    numbers = [i.number for i in found.living() if i.number is not None]
    assert len(numbers) == len(set(numbers))


def policy(least: int, most: int, **more: int) -> dict[str, Any]:
    limits = {"UnitType": "Instances", "MinimumCapacityUnits": least, "MaximumCapacityUnits": most, **more}
    return {"ComputeLimits": limits}


IDLE = {"waiting": False, "used": 0, "cores": 0}
BUSY = {"waiting": True, "used": 4, "cores": 4}


@pytest.mark.parametrize(
    ("before", "limits", "load", "after"),
    [
        ((2, 0), policy(1, 4), BUSY, (3, 0)),
        ((4, 0), policy(1, 4), BUSY, (4, 0)),
        ((2, 0), policy(1, 4), IDLE, (1, 0)),
        ((1, 0), policy(1, 4), IDLE, (1, 0)),
        ((1, 0), policy(2, 4), IDLE, (2, 0)),
        ((2, 1), policy(1, 4, MaximumCoreCapacityUnits=2), BUSY, (2, 2)),
        ((2, 1), policy(2, 4), IDLE, (2, 0)),
        ((5, 0), policy(1, 4), BUSY, (4, 0)),
    ],
)
def test_managed_scaling_follows_the_load_within_its_limits(
    before: tuple[int, int], limits: dict[str, Any], load: dict[str, Any], after: tuple[int, int]
) -> None:
    found = scaled(progress(*before), limits, load)
    core, task = found.group("c"), found.group("t")
    assert (core.count if core else 0, task.count if task else 0) == after


@pytest.mark.parametrize(
    ("before", "most_on_demand", "load", "after"),
    [
        ((2, 2), 4, BUSY, (3, 3)),  # a fleet of spot capacity alone stays one
        ((2, 2), 4, IDLE, (1, 1)),
        ((2, 0), 4, BUSY, (3, 0)),
        ((2, 0), 2, BUSY, (3, 1)),
        ((3, 1), 2, IDLE, (2, 0)),
    ],
)
def test_managed_scaling_of_a_fleet_pays_as_its_policy_has_it(
    before: tuple[int, int], most_on_demand: int, load: dict[str, Any], after: tuple[int, int]
) -> None:
    count, spot = before
    fleet = Group("c", "", "CORE", count, {"m5.xlarge": 1}, spot=spot)
    limits = policy(1, 4, UnitType="InstanceFleetUnits", MaximumOnDemandCapacityUnits=most_on_demand)
    (found,) = scaled(Progress(groups=(fleet,)), limits, load).groups
    assert (found.count, found.spot) == after


def test_instances_of_a_fleet_are_of_the_markets_that_it_asks_for() -> None:
    fleet = Group("c", "", "CORE", 5, {"m5.2xlarge": 2}, spot=2)
    assert [i.market for i in leveled(Progress(groups=(fleet,)), 1.0).instances] == ["SPOT", "ON_DEMAND", "ON_DEMAND"]
