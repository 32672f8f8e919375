"""AWS::CloudWatch: alarms, composite alarms, dashboards. Ref is the name."""

from typing import Any, ClassVar

from studiolo.stacks.types.base import At, Properties, ResourceType, existing, tag_changes, without


class _Alarm(ResourceType):
    """What the two kinds of alarms share. kind: as the operations spell it."""

    kind: ClassVar[str]
    named_by = "AlarmName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("AlarmName") or at.name())

    def _put(self, at: At, name: str, properties: Properties) -> None:
        at.call("cloudwatch", f"Put{self.kind}", **{**properties, "AlarmName": name})

    def _described(self, at: At, name: str) -> Any:
        kinds = {"AlarmNames": [name], "AlarmTypes": ["CompositeAlarm", "MetricAlarm"]}
        answer = at.call("cloudwatch", "DescribeAlarms", **kinds)
        return next(iter([*answer["MetricAlarms"], *answer["CompositeAlarms"]]), None)

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        self._put(at, name, properties)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        return None if self._described(at, name) is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        # Of an alarm that is there, the operations that put it leave the tags alone.
        self._put(at, physical, without(properties, "Tags"))
        which = {"ResourceARN": self._described(at, physical)["AlarmArn"]}
        gone, tags = tag_changes(properties, before)
        if gone:
            at.call("cloudwatch", "UntagResource", **which, TagKeys=gone)
        if tags:
            at.call("cloudwatch", "TagResource", **which, Tags=tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("cloudwatch", "DeleteAlarms", AlarmNames=[physical])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": self._described(at, physical)["AlarmArn"]}


class Alarm(_Alarm):
    name = "AWS::CloudWatch::Alarm"
    kind = "MetricAlarm"


class CompositeAlarm(_Alarm):
    name = "AWS::CloudWatch::CompositeAlarm"
    kind = "CompositeAlarm"


class Dashboard(ResourceType):
    name = "AWS::CloudWatch::Dashboard"
    named_by = "DashboardName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("DashboardName") or at.name())

    def _put(self, at: At, name: str, properties: Properties) -> None:
        at.call("cloudwatch", "PutDashboard", DashboardName=name, DashboardBody=properties["DashboardBody"])

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        self._put(at, name, properties)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="cloudwatch", operation="GetDashboard", DashboardName=name)
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, physical, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("cloudwatch", "DeleteDashboards", DashboardNames=[physical])


TYPES = (Alarm, CompositeAlarm, Dashboard)
