"""AWS::CloudFormation: stacks within stacks, stack sets, macros; and AWS::CDK: what CDK notes in every template."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType, existing, without

CFN = "cloudformation"
GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
UNDER_WAY = frozenset({"RUNNING", "STOPPING"})


class NestedStack(ResourceType):
    name = "AWS::CloudFormation::Stack"

    def create(self, at: At, properties: Properties) -> str:
        return at.nested.create_nested(at, properties)

    def find(self, at: At, properties: Properties) -> str | None:
        return at.nested.find_nested(at, at.name(128))

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        status, reason = at.nested.status_of(physical)
        if status in GOOD:
            return True
        if status.endswith("_IN_PROGRESS"):
            return False
        words = f"Embedded stack {physical} was not successfully created or updated: it is in {status}"
        raise Refused("Stack", f"{words} ({reason})" if reason else words)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.nested.update_nested(at, physical, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.nested.delete_nested(at, physical)

    def is_gone(self, at: At, physical: str) -> bool:
        status, reason = at.nested.status_of(physical)
        if status == "DELETE_FAILED":
            raise Refused("Stack", f"Embedded stack {physical} was not successfully deleted: {reason}")
        return status == "DELETE_COMPLETE"

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {f"Outputs.{name}": value for name, value in at.nested.outputs_of(physical).items()}


class Macro(ResourceType):
    """It is there by being a resource of a stack: its physical id is its name."""

    name = "AWS::CloudFormation::Macro"
    named_by = "Name"

    def create(self, at: At, properties: Properties) -> str:
        if at.nested.macro(at, properties["Name"]) is not None:
            raise Refused("AlreadyExists", f"{properties['Name']} already exists")
        return str(properties["Name"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """What the stack remembers of it is all that there is."""

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """With its stack's memory it is gone."""


class CdkMetadata(ResourceType):
    """What an app was made of, as CDK notes it: nothing comes of it at AWS either."""

    name = "AWS::CDK::Metadata"

    def create(self, at: At, properties: Properties) -> str:
        return at.suffix(32)

    def find(self, at: At, properties: Properties) -> str | None:
        return at.suffix(32)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """There is nothing to change."""

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """There is nothing to delete."""


class StackSet(ResourceType):
    """Its instances are brought, one operation after another, to what its StackInstancesGroup says. Ref is its id.

    The ids of its operations tell which step of which stack's operation began them: a repeated one is the same.
    """

    name = "AWS::CloudFormation::StackSet"
    named_by = "StackSetName"

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call(CFN, "CreateStackSet", **_own(properties), ClientRequestToken=at.token)["StackSetId"])

    def find(self, at: At, properties: Properties) -> str | None:
        found = existing(at.call, service=CFN, operation="DescribeStackSet", StackSetName=properties["StackSetName"])
        return None if found is None else str(found["StackSet"]["StackSetId"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if _own(properties) != _own(before):
            self._begin(at, "UpdateStackSet", f"{_step(at, properties)}-set", {**_own(properties), **_how(properties)})

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        prefix, operations = _step(at, properties), self._operations(at, physical)
        mine = [each for each in operations if each["OperationId"].startswith(prefix)]
        if any(each["Status"] in UNDER_WAY for each in operations):
            return False
        self._check(at, physical, mine)
        step = self._next(at, physical, properties)
        if step is None:
            return True
        operation, given = step
        self._begin(at, operation, f"{prefix}-{len(mine)}", {"StackSetName": physical, **given, **_how(properties)})
        return False

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        """Its stacks go first: `is_gone` says when they have."""

    def is_gone(self, at: At, physical: str) -> bool:
        if existing(at.call, service=CFN, operation="ListStackInstances", StackSetName=physical) is None:
            return True
        prefix, operations = f"{at.operation}-delete", self._operations(at, physical)
        if any(each["Status"] in UNDER_WAY for each in operations):
            return False
        self._check(at, physical, [each for each in operations if each["OperationId"].startswith(prefix)])
        places = self._places(at, physical)
        if not places:
            at.call(CFN, "DeleteStackSet", StackSetName=physical)
            return True
        self._begin(at, "DeleteStackInstances", prefix, {"StackSetName": physical, **_gone(places)})
        return False

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"StackSetId": physical}

    def _next(self, at: At, physical: str, properties: Properties) -> tuple[str, dict[str, Any]] | None:
        """The operation that brings the instances nearer to what is wanted; None where they are that."""
        there = self._places(at, physical)
        groups = properties.get("StackInstancesGroup") or []
        wanted = {place: number for number, group in enumerate(groups) for place in _places_of(group)}
        for region in sorted({region for _, region in there - wanted.keys()}):
            return "DeleteStackInstances", _gone({place for place in there - wanted.keys() if place[1] == region})
        for number, group in enumerate(groups):
            own = {each["ParameterKey"]: each["ParameterValue"] for each in group.get("ParameterOverrides") or []}
            places = [place for place in _places_of(group) if wanted[place] == number]
            if any(place not in there or self._overrides(at, physical, place) != own for place in places):
                overrides = [{"ParameterKey": key, "ParameterValue": value} for key, value in own.items()]
                given = {"DeploymentTargets": group["DeploymentTargets"], "Regions": group["Regions"]}
                return "CreateStackInstances", {**given, "ParameterOverrides": overrides}
        return None

    def _begin(self, at: At, operation: str, identifier: str, given: Mapping[str, Any]) -> None:
        at.call(CFN, operation, OperationId=identifier, **given)

    def _operations(self, at: At, physical: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = at.call(CFN, "ListStackSetOperations", StackSetName=physical)["Summaries"]
        return found

    def _check(self, at: At, physical: str, mine: list[Mapping[str, Any]]) -> None:
        """Raise Refused where an operation has failed."""
        for each in mine:
            if each["Status"] != "SUCCEEDED":
                asked = {"StackSetName": physical, "OperationId": each["OperationId"]}
                results = at.call(CFN, "ListStackSetOperationResults", **asked)["Summaries"]
                why = next((one["StatusReason"] for one in results if one["Status"] == "FAILED"), "It was stopped.")
                raise Refused(
                    "Stack", f"Stack set operation [{each['OperationId']}] was unexpectedly stopped or failed: {why}"
                )

    def _places(self, at: At, physical: str) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        page: Mapping[str, Any] = {"NextToken": None}
        while "NextToken" in page:
            page = at.call(CFN, "ListStackInstances", StackSetName=physical, NextToken=page["NextToken"])
            found |= {(each["Account"], each["Region"]) for each in page["Summaries"]}
        return found

    def _overrides(self, at: At, physical: str, place: tuple[str, str]) -> dict[str, str]:
        asked = {"StackInstanceAccount": place[0], "StackInstanceRegion": place[1]}
        found = at.call(CFN, "DescribeStackInstance", StackSetName=physical, **asked)["StackInstance"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in found["ParameterOverrides"]}


def _own(properties: Properties) -> dict[str, Any]:
    """What a stack set has beside its instances, and how they are worked on."""
    return without(properties, "StackInstancesGroup", "OperationPreferences", "StackSetId")


def _how(properties: Properties) -> dict[str, Any]:
    return {name: properties[name] for name in ("OperationPreferences",) if name in properties}


def _step(at: At, properties: Properties) -> str:
    """What the ids of operations begin with: an update that is turned back has others."""
    digest = hashlib.sha256(json.dumps(properties, sort_keys=True, default=str).encode()).hexdigest()
    return f"{at.operation}-{digest[:8]}"


def _places_of(group: Mapping[str, Any]) -> list[tuple[str, str]]:
    accounts = group["DeploymentTargets"].get("Accounts") or []
    return [(account, region) for region in group["Regions"] for account in accounts]


def _gone(places: set[tuple[str, str]]) -> dict[str, Any]:
    """What deletes the instances in all accounts and regions that are named."""
    accounts, regions = ({place[which] for place in places} for which in (0, 1))
    return {"Accounts": sorted(accounts), "Regions": sorted(regions), "RetainStacks": False}


TYPES = (NestedStack, Macro, CdkMetadata, StackSet)
