"""AWS::SageMaker: feature groups. Ref is the name."""

from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, existing

UPDATED = ("FeatureDefinitions", "OnlineStoreConfig", "ThroughputConfig")


class FeatureGroup(ResourceType):
    name = "AWS::SageMaker::FeatureGroup"
    named_by = "FeatureGroupName"

    def create(self, at: At, properties: Properties) -> str:
        at.call("sagemaker", "CreateFeatureGroup", **properties)
        return str(properties["FeatureGroupName"])

    def find(self, at: At, properties: Properties) -> str | None:
        found = self._described(at, properties["FeatureGroupName"])
        return None if found is None else str(found["FeatureGroupName"])

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = self._described(at, physical)
        if found["FeatureGroupStatus"] == "CreateFailed":
            raise Refused("NotStabilized", found.get("FailureReason", "The feature group failed."))
        return bool(found["FeatureGroupStatus"] == "Created")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = changed(properties, before)
        known = before["FeatureDefinitions"]
        added = [each for each in properties["FeatureDefinitions"] if each not in known]
        gone = [each["FeatureName"] for each in known if each not in properties["FeatureDefinitions"]]
        fixed = [name for name in names if name not in UPDATED] + [f"FeatureDefinitions ({name})" for name in gone]
        if fixed:
            raise NotUpdatable(self.name, ", ".join(fixed))
        # It is asked for one of them at a time.
        changes: dict[str, Any] = {"FeatureAdditions": added} if added else {}
        if "OnlineStoreConfig" in names:
            changes["OnlineStoreConfig"] = {"TtlDuration": properties["OnlineStoreConfig"].get("TtlDuration")}
        if "ThroughputConfig" in names:
            changes["ThroughputConfig"] = properties.get("ThroughputConfig")
        for member, value in changes.items():
            at.call("sagemaker", "UpdateFeatureGroup", FeatureGroupName=physical, **{member: value})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteFeatureGroup", FeatureGroupName=physical)

    def is_gone(self, at: At, physical: str) -> bool:
        found = self._described(at, physical)
        if found is not None and found["FeatureGroupStatus"] == "DeleteFailed":
            raise Refused("NotStabilized", found.get("FailureReason", "The feature group could not be deleted."))
        return found is None

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, physical)
        return {"CreationTime": found["CreationTime"].isoformat(), "FeatureGroupStatus": found["FeatureGroupStatus"]}

    def _described(self, at: At, name: str) -> Any:
        return existing(at.call, service="sagemaker", operation="DescribeFeatureGroup", FeatureGroupName=name)


TYPES = (FeatureGroup,)
