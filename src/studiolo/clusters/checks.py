"""What EMR refuses of a request, before anything is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from studiolo.clusters.capacity import FLEET_UNITS, MOST_INSTANCES, wanted
from studiolo.clusters.machines import instance_type
from studiolo.clusters.model import CANCEL_AND_WAIT, CONTINUE, ClusterRequest, Group, Settings, StepRequest
from studiolo.clusters.programs import S3
from studiolo.domain import Invalid, NotFound
from studiolo.identity import Identity, Principal

MOST_STEPS = 256
"""Steps that may be pending or running at a time."""

MOST_TAGS = 50

SERVICE, MACHINES = "elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"


def with_roles(identity: Identity, principal: Principal, asked: ClusterRequest) -> ClusterRequest:
    """The request with the role of its instance profile. Raises Invalid, Denied."""
    own = identity.of(principal.account)
    profiles, roles = own.instance_profiles, own.roles
    try:
        profile = profiles.get(asked.profile.rpartition("/")[2])
        service = roles.get(asked.service_role.rpartition("/")[2])
    except NotFound as error:
        kind = "InstanceProfile" if "nstance" in str(error) else "Service role"
        name = asked.profile if kind == "InstanceProfile" else asked.service_role
        raise Invalid(f"Invalid {kind}: {name}.") from error
    if profile.role is None:
        raise Invalid(f"Invalid InstanceProfile: {asked.profile}. It has no role.")
    identity.pass_role(principal, service.arn, SERVICE)
    identity.pass_role(principal, profile.role.arn, MACHINES)
    return replace(asked, role=profile.role.arn)


def check_settings(settings: Settings, *, fleets: bool) -> None:
    """Raises Invalid for what EMR refuses too. fleets: whether the cluster has instance fleets."""
    if not 1 <= settings.concurrency <= 256:
        raise Invalid("Step concurrency level must be between 1 and 256.")
    if settings.idle_timeout is not None and not 60 <= settings.idle_timeout <= 604_800:
        raise Invalid("IdleTimeout must be between 60 seconds and 604800 seconds (7 days).")
    if settings.scaling is not None:
        _check_scaling(settings.scaling, fleets=fleets)


def _check_scaling(policy: Mapping[str, Any], *, fleets: bool) -> None:
    limits = policy.get("ComputeLimits")
    if limits is None:
        raise Invalid("A managed scaling policy needs ComputeLimits.")
    if (limits["UnitType"] == FLEET_UNITS) != fleets:
        kind, units = ("fleets", FLEET_UNITS) if fleets else ("groups", "Instances or VCPU")
        raise Invalid(f"The UnitType of managed scaling of a cluster with instance {kind} is {units}.")
    least, most = limits["MinimumCapacityUnits"], limits["MaximumCapacityUnits"]
    if not 1 <= least <= most:
        raise Invalid("MinimumCapacityUnits must be at least 1, and at most MaximumCapacityUnits.")
    for name, lowest in (("MaximumOnDemandCapacityUnits", 0), ("MaximumCoreCapacityUnits", 1)):
        if not lowest <= limits.get(name, most) <= most:
            raise Invalid(f"{name} must be at least {lowest}, and at most MaximumCapacityUnits.")
    index = policy.get("UtilizationPerformanceIndex")
    if index is not None and (policy.get("ScalingStrategy") != "ADVANCED" or not 1 <= index <= 100):
        raise Invalid("UtilizationPerformanceIndex is from 1 to 100, and for the ScalingStrategy ADVANCED alone.")


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises Invalid."""
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise Invalid(f"A tag has a key of 1 to 128 characters, and a value of 256 at most; not so: {key[:128]!r}.")
    if sum(not key.startswith("aws:") for key in tags) > MOST_TAGS:
        raise Invalid(f"A cluster has up to {MOST_TAGS} tags.")


def check_request(asked: ClusterRequest, steps: Sequence[StepRequest]) -> None:
    """Raises Invalid."""
    if len(steps) > MOST_STEPS:
        raise Invalid(f"Maximum number of active steps({MOST_STEPS}) for cluster exceeded.")
    if asked.log_uri is not None and not asked.log_uri.startswith(S3):
        raise Invalid(f"LogUri names a place in S3, as s3://bucket/prefix, and not: {asked.log_uri}")
    for entry in asked.configurations:
        _check_classification(entry)


def _check_classification(entry: Mapping[str, Any]) -> None:
    if not entry["Classification"]:
        raise Invalid("A configuration needs a Classification.")
    for inner in entry.get("Configurations", ()):
        _check_classification(inner)


def check_step(step: StepRequest, settings: Settings) -> None:
    """Raises Invalid."""
    if settings.concurrency > 1 and step.on_failure in (CANCEL_AND_WAIT, "TERMINATE_CLUSTER"):
        raise Invalid(
            f"ActionOnFailure {step.on_failure} is not valid with a step concurrency level of {settings.concurrency}: "
            f"use {CONTINUE}."
        )


def check_groups(groups: Sequence[Group]) -> None:
    """Raises Invalid."""
    living = [group for group in groups if group.state != "TERMINATED"]
    masters = [group for group in living if group.role == "MASTER"]
    if len(masters) != 1 or masters[0].count != 1:
        raise Invalid("A cluster needs one MASTER group of one instance; several masters are not available here.")
    if len([group for group in living if group.role == "CORE"]) > 1:
        raise Invalid("A cluster can have one CORE group only.")
    if any(group.role == "TASK" and group.count for group in living) and not any(g.role == "CORE" for g in living):
        raise Invalid("A cluster with a TASK group needs a CORE group.")
    number = sum(wanted(group) for group in living)
    if number > MOST_INSTANCES:
        raise Invalid(f"A cluster has up to {MOST_INSTANCES} instances here, and not {number}.")
    for group in living:
        if not 0 <= group.spot <= group.count:
            raise Invalid("Target capacities are not negative.")
        if group.count < 0 or (group.role == "CORE" and group.count == 0):
            least = "at least one instance" if group.role == "CORE" else "no negative number of instances"
            raise Invalid(f"A {group.role} group has {least}, and not {group.count}.")
        for name in group.types:
            instance_type(name)
