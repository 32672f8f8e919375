"""AWS::ApplicationAutoScaling: scalable targets with their scheduled actions, and scaling policies."""

from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType, without

SERVICE = "application-autoscaling"
PLACE = ("ResourceId", "ScalableDimension", "ServiceNamespace")
"""What names a target, in the order of its schema's identifier."""


class ScalableTarget(ResourceType):
    """Ref is its three parts, with `|`."""

    name = "AWS::ApplicationAutoScaling::ScalableTarget"

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties, {})
        return "|".join(properties[name] for name in PLACE)

    def find(self, at: At, properties: Properties) -> str | None:
        asked = {**_place(properties), "ResourceIds": [properties["ResourceId"]]}
        del asked["ResourceId"]
        found = at.call(SERVICE, "DescribeScalableTargets", **asked)["ScalableTargets"]
        return "|".join(properties[name] for name in PLACE) if found else None

    def custom_name(self, properties: Properties) -> str | None:
        # A target that is registered already is another's.
        return "|".join(str(properties.get(name)) for name in PLACE)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeregisterScalableTarget", **_place(properties))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}

    def _put(self, at: At, properties: Properties, before: Properties) -> None:
        given = without(properties, "ScheduledActions", "Id")
        at.call(SERVICE, "RegisterScalableTarget", **given)
        actions, had = properties.get("ScheduledActions") or [], before.get("ScheduledActions") or []
        kept = {each["ScheduledActionName"] for each in actions}
        for each in had:
            if each["ScheduledActionName"] not in kept:
                name = each["ScheduledActionName"]
                at.call(SERVICE, "DeleteScheduledAction", **_place(properties), ScheduledActionName=name)
        for each in actions:
            at.call(SERVICE, "PutScheduledAction", **_place(properties), **each)


class ScalingPolicy(ResourceType):
    """Ref is the ARN. Its target is named by its parts, or by the target's Ref."""

    name = "AWS::ApplicationAutoScaling::ScalingPolicy"

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call(SERVICE, "PutScalingPolicy", **_policy(properties))["PolicyARN"])

    def find(self, at: At, properties: Properties) -> str | None:
        place = _place(_policy(properties))
        asked = {**place, "PolicyNames": [properties["PolicyName"]]}
        found = at.call(SERVICE, "DescribeScalingPolicies", **asked)["ScalingPolicies"]
        return str(found[0]["PolicyARN"]) if found else None

    def custom_name(self, properties: Properties) -> str | None:
        return str(properties["PolicyName"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call(SERVICE, "PutScalingPolicy", **_policy(properties))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        given = _policy(properties)
        at.call(SERVICE, "DeleteScalingPolicy", **_place(given), PolicyName=given["PolicyName"])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": physical}


def _place(properties: Properties) -> dict[str, Any]:
    return {name: properties[name] for name in PLACE}


def _policy(properties: Properties) -> dict[str, Any]:
    """A policy as the operation has it. Raises Refused."""
    given = without(properties, "ScalingTargetId")
    if "ScalingTargetId" in properties:
        given.update(zip(PLACE, properties["ScalingTargetId"].split("|"), strict=False))
    if missing := [name for name in PLACE if name not in given]:
        raise Refused("InvalidRequest", f"A scaling policy needs ScalingTargetId, or {', '.join(missing)}.")
    return given


TYPES = (ScalableTarget, ScalingPolicy)
