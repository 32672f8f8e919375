"""Groups and fleets are told as they were asked for: Terraform replaces a cluster of which anything is not."""

from datetime import datetime, timezone
from typing import Any

from studiolo.clusters.model import WAITING, Cluster, ClusterRequest, Progress, Settings
from studiolo.domain import Scope
from studiolo.services.emr.instances import as_fleet, as_group, fleet, group

VOLUME = {"VolumeType": "gp3", "SizeInGB": 40}
EBS = {"EbsBlockDeviceConfigs": [{"VolumeSpecification": VOLUME, "VolumesPerInstance": 2}], "EbsOptimized": True}
DEVICES = [{"VolumeSpecification": VOLUME, "Device": f"/dev/sd{letter}"} for letter in "bc"]


def cluster() -> Cluster:
    asked = ClusterRequest("air", "emr-7.10.0", "", "", "")
    made = datetime(2026, 1, 1, tzinfo=timezone.utc)
    return Cluster("j-1", Scope("000000000000", "eu-central-1"), WAITING, made, asked, Settings(), Progress())


def test_a_group_has_the_volumes_that_were_asked_for() -> None:
    asked = {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1, "EbsConfiguration": EBS}
    told = as_group(cluster(), group(asked))
    assert (told["EbsBlockDevices"], told["EbsOptimized"]) == (DEVICES, True)


def test_a_fleet_has_the_types_that_were_asked_for() -> None:
    cheap: dict[str, Any] = {"InstanceType": "m5.xlarge", "WeightedCapacity": 2, "BidPrice": "0.1", "Priority": 1.0}
    types = [cheap, {"InstanceType": "r5.xlarge", "EbsConfiguration": EBS}]
    asked = {"InstanceFleetType": "CORE", "TargetSpotCapacity": 4, "InstanceTypeConfigs": types}
    first, second = as_fleet(cluster(), fleet(asked))["InstanceTypeSpecifications"]
    assert first == {**cheap, "EbsBlockDevices": []}
    assert (second["BidPriceAsPercentageOfOnDemandPrice"], second["EbsBlockDevices"]) == (100.0, DEVICES)
