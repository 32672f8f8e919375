"""AWS::SageMaker: inference components. Ref is the ARN."""

from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, NotUpdatable, Properties, changed, differs
from studiolo.stacks.types.sagemaker import Named, name_of, retag

CHANGEABLE = ("Specification", "RuntimeConfig", "DeploymentConfig", "Tags")


class InferenceComponent(Named):
    name = "AWS::SageMaker::InferenceComponent"
    named_by = "InferenceComponentName"
    kind = "InferenceComponent"

    def create(self, at: At, properties: Properties) -> str:
        # DeploymentConfig is for updates.
        given = {name: properties.get(name) for name in ("VariantName", "Specification", "RuntimeConfig", "Tags")}
        name, endpoint = self._name(at, properties), name_of(properties["EndpointName"])
        made = at.call(
            "sagemaker", "CreateInferenceComponent", InferenceComponentName=name, EndpointName=endpoint, **given
        )
        return str(made["InferenceComponentArn"])

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = self._described(at, name_of(physical))
        if found["InferenceComponentStatus"] == "Failed":
            raise Refused("NotStabilized", found.get("FailureReason", "The inference component failed."))
        return bool(found["InferenceComponentStatus"] == "InService")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = changed(properties, before)
        if fixed := [name for name in names if name not in CHANGEABLE]:
            raise NotUpdatable(self.name, ", ".join(fixed))
        if differs(properties, before, "Specification", "RuntimeConfig"):
            given = {name: properties.get(name) for name in CHANGEABLE if name != "Tags" and name in names}
            at.call("sagemaker", "UpdateInferenceComponent", InferenceComponentName=name_of(physical), **given)
        retag(at, physical, properties, before)

    def is_gone(self, at: At, physical: str) -> bool:
        return self._described(at, name_of(physical)) is None

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, name_of(physical))
        return {
            **super().attributes(at, physical, properties),
            "InferenceComponentStatus": found["InferenceComponentStatus"],
            "CreationTime": found["CreationTime"].isoformat(),
            "LastModifiedTime": found["LastModifiedTime"].isoformat(),
            **{f"RuntimeConfig.{name}": count for name, count in found["RuntimeConfig"].items()},
        }


TYPES = (InferenceComponent,)
