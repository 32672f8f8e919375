"""Amazon EMR: instance groups, instance fleets, instances."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.clusters.addresses import PORTS
from studiolo.clusters.capacity import running, weight
from studiolo.clusters.model import GONE, GONE_MESSAGE, Cluster, Group, Instance
from studiolo.domain import Conflict
from studiolo.services.call import Call
from studiolo.services.emr.service import INVALID, REQUEST, cut, emr, marker, moment, reason, refuse, timeline

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        AddInstanceFleetInputTypeDef,
        AddInstanceGroupsInputTypeDef,
        ListInstanceFleetsInputTypeDef,
        ListInstanceGroupsInputTypeDef,
        ListInstancesInputTypeDef,
        ModifyInstanceFleetInputTypeDef,
        ModifyInstanceGroupsInputTypeDef,
    )

GROUP_RECORDED = ("BidPrice", "Configurations", "EbsConfiguration", "CustomAmiId")
FLEET_RECORDED = ("InstanceTypeConfigs", "LaunchSpecifications", "ResizeSpecifications", "Context")

INSTEAD = {
    "ListInstanceFleets": "ListInstanceGroups",
    "ListInstanceGroups": "ListInstanceFleets",
    "ModifyInstanceFleet": "ModifyInstanceGroups",
}
"""By the operation that is for the other kind of cluster the one that is for this kind."""

LETTERS = "bcdefghijklmnopqrstuvwxyz"
"""Of devices: a node has up to 25 volumes."""


@emr.operation
def add_instance_fleet(call: Call, request: "AddInstanceFleetInputTypeDef") -> dict[str, Any]:
    (added,) = call.studio.clusters.add_groups(
        call.scope, request["ClusterId"], [fleet(request["InstanceFleet"])], fleets=True
    )
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    return {"ClusterId": cluster.id, "InstanceFleetId": added, "ClusterArn": cluster.arn}


@emr.operation
def add_instance_groups(call: Call, request: "AddInstanceGroupsInputTypeDef") -> dict[str, Any]:
    groups = [group(entry) for entry in request["InstanceGroups"]]
    added = call.studio.clusters.add_groups(call.scope, request["JobFlowId"], groups, fleets=False)
    cluster = call.studio.clusters.cluster(call.scope, request["JobFlowId"])
    return {"JobFlowId": cluster.id, "InstanceGroupIds": added, "ClusterArn": cluster.arn}


@emr.operation
def list_instance_fleets(call: Call, request: "ListInstanceFleetsInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    _check_kind(cluster, "ListInstanceFleets", fleets=True)
    page = cut(cluster.progress.groups, request)
    return {"InstanceFleets": [as_fleet(cluster, one) for one in page.items], **marker(page)}


@emr.operation
def list_instance_groups(call: Call, request: "ListInstanceGroupsInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    _check_kind(cluster, "ListInstanceGroups", fleets=False)
    page = cut(cluster.progress.groups, request)
    return {"InstanceGroups": [as_group(cluster, one) for one in page.items], **marker(page)}


@emr.operation
def list_instances(call: Call, request: "ListInstancesInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    roles = {one.id: one.role for one in cluster.progress.groups}
    if request.get("InstanceGroupId") or request.get("InstanceGroupTypes"):
        _check_kind(cluster, "ListInstances", fleets=False)
    if request.get("InstanceFleetId") or request.get("InstanceFleetType"):
        _check_kind(cluster, "ListInstances", fleets=True)
    chosen = request.get("InstanceGroupId") or request.get("InstanceFleetId")
    if chosen and chosen not in roles:
        kind = "fleet" if request.get("InstanceFleetId") else "group"
        raise ServiceError(REQUEST, f"Instance {kind} id '{chosen}' is not valid.")
    kinds = request.get("InstanceGroupTypes") or [kind for kind in (request.get("InstanceFleetType"),) if kind]
    states = request.get("InstanceStates") or []
    found = [
        instance
        for instance in cluster.progress.instances
        if (not chosen or instance.group == chosen)
        and (not kinds or roles.get(instance.group) in kinds)
        and (not states or instance.state in states)
    ]
    page = cut(found, request, 2000)
    return {"Instances": [as_instance(cluster, one) for one in page.items], **marker(page)}


@emr.operation
def modify_instance_fleet(call: Call, request: "ModifyInstanceFleetInputTypeDef") -> dict[str, Any]:
    asked: Any = request["InstanceFleet"]
    refuse(asked, ["InstanceTypeConfigs", "ResizeSpecifications", "Context"], "ModifyInstanceFleet")
    identifier = asked["InstanceFleetId"]
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    _check_kind(cluster, "ModifyInstanceFleet", fleets=True)
    found = cluster.progress.group(identifier)
    if found is None:
        raise ServiceError(INVALID, f"Instance fleet id '{identifier}' is not valid.")
    spot = asked.get("TargetSpotCapacity", found.spot)
    count = asked.get("TargetOnDemandCapacity", found.count - found.spot) + spot
    try:
        call.studio.clusters.resize(call.scope, {identifier: (count, spot)}, cluster.id)
    except Conflict as error:
        # Of fleets, and not of groups; Terraform tells what has gone by it.
        raise ServiceError(REQUEST, str(error)) from error
    return {}


@emr.operation
def modify_instance_groups(call: Call, request: "ModifyInstanceGroupsInputTypeDef") -> dict[str, Any]:
    changes: dict[str, tuple[int, int | None]] = {}
    for change in request.get("InstanceGroups") or []:
        refuse(change, ["Configurations", "EC2InstanceIdsToTerminate", "ShrinkPolicy"], "ModifyInstanceGroups")
        if "InstanceCount" in change:
            changes[change["InstanceGroupId"]] = (change["InstanceCount"], None)
    if changes:
        call.studio.clusters.resize(call.scope, changes, request.get("ClusterId"))
    return {}


def _check_kind(cluster: Cluster, operation: str, *, fleets: bool) -> None:
    """Refuse what asks for fleets of a cluster with groups, or the reverse."""
    if cluster.asked.fleets == fleets:
        return
    has, asked = ("fleets", "groups") if cluster.asked.fleets else ("groups", "fleets")
    if operation in INSTEAD:
        why = f"The {operation} operation does not support clusters that use instance {has}."
        why = f"{why} Use the {INSTEAD[operation]} operation instead."
    else:
        why = f"The {operation} request asks for instance {asked}."
    raise ServiceError(
        REQUEST,
        "Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses "
        f"instance {has}. {why}",
    )


def group(entry: Any) -> Group:
    """An InstanceGroupConfig."""
    refuse(entry, ["AutoScalingPolicy"], "an instance group")
    return Group(
        id="",
        name=entry.get("Name") or "",
        role=entry["InstanceRole"],
        count=entry["InstanceCount"],
        types={entry["InstanceType"]: 1},
        market=entry.get("Market", "ON_DEMAND"),
        recorded={name: entry[name] for name in GROUP_RECORDED if name in entry},
    )


def fleet(entry: Any) -> Group:
    """An InstanceFleetConfig: of its instance types the first is taken."""
    types = {one["InstanceType"]: one.get("WeightedCapacity", 1) for one in entry.get("InstanceTypeConfigs") or []}
    if not types:
        raise ServiceError(INVALID, f"Instance fleet {entry['InstanceFleetType']} has no InstanceTypeConfigs.")
    spot = entry.get("TargetSpotCapacity", 0)
    on_demand = entry.get("TargetOnDemandCapacity", 0)
    if spot + on_demand < 1:
        raise ServiceError(INVALID, f"Instance fleet {entry['InstanceFleetType']} needs a target capacity.")
    return Group(
        id="",
        name=entry.get("Name") or "",
        role=entry["InstanceFleetType"],
        count=spot + on_demand,
        types=types,
        spot=spot,
        recorded={name: entry[name] for name in FLEET_RECORDED if name in entry},
    )


def as_group_request(instances: Any) -> list[dict[str, Any]]:
    """The instance groups that MasterInstanceType, SlaveInstanceType and InstanceCount make."""
    master = instances.get("MasterInstanceType")
    if not master:
        raise ServiceError(INVALID, "The cluster's instances are missing: give InstanceGroups, or MasterInstanceType.")
    count = instances.get("InstanceCount", 1)
    if count < 1:
        raise ServiceError(INVALID, f"A cluster has at least one instance, and not {count}.")
    found = [{"Name": "Master", "InstanceRole": "MASTER", "InstanceType": master, "InstanceCount": 1}]
    if count > 1:
        of = instances.get("SlaveInstanceType") or master
        found.append({"Name": "Core", "InstanceRole": "CORE", "InstanceType": of, "InstanceCount": count - 1})
    return found


def as_group(cluster: Cluster, of: Group) -> dict[str, Any]:
    return {
        "Id": of.id,
        "Name": of.name,
        "Market": of.market,
        "InstanceGroupType": of.role,
        "InstanceType": of.type,
        "RequestedInstanceCount": of.count,
        "RunningInstanceCount": running(of, cluster.progress),
        "Status": _status(of),
        **{name: of.recorded[name] for name in ("BidPrice", "CustomAmiId") if name in of.recorded},
        "Configurations": [*of.recorded.get("Configurations", []), *_livy(cluster, of)],
        **_devices(of.recorded),
        "ShrinkPolicy": {},
    }


def _livy(cluster: Cluster, of: Group) -> list[dict[str, Any]]:
    """Where Livy listens, if that is not where it does on EMR: there SageMaker Studio's magics look for it."""
    port = cluster.progress.ports.get("livy", PORTS["livy"])
    if of.role != "MASTER" or "Livy" not in cluster.asked.applications or port == PORTS["livy"]:
        return []
    return [{"Classification": "livy-conf", "Properties": {"livy.server.port": str(port)}}]


def as_fleet(cluster: Cluster, of: Group) -> dict[str, Any]:
    there = [i for i in cluster.progress.living(of.id) if i.state == "RUNNING"]
    spot = sum(i.market == "SPOT" for i in there) * weight(of)
    return {
        "Id": of.id,
        "Name": of.name,
        "Status": _status(of),
        "InstanceFleetType": of.role,
        "TargetOnDemandCapacity": of.count - of.spot,
        "TargetSpotCapacity": of.spot,
        "ProvisionedOnDemandCapacity": len(there) * weight(of) - spot,
        "ProvisionedSpotCapacity": spot,
        "InstanceTypeSpecifications": [_specification(each) for each in of.recorded["InstanceTypeConfigs"]],
        **{name: of.recorded[name] for name in ("LaunchSpecifications", "ResizeSpecifications") if name in of.recorded},
    }


def _specification(given: Any) -> dict[str, Any]:
    """An InstanceTypeConfig as it is told; who bids no price would pay that of on-demand instances."""
    shown = ("BidPrice", "BidPriceAsPercentageOfOnDemandPrice", "Configurations", "CustomAmiId", "Priority")
    bid = {} if "BidPrice" in given else {"BidPriceAsPercentageOfOnDemandPrice": 100.0}
    return {
        "InstanceType": given["InstanceType"],
        "WeightedCapacity": given.get("WeightedCapacity", 1),
        **bid,
        **{name: given[name] for name in shown if name in given},
        **_devices(given),
    }


def _devices(given: Any) -> dict[str, Any]:
    """The volumes of an instance, by an EbsConfiguration: each of its own."""
    ebs = given.get("EbsConfiguration") or {}
    volumes = [
        config["VolumeSpecification"]
        for config in ebs.get("EbsBlockDeviceConfigs") or []
        for _ in range(min(config.get("VolumesPerInstance", 1), len(LETTERS)))
    ]
    devices = [
        {"VolumeSpecification": volume, "Device": f"/dev/sd{letter}"}
        for letter, volume in zip(LETTERS, volumes, strict=False)
    ]
    return {"EbsBlockDevices": devices, **({"EbsOptimized": ebs["EbsOptimized"]} if "EbsOptimized" in ebs else {})}


def _status(of: Group) -> dict[str, Any]:
    return {
        "State": of.state,
        "StateChangeReason": reason(GONE, GONE_MESSAGE) if of.state == "TERMINATED" else {},
        "Timeline": timeline(moment(of.created), Ready=of.ready, End=of.ended),
    }


def as_instance(cluster: Cluster, instance: Instance) -> dict[str, Any]:
    kind = "InstanceFleetId" if cluster.asked.fleets else "InstanceGroupId"
    return {
        "Id": instance.id,
        "Ec2InstanceId": instance.ec2_id,
        "PublicDnsName": instance.address,
        "PublicIpAddress": instance.address,
        "PrivateDnsName": instance.address,
        "PrivateIpAddress": instance.address,
        "Status": {
            "State": instance.state,
            "StateChangeReason": reason(instance.reason, instance.message),
            "Timeline": timeline(moment(instance.created), Ready=instance.ready, End=instance.ended),
        },
        kind: instance.group,
        "Market": instance.market,
        "InstanceType": instance.type,
        "EbsVolumes": [],
    }
