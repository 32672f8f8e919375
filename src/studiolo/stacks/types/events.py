"""AWS::Events and AWS::Scheduler: event buses, rules with their targets, schedules and their groups."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.stacks.types.base import At, Properties, ResourceType, differs, existing, tag_changes, without


class EventBus(ResourceType):
    name = "AWS::Events::EventBus"
    named_by = "Name"

    def create(self, at: At, properties: Properties) -> str:
        name = str(properties["Name"])
        at.call("events", "CreateEventBus", **without(properties, "Policy"))
        self._policy(at, name, properties, {})
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = str(properties["Name"])
        return None if existing(at.call, service="events", operation="DescribeEventBus", Name=name) is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        described = {name: properties.get(name, "") for name in ("Description", "KmsKeyIdentifier")}
        others = without(properties, "Policy", "Tags", "Name", *described)
        if differs(properties, before, *described, *others):
            at.call("events", "UpdateEventBus", Name=physical, **described, **others)
        self._policy(at, physical, properties, before)
        _retag(at, {"ResourceARN": self.attributes(at, physical, properties)["Arn"]}, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("events", "DeleteEventBus", Name=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": at.call("events", "DescribeEventBus", Name=physical)["Arn"], "Name": physical}

    def _policy(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        if not differs(properties, before, "Policy"):
            return
        given = properties.get("Policy")
        if given is None:
            at.call("events", "RemovePermission", EventBusName=name, RemoveAllPermissions=True)
        else:
            policy = given if isinstance(given, str) else json.dumps(given)
            at.call("events", "PutPermission", EventBusName=name, Policy=policy)


class EventBusPolicy(ResourceType):
    """A statement of a bus's policy. Ref is the bus, and the statement's id, with `|`."""

    name = "AWS::Events::EventBusPolicy"

    def create(self, at: At, properties: Properties) -> str:
        bus, identifier = self._place(properties)
        if "Statement" in properties:
            others = [each for each in self._statements(at, bus) if each.get("Sid") != identifier]
            policy = {"Version": "2012-10-17", "Statement": [*others, {**properties["Statement"], "Sid": identifier}]}
            at.call("events", "PutPermission", EventBusName=bus, Policy=json.dumps(policy))
        else:
            given = {name: properties.get(name) for name in ("Action", "Principal", "Condition")}
            at.call("events", "PutPermission", EventBusName=bus, StatementId=identifier, **given)
        return f"{bus}|{identifier}"

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        bus, identifier = self._place(properties)
        at.call("events", "RemovePermission", EventBusName=bus, StatementId=identifier)

    def _place(self, properties: Properties) -> tuple[str, str]:
        """Its bus, and its id."""
        return str(properties.get("EventBusName") or "default"), str(properties["StatementId"])

    def _statements(self, at: At, bus: str) -> list[Any]:
        policy = at.call("events", "DescribeEventBus", Name=bus).get("Policy")
        return [] if policy is None else list(json.loads(policy)["Statement"])


class Rule(ResourceType):
    """Ref is its name, with that of its bus before it where that is not the default one."""

    name = "AWS::Events::Rule"
    named_by = "Name"

    def _place(self, at: At, properties: Properties) -> tuple[str, str | None]:
        """Its name, and its bus."""
        bus = properties.get("EventBusName")
        return str(properties.get("Name") or at.name(64)), None if bus is None else str(bus)

    def _put(self, at: At, name: str, bus: str | None, properties: Properties, tags: Any) -> None:
        pattern = properties.get("EventPattern")
        at.call(
            "events",
            "PutRule",
            Name=name,
            EventBusName=bus,
            EventPattern=pattern if pattern is None or isinstance(pattern, str) else json.dumps(pattern),
            Tags=tags,
            **{key: properties.get(key) for key in ("Description", "RoleArn", "ScheduleExpression", "State")},
        )

    def _targets(self, at: At, name: str, bus: str | None, properties: Properties, before: Properties) -> None:
        wanted, had = properties.get("Targets") or [], before.get("Targets") or []
        kept = {target["Id"] for target in wanted}
        if gone := [target["Id"] for target in had if target["Id"] not in kept]:
            at.call("events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=gone)
        if wanted:
            at.call("events", "PutTargets", Rule=name, EventBusName=bus, Targets=wanted)

    def create(self, at: At, properties: Properties) -> str:
        name, bus = self._place(at, properties)
        self._put(at, name, bus, properties, properties.get("Tags"))
        self._targets(at, name, bus, properties, {})
        return _reference(name, bus)

    def find(self, at: At, properties: Properties) -> str | None:
        # Made once more, which changes nothing that is there: its targets may be missing.
        return None

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        name, bus = _named(physical)
        self._put(at, name, bus, properties, None)
        self._targets(at, name, bus, properties, before)
        _retag(at, {"ResourceARN": self.attributes(at, physical, properties)["Arn"]}, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        name, bus = _named(physical)
        found = existing(
            at.call,
            service="events",
            operation="ListTargetsByRule",
            Rule=name,
            **({} if bus is None else {"EventBusName": bus}),
        )
        if found is not None and found["Targets"]:
            at.call(
                "events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=[each["Id"] for each in found["Targets"]]
            )
        at.call("events", "DeleteRule", Name=name, EventBusName=bus)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        name, bus = _named(physical)
        return {"Arn": at.call("events", "DescribeRule", Name=name, EventBusName=bus)["Arn"]}


def _reference(name: str, bus: str | None) -> str:
    short = None if bus is None else bus.rpartition("event-bus/")[2]
    return name if short in (None, "default") else f"{short}|{name}"


def _named(physical: str) -> tuple[str, str | None]:
    bus, _, name = physical.rpartition("|")
    return name, bus or None


class ScheduleGroup(ResourceType):
    name = "AWS::Scheduler::ScheduleGroup"
    named_by = "Name"

    def create(self, at: At, properties: Properties) -> str:
        name = str(properties.get("Name") or at.name(64))
        at.call("scheduler", "CreateScheduleGroup", Name=name, Tags=properties.get("Tags"))
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = str(properties.get("Name") or at.name(64))
        found = existing(at.call, service="scheduler", operation="GetScheduleGroup", Name=name)
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        arn = self.attributes(at, physical, properties)["Arn"]
        gone, tags = tag_changes(properties, before)
        if gone:
            at.call("scheduler", "UntagResource", ResourceArn=arn, TagKeys=gone)
        if tags:
            at.call("scheduler", "TagResource", ResourceArn=arn, Tags=tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("scheduler", "DeleteScheduleGroup", Name=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("scheduler", "GetScheduleGroup", Name=physical)
        return {"Arn": found["Arn"], "State": found["State"]}


class Schedule(ResourceType):
    name = "AWS::Scheduler::Schedule"
    named_by = "Name"

    def _where(self, properties: Properties) -> dict[str, Any]:
        return {"GroupName": properties["GroupName"]} if "GroupName" in properties else {}

    def _given(self, name: str, properties: Properties) -> dict[str, Any]:
        moments = {
            key: datetime.fromisoformat(str(properties[key]).replace("Z", "+00:00"))
            for key in ("StartDate", "EndDate")
            if key in properties
        }
        return {**properties, **moments, "Name": name}

    def create(self, at: At, properties: Properties) -> str:
        name = str(properties.get("Name") or at.name(64))
        at.call("scheduler", "CreateSchedule", **self._given(name, properties))
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = str(properties.get("Name") or at.name(64))
        found = existing(at.call, service="scheduler", operation="GetSchedule", Name=name, **self._where(properties))
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call("scheduler", "UpdateSchedule", **self._given(physical, properties))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("scheduler", "DeleteSchedule", Name=physical, **self._where(properties))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": at.call("scheduler", "GetSchedule", Name=physical, **self._where(properties))["Arn"]}


def _retag(at: At, which: Mapping[str, Any], properties: Properties, before: Properties) -> None:
    gone, tags = tag_changes(properties, before)
    if gone:
        at.call("events", "UntagResource", **which, TagKeys=gone)
    if tags:
        at.call("events", "TagResource", **which, Tags=tags)


TYPES = (EventBus, EventBusPolicy, Rule, Schedule, ScheduleGroup)
