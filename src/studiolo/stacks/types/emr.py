"""AWS::EMR: clusters, steps, instance groups, security configurations."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from studiolo.calling import Refused
from studiolo.stacks.types.base import (
    At,
    NotUpdatable,
    Properties,
    ResourceType,
    changed,
    differs,
    document,
    tag_changes,
)

GROUPS = {"MasterInstanceGroup": "MASTER", "CoreInstanceGroup": "CORE", "TaskInstanceGroups": "TASK"}
FLEETS = {"MasterInstanceFleet": "MASTER", "CoreInstanceFleet": "CORE", "TaskInstanceFleets": "TASK"}
READY = frozenset({"RUNNING", "WAITING"})
GONE = frozenset({"TERMINATED", "SHUTTING_DOWN", "ENDED", "ARRESTED", "SUSPENDED"})
"""States of an instance group from which it does not come back."""
ENDING = frozenset({"TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"})


class Cluster(ResourceType):
    """It is there when it runs. One that ends by itself after its steps is there as well."""

    name = "AWS::EMR::Cluster"
    also_create_only = tuple(
        f"Instances.{name}"
        for name in (
            "AdditionalMasterSecurityGroups", "AdditionalSlaveSecurityGroups", "Ec2KeyName", "Ec2SubnetId",
            "Ec2SubnetIds", "EmrManagedMasterSecurityGroup", "EmrManagedSlaveSecurityGroup", "HadoopVersion",
            "MasterInstanceFleet", "MasterInstanceGroup", "Placement", "ServiceAccessSecurityGroup",
        )
    )  # fmt: skip

    def create(self, at: At, properties: Properties) -> str:
        given = {
            **properties,
            "Instances": _instances(properties["Instances"]),
            "AdditionalInfo": document(properties.get("AdditionalInfo")),
            "Configurations": _configurations(properties),
            "Steps": [_step(step) for step in properties.get("Steps") or []] or None,
            "Tags": at.all_tags(properties),
        }
        return str(at.call("emr", "RunJobFlow", **given)["JobFlowId"])

    def find(self, at: At, properties: Properties) -> str | None:
        for each in _listed(at, "ListClusters", "Clusters"):
            if each["Name"] == properties["Name"] and each["Status"]["State"] not in ENDING:
                found = self._described(at, each["Id"])
                tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
                if at.tags.items() <= tags.items():
                    return str(each["Id"])
        return None

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        status = self._described(at, physical)["Status"]
        reason = status["StateChangeReason"]
        if status["State"] in ENDING and reason.get("Code") != "ALL_STEPS_COMPLETED":
            raise Refused("NotStabilized", reason.get("Message", "The cluster ended."))
        return status["State"] in READY or status["State"] in ENDING

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = changed(properties, before)
        for name in names:
            change = self.CHANGES.get(name)
            if change is None:
                raise NotUpdatable(self.name, name)
            if name == "Instances":
                _check_instances(self.name, properties["Instances"], before["Instances"])
        for name in names:
            self.CHANGES[name](self, at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("emr", "TerminateJobFlows", JobFlowIds=[physical])

    def is_gone(self, at: At, physical: str) -> bool:
        return self._described(at, physical)["Status"]["State"] in ("TERMINATED", "TERMINATED_WITH_ERRORS")

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical, "MasterPublicDNS": self._described(at, physical).get("MasterPublicDnsName", "")}

    def _described(self, at: At, physical: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = at.call("emr", "DescribeCluster", ClusterId=physical)["Cluster"]
        return found

    def _tag(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        gone, tags = tag_changes(properties, before)
        if gone:
            at.call("emr", "RemoveTags", ResourceId=physical, TagKeys=gone)
        if tags:
            at.call("emr", "AddTags", ResourceId=physical, Tags=tags)

    def _show(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        visible = properties.get("VisibleToAllUsers", True)
        at.call("emr", "SetVisibleToAllUsers", JobFlowIds=[physical], VisibleToAllUsers=visible)

    def _step_at_once(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        level = properties.get("StepConcurrencyLevel", 1)
        at.call("emr", "ModifyCluster", ClusterId=physical, StepConcurrencyLevel=level)

    def _end_idle(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        policy = properties.get("AutoTerminationPolicy")
        verb = "Remove" if policy is None else "Put"
        at.call("emr", f"{verb}AutoTerminationPolicy", ClusterId=physical, AutoTerminationPolicy=policy)

    def _scale(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        policy = properties.get("ManagedScalingPolicy")
        verb = "Remove" if policy is None else "Put"
        at.call("emr", f"{verb}ManagedScalingPolicy", ClusterId=physical, ManagedScalingPolicy=policy)

    def _change_instances(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        now, was = properties["Instances"], before["Instances"]
        which = {"JobFlowIds": [physical]}
        if differs(now, was, "TerminationProtected"):
            protected = now.get("TerminationProtected", False)
            at.call("emr", "SetTerminationProtection", **which, TerminationProtected=protected)
        if differs(now, was, "UnhealthyNodeReplacement"):
            replaced = now.get("UnhealthyNodeReplacement", False)
            at.call("emr", "SetUnhealthyNodeReplacement", **which, UnhealthyNodeReplacement=replaced)
        if differs(now, was, "KeepJobFlowAliveWhenNoSteps"):
            kept = now.get("KeepJobFlowAliveWhenNoSteps", True)
            at.call("emr", "SetKeepJobFlowAliveWhenNoSteps", **which, KeepJobFlowAliveWhenNoSteps=kept)
        if differs(now, was, "CoreInstanceGroup"):
            groups = _listed(at, "ListInstanceGroups", "InstanceGroups", ClusterId=physical)
            core = next(group["Id"] for group in groups if group["InstanceGroupType"] == "CORE")
            _resize(at, physical, core, now["CoreInstanceGroup"]["InstanceCount"])

    CHANGES: ClassVar[Mapping[str, Callable[["Cluster", At, str, Properties, Properties], None]]] = {
        "AutoTerminationPolicy": _end_idle,
        "Instances": _change_instances,
        "ManagedScalingPolicy": _scale,
        "StepConcurrencyLevel": _step_at_once,
        "Tags": _tag,
        "VisibleToAllUsers": _show,
    }


class Step(ResourceType):
    """It is there when its cluster has taken it: what becomes of it changes nothing of its stack."""

    name = "AWS::EMR::Step"

    def create(self, at: At, properties: Properties) -> str:
        made = at.call("emr", "AddJobFlowSteps", JobFlowId=properties["JobFlowId"], Steps=[_step(properties)])
        return str(made["StepIds"][0])

    def find(self, at: At, properties: Properties) -> str | None:
        """The last step that says the same: a step has neither a name of its own nor tags."""
        wanted = _step(properties)
        for each in _listed(at, "ListSteps", "Steps", ClusterId=properties["JobFlowId"]):
            said = each["Config"]
            same = said["Jar"] == wanted["HadoopJarStep"]["Jar"] and said["Args"] == wanted["HadoopJarStep"]["Args"]
            if same and each["Name"] == wanted["Name"]:
                return str(each["Id"])
        return None

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """Cancel it where it has not run: a step that has stays in its cluster's list."""
        cluster = properties["JobFlowId"]
        step = at.call("emr", "DescribeStep", ClusterId=cluster, StepId=physical)["Step"]
        if step["Status"]["State"] in ("PENDING", "RUNNING"):
            at.call("emr", "CancelSteps", ClusterId=cluster, StepIds=[physical])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class InstanceGroup(ResourceType):
    name = "AWS::EMR::InstanceGroupConfig"

    def create(self, at: At, properties: Properties) -> str:
        own = {name: value for name, value in properties.items() if name != "JobFlowId"}
        group = {"Name": at.name(), **own, **_given_configurations(own)}
        made = at.call("emr", "AddInstanceGroups", JobFlowId=properties["JobFlowId"], InstanceGroups=[group])
        return str(made["InstanceGroupIds"][0])

    def find(self, at: At, properties: Properties) -> str | None:
        name = properties.get("Name") or at.name()
        return next((str(each["Id"]) for each in self._groups(at, properties) if each["Name"] == name), None)

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        group = next(each for each in self._groups(at, properties) if each["Id"] == physical)
        if group["Status"]["State"] in GONE:
            raise Refused("NotStabilized", f"The instance group is {group['Status']['State']}.")
        return bool(group["Status"]["State"] == "RUNNING")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if names := [name for name in changed(properties, before) if name != "InstanceCount"]:
            raise NotUpdatable(self.name, ", ".join(names))
        _resize(at, properties["JobFlowId"], physical, properties["InstanceCount"])

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """A group ends with its cluster: until then one of task nodes is empty, and one of core nodes stays."""
        cluster = at.call("emr", "DescribeCluster", ClusterId=properties["JobFlowId"])["Cluster"]
        if properties["InstanceRole"] == "TASK" and cluster["Status"]["State"] not in ENDING:
            _resize(at, properties["JobFlowId"], physical, 0)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"InstanceGroupId": physical}

    def _groups(self, at: At, properties: Properties) -> Iterator[Mapping[str, Any]]:
        return _listed(at, "ListInstanceGroups", "InstanceGroups", ClusterId=properties["JobFlowId"])


class InstanceFleet(ResourceType):
    """A fleet of task nodes beside those that the cluster was made with. Ref is its id."""

    name = "AWS::EMR::InstanceFleetConfig"

    def create(self, at: At, properties: Properties) -> str:
        own = {name: value for name, value in properties.items() if name != "ClusterId"}
        fleet = {"Name": at.name(), **own, **_types(own)}
        made = at.call("emr", "AddInstanceFleet", ClusterId=properties["ClusterId"], InstanceFleet=fleet)
        return str(made["InstanceFleetId"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = properties.get("Name") or at.name()
        return next((str(each["Id"]) for each in self._fleets(at, properties) if each["Name"] == name), None)

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        fleet = next(each for each in self._fleets(at, properties) if each["Id"] == physical)
        if fleet["Status"]["State"] in GONE:
            raise Refused("NotStabilized", f"The instance fleet is {fleet['Status']['State']}.")
        return bool(fleet["Status"]["State"] == "RUNNING")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        targets = ("TargetOnDemandCapacity", "TargetSpotCapacity")
        if names := [name for name in changed(properties, before) if name not in targets]:
            raise NotUpdatable(self.name, ", ".join(names))
        self._resize(at, properties["ClusterId"], physical, {name: properties.get(name, 0) for name in targets})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """A fleet ends with its cluster: until then it is empty."""
        cluster = at.call("emr", "DescribeCluster", ClusterId=properties["ClusterId"])["Cluster"]
        if cluster["Status"]["State"] not in ENDING:
            none = {"TargetOnDemandCapacity": 0, "TargetSpotCapacity": 0}
            self._resize(at, properties["ClusterId"], physical, none)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"InstanceFleetId": physical}

    def _fleets(self, at: At, properties: Properties) -> Iterator[Mapping[str, Any]]:
        return _listed(at, "ListInstanceFleets", "InstanceFleets", ClusterId=properties["ClusterId"])

    def _resize(self, at: At, cluster: str, fleet: str, targets: Mapping[str, int]) -> None:
        at.call("emr", "ModifyInstanceFleet", ClusterId=cluster, InstanceFleet={"InstanceFleetId": fleet, **targets})


class SecurityConfiguration(ResourceType):
    name = "AWS::EMR::SecurityConfiguration"
    named_by = "Name"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("Name") or at.name())

    def create(self, at: At, properties: Properties) -> str:
        name, text = self._name(at, properties), document(properties["SecurityConfiguration"])
        return str(at.call("emr", "CreateSecurityConfiguration", Name=name, SecurityConfiguration=text)["Name"])

    def find(self, at: At, properties: Properties) -> str | None:
        listed = _listed(at, "ListSecurityConfigurations", "SecurityConfigurations")
        name = self._name(at, properties)
        return next((name for each in listed if each["Name"] == name), None)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("emr", "DeleteSecurityConfiguration", Name=physical)


def _listed(at: At, operation: str, member: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
    """All of a list of EMR, page by page."""
    marker = None
    while True:
        page = at.call("emr", operation, **parameters, Marker=marker)
        yield from page[member]
        marker = page.get("Marker")
        if marker is None:
            return


def _resize(at: At, cluster: str, group: str, count: int) -> None:
    change = {"InstanceGroupId": group, "InstanceCount": count}
    at.call("emr", "ModifyInstanceGroups", ClusterId=cluster, InstanceGroups=[change])


def _check_instances(kind: str, now: Properties, before: Properties) -> None:
    """Raise NotUpdatable for a change of what a running cluster cannot change."""
    settings = ("CoreInstanceGroup", "KeepJobFlowAliveWhenNoSteps", "TerminationProtected", "UnhealthyNodeReplacement")
    fixed = [name for name in changed(now, before) if name not in settings]
    core, was = now.get("CoreInstanceGroup"), before.get("CoreInstanceGroup")
    if (core is None) != (was is None):
        fixed.append("CoreInstanceGroup")
    elif core is not None and was is not None:
        fixed += [f"CoreInstanceGroup.{name}" for name in changed(core, was) if name != "InstanceCount"]
    if fixed:
        raise NotUpdatable(kind, ", ".join(f"Instances.{name}" for name in fixed))


def _instances(given: Properties) -> dict[str, Any]:
    """Instances as RunJobFlow has them: groups and fleets in a list each. A cluster stays unless it is told not to."""
    shown = {name: value for name, value in given.items() if name not in (*GROUPS, *FLEETS)}
    groups = [{"InstanceRole": role, **each, **_given_configurations(each)} for role, each in _of(given, GROUPS)]
    fleets = [{"InstanceFleetType": role, **each, **_types(each)} for role, each in _of(given, FLEETS)]
    lists = {"InstanceGroups": groups, "InstanceFleets": fleets}
    return {"KeepJobFlowAliveWhenNoSteps": True, **shown, **{name: each for name, each in lists.items() if each}}


def _of(given: Properties, roles: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, role in roles.items():
        found = given.get(name) or []
        for each in found if isinstance(found, list) else [found]:
            yield role, each


def _types(fleet: Properties) -> dict[str, Any]:
    types = fleet.get("InstanceTypeConfigs")
    return {} if types is None else {"InstanceTypeConfigs": [{**each, **_given_configurations(each)} for each in types]}


def _given_configurations(given: Properties) -> dict[str, Any]:
    found = _configurations(given)
    return {} if found is None else {"Configurations": found}


def _configurations(given: Properties) -> list[dict[str, Any]] | None:
    """Configurations as the operations have them: CloudFormation calls their properties ConfigurationProperties."""
    if "Configurations" not in given:
        return None
    return [
        {
            **{name: each[name] for name in ("Classification",) if name in each},
            "Properties": each.get("ConfigurationProperties", {}),
            **_given_configurations(each),
        }
        for each in given["Configurations"]
    ]


def _step(given: Properties) -> dict[str, Any]:
    """A StepConfig of the operations."""
    program = given["HadoopJarStep"]
    jar = {name: value for name, value in program.items() if name != "StepProperties"}
    properties = {"Properties": program["StepProperties"]} if "StepProperties" in program else {}
    shown = {name: given[name] for name in ("Name", "ActionOnFailure") if name in given}
    return {**shown, "HadoopJarStep": {"Args": [], **jar, **properties}}


TYPES = (Cluster, InstanceFleet, InstanceGroup, SecurityConfiguration, Step)
