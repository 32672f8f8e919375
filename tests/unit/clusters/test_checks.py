"""What is refused of a cluster, in a sentence that says what to change."""

from typing import Any

import pytest

from studiolo.clusters.checks import check_groups, check_settings, check_tags
from studiolo.clusters.model import Group, Settings
from studiolo.domain import Invalid

LIMITS = {"UnitType": "Instances", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 3}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({}, "needs ComputeLimits"),
        ({"ComputeLimits": {**LIMITS, "UnitType": "InstanceFleetUnits"}}, "instance groups is Instances or VCPU"),
        ({"ComputeLimits": {**LIMITS, "MinimumCapacityUnits": 4}}, "MinimumCapacityUnits must be"),
        ({"ComputeLimits": {**LIMITS, "MaximumCoreCapacityUnits": 4}}, "MaximumCoreCapacityUnits must be"),
        ({"ComputeLimits": {**LIMITS, "MaximumOnDemandCapacityUnits": -1}}, "MaximumOnDemandCapacityUnits must be"),
        ({"ComputeLimits": LIMITS, "UtilizationPerformanceIndex": 50}, "ScalingStrategy ADVANCED alone"),
    ],
)
def test_a_policy_of_managed_scaling_is_checked(policy: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_settings(Settings(scaling=policy), fleets=False)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"": "x"}, "1 to 128 characters"),
        ({"k": "x" * 257}, "256 at most"),
        ({f"k{n}": "" for n in range(51)}, "up to 50 tags"),
    ],
)
def test_tags_are_checked(tags: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check_tags(tags)


def test_a_cluster_has_no_more_instances_than_can_be_started() -> None:
    master, core = (Group(role, "", role, count, {"m5.xlarge": 1}) for role, count in (("MASTER", 1), ("CORE", 100)))
    with pytest.raises(Invalid, match="up to 100 instances here, and not 101"):
        check_groups([master, core])
