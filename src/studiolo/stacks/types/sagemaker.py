"""AWS::SageMaker: models, endpoint configurations, endpoints, pipelines. Ref is the ARN, but for pipelines."""

from typing import Any, ClassVar

from studiolo.stacks.calling import Refused
from studiolo.stacks.types.base import (
    At,
    NotUpdatable,
    Properties,
    ResourceType,
    changed,
    differs,
    existing,
    tag_changes,
)

LONGEST = 63


class _Named(ResourceType):
    """What the three share. kind: as the operations spell it."""

    kind: ClassVar[str]

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get(f"{self.kind}Name") or at.name(LONGEST))

    def create(self, at: At, properties: Properties) -> str:
        given = {**properties, f"{self.kind}Name": self._name(at, properties)}
        return str(at.call("sagemaker", f"Create{self.kind}", **given)[f"{self.kind}Arn"])

    def find(self, at: At, properties: Properties) -> str | None:
        found = self._described(at, self._name(at, properties))
        return None if found is None else str(found[f"{self.kind}Arn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if names := [name for name in changed(properties, before) if name != "Tags"]:
            raise NotUpdatable(self.name, ", ".join(names))
        retag(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", f"Delete{self.kind}", **{f"{self.kind}Name": _name_of(physical)})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {f"{self.kind}Name": _name_of(physical), f"{self.kind}Arn": physical}

    def _described(self, at: At, name: str) -> Any:
        given = {f"{self.kind}Name": name}
        return existing(at.call, service="sagemaker", operation=f"Describe{self.kind}", **given)


class Model(_Named):
    name = "AWS::SageMaker::Model"
    named_by = "ModelName"
    kind = "Model"


class EndpointConfig(_Named):
    name = "AWS::SageMaker::EndpointConfig"
    named_by = "EndpointConfigName"
    kind = "EndpointConfig"


class Endpoint(_Named):
    name = "AWS::SageMaker::Endpoint"
    named_by = "EndpointName"
    kind = "Endpoint"

    def create(self, at: At, properties: Properties) -> str:
        at.call(
            "sagemaker",
            "CreateEndpoint",
            EndpointName=self._name(at, properties),
            EndpointConfigName=_name_of(properties["EndpointConfigName"]),
            DeploymentConfig=properties.get("DeploymentConfig"),
            Tags=properties.get("Tags"),
        )
        place = f"arn:{at.scope.partition}:sagemaker:{at.scope.region}:{at.scope.account}"
        return f"{place}:endpoint/{self._name(at, properties).lower()}"

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = at.call("sagemaker", "DescribeEndpoint", EndpointName=self._name(at, properties))
        if found["EndpointStatus"] == "Failed":
            raise Refused("NotStabilized", found.get("FailureReason", "The endpoint failed."))
        return bool(found["EndpointStatus"] == "InService")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = [name for name in changed(properties, before) if name not in ("Tags", "EndpointConfigName")]
        if names:
            raise NotUpdatable(self.name, ", ".join(names))
        if differs(properties, before, "EndpointConfigName"):
            config = _name_of(properties["EndpointConfigName"])
            at.call("sagemaker", "UpdateEndpoint", EndpointName=self._name(at, properties), EndpointConfigName=config)
        retag(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteEndpoint", EndpointName=self._name(at, properties))

    def is_gone(self, at: At, physical: str) -> bool:
        return self._described(at, _name_of(physical)) is None

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"EndpointName": self._name(at, properties), "EndpointArn": physical}


class Pipeline(ResourceType):
    """Ref is the name."""

    name = "AWS::SageMaker::Pipeline"
    named_by = "PipelineName"

    def create(self, at: At, properties: Properties) -> str:
        # A repeated request with the same token makes no second one.
        token = f"{at.stack_id.rpartition('/')[2]}-{at.logical}-{at.generation}"[:128]
        at.call("sagemaker", "CreatePipeline", ClientRequestToken=token, **self._given(properties))
        return str(properties["PipelineName"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = properties["PipelineName"]
        found = existing(at.call, service="sagemaker", operation="DescribePipeline", PipelineName=name)
        return None if found is None else str(found["PipelineName"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        given = self._given(properties)
        given.pop("Tags", None)
        if not differs(properties, before, "PipelineDefinition"):
            given = {name: value for name, value in given.items() if not name.startswith("PipelineDefinition")}
        arn = at.call("sagemaker", "UpdatePipeline", **given)["PipelineArn"]
        retag(at, str(arn), properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeletePipeline", PipelineName=physical, ClientRequestToken=f"{at.stack_id}"[-64:])

    @staticmethod
    def _given(properties: Properties) -> dict[str, Any]:
        """The properties as the operations have them."""
        given = dict(properties)
        definition = given.pop("PipelineDefinition")
        if "PipelineDefinitionBody" in definition:
            return {**given, "PipelineDefinition": definition["PipelineDefinitionBody"]}
        place = definition["PipelineDefinitionS3Location"]
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        return {
            **given,
            "PipelineDefinitionS3Location": {"Bucket": place["Bucket"], "ObjectKey": place["Key"], **version},
        }


def retag(at: At, arn: str, properties: Properties, before: Properties) -> None:
    """Bring the tags of a resource of SageMaker from what they were to what they are to be."""
    gone, tags = tag_changes(properties, before)
    if gone:
        at.call("sagemaker", "DeleteTags", ResourceArn=arn, TagKeys=gone)
    if tags:
        at.call("sagemaker", "AddTags", ResourceArn=arn, Tags=tags)


def _name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


TYPES = (Endpoint, EndpointConfig, Model, Pipeline)
