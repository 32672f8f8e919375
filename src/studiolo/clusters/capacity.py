"""Instances: which are added and which go so that each group has as many as are wanted; managed scaling."""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studiolo.clusters.machines import instance_type
from studiolo.clusters.model import GONE, GONE_MESSAGE, Group, Instance, Progress
from studiolo.clusters.store import new_id

RESIZED = "Instance was terminated by a resize"
KEPT = 200
"""Instances that have ended of which is told."""

MOST_INSTANCES = 100
"""Instances that a cluster may have: their workers are threads of one JVM."""

FLEET_UNITS = "InstanceFleetUnits"
"""The unit of managed scaling of clusters with fleets."""


def leveled(progress: Progress, now: float, new: Callable[[str], str] = new_id) -> Progress:
    """With the instances that are missing, and those marked as leaving that are too many.

    An instance of a fleet counts as much as its type does. On a cluster of one node the master computes.
    """
    instances = list(progress.instances)
    lonely = all(group.role == "MASTER" for group in progress.groups if group.count > 0)
    for group in progress.groups:
        staying = [i for i in instances if i.group == group.id and i.state != "TERMINATED" and not i.leaving]
        want = wanted(group)
        for instance in staying[want:]:
            instances[instances.index(instance)] = replace(instance, leaving=True)
        spot = -(-group.spot // weight(group)) - sum(1 for i in staying if i.market == "SPOT")
        for added in range(want - len(staying)):
            computes = group.role != "MASTER" or lonely
            number = _free_number(instances) if computes else None
            instances.append(
                Instance(
                    id=new("ci"),
                    ec2_id=f"i-{secrets.token_hex(8)}0",
                    group=group.id,
                    type=group.type,
                    number=number,
                    address=progress.host,
                    state="PROVISIONING",
                    created=now,
                    market="SPOT" if added < spot else group.market,
                )
            )
    ended = [i for i in instances if i.state == "TERMINATED"]
    dropped = {i.id for i in ended[:-KEPT]} if len(ended) > KEPT else set()
    return replace(progress, instances=tuple(i for i in instances if i.id not in dropped))


def wanted(group: Group) -> int:
    """How many instances a group is to have."""
    return -(-group.count // weight(group))


def weight(group: Group) -> int:
    """What an instance of a group counts as."""
    return max(1, group.types[group.type])


def _free_number(instances: Collection[Instance]) -> int:
    # The daemons still know the worker of an instance that was lost.
    taken = {i.number for i in instances if i.state != "TERMINATED" or i.reason == "INSTANCE_FAILURE"}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def seen(progress: Progress, workers: Mapping[str, Any], now: float, *, replace_lost: bool = True) -> Progress:
    """With what the daemons report of the workers: those that are there run, those that have gone are ended.

    A worker that ran and is not alive any more has failed: its instance is ended, and `leveled` adds another.
    """
    for instance in progress.living():
        if instance.number is None:
            continue
        state = workers.get(str(instance.number), {}).get("state")
        if instance.leaving:
            if state is None and instance.state == "RUNNING":
                progress = progress.with_instance(_ended(instance, now, "", RESIZED))
            elif state is None:
                progress = progress.with_instance(_ended(instance, now, "", ""))
        elif state == "ALIVE" and instance.state != "RUNNING":
            progress = progress.with_instance(replace(instance, state="RUNNING", ready=now))
        elif instance.state == "RUNNING" and state != "ALIVE" and replace_lost:
            message = "The worker on the instance has been lost"
            progress = progress.with_instance(_ended(instance, now, "INSTANCE_FAILURE", message))
    return progress


def all_ended(progress: Progress, now: float) -> Progress:
    """With all instances ended, and their groups, because the cluster has."""
    for instance in progress.living():
        progress = progress.with_instance(replace(_ended(instance, now, GONE, GONE_MESSAGE), leaving=False))
    groups = tuple(replace(group, state="TERMINATED", ended=group.ended or now) for group in progress.groups)
    return replace(progress, groups=groups)


def _ended(instance: Instance, now: float, reason: str, message: str) -> Instance:
    return replace(instance, state="TERMINATED", ended=now, reason=reason, message=message)


def regrouped(progress: Progress, now: float) -> Progress:
    """With the state of each group by that of its instances."""
    for group in progress.groups:
        if group.state in ("TERMINATED", "TERMINATING"):
            continue
        living = progress.living(group.id)
        running = [i for i in living if i.state == "RUNNING" and not i.leaving]
        complete = len(running) == wanted(group) and len(living) == len(running)
        state = "RUNNING" if complete else ("RESIZING" if group.ready is not None else group.state)
        ready = now if complete and group.ready is None else group.ready
        if (state, ready) != (group.state, group.ready):
            progress = progress.with_group(replace(group, state=state, ready=ready))
    return progress


def running(group: Group, progress: Progress) -> int:
    """How many instances of a group run."""
    return sum(1 for i in progress.living(group.id) if i.state == "RUNNING")


def scaled(progress: Progress, policy: Mapping[str, Any], busy: Mapping[str, Any]) -> Progress:
    """With the group that grows and shrinks resized by the load, within a managed scaling policy's limits.

    busy: `waiting`, applications that have no cores; `used` and `cores` of the workers. One unit at a time: of a fleet
    on-demand capacity as far as the policy has it, then spot capacity, which goes first.
    """
    limits = policy["ComputeLimits"]
    least, most = limits["MinimumCapacityUnits"], limits["MaximumCapacityUnits"]
    found = {group.role: group for group in progress.groups if group.state != "TERMINATED"}
    if "CORE" not in found:
        return progress
    groups = [found[role] for role in ("CORE", "TASK") if role in found]
    unit = instance_type(found["CORE"].type).cores if limits["UnitType"] == "VCPU" else 1
    total = sum(group.count for group in groups) * unit
    if total < least or ((busy["waiting"] or busy["used"] >= busy["cores"] > 0) and total + unit <= most):
        return _grown(progress, groups, limits, unit)
    if total > most or (not busy["waiting"] and busy["used"] == 0 and total - unit >= least):
        shrinks = next((group for group in groups[1:] if group.count > 0), groups[0])
        if shrinks.role == "CORE" and shrinks.count <= 1:
            return progress
        return progress.with_group(replace(shrinks, count=shrinks.count - 1, spot=max(0, shrinks.spot - 1)))
    return progress


def _grown(progress: Progress, groups: Sequence[Group], limits: Mapping[str, Any], unit: int) -> Progress:
    """With a unit more in the first group that may have one."""
    if sum(wanted(group) for group in progress.groups) >= MOST_INSTANCES:
        return progress
    fleets, most = limits["UnitType"] == FLEET_UNITS, limits["MaximumCapacityUnits"]
    on_demand = sum(group.count - group.spot for group in groups if fleets or group.market == "ON_DEMAND")
    full = (on_demand + 1) * unit > limits.get("MaximumOnDemandCapacityUnits", most)
    for group in groups:
        count = group.count + 1
        if group.role == "CORE" and count * unit > limits.get("MaximumCoreCapacityUnits", most):
            continue
        if fleets:
            spot = full or group.count == group.spot > 0
            return progress.with_group(replace(group, count=count, spot=group.spot + spot))
        if not full or group.market == "SPOT":
            return progress.with_group(replace(group, count=count))
    return progress
