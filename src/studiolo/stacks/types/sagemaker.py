"""AWS::SageMaker: models, their packages and groups, endpoint configurations, endpoints, pipelines.

Ref is the ARN, but for pipelines.
"""

from typing import Any, ClassVar

from studiolo.stacks.calling import Refused
from studiolo.stacks.types.base import (
    At,
    NotUpdatable,
    Properties,
    ResourceType,
    changed,
    differs,
    document,
    existing,
    tag_changes,
    without,
)

LONGEST = 63
POLICY, METADATA = "ModelPackageGroupPolicy", "CustomerMetadataProperties"
ADDED = "AdditionalInferenceSpecificationsToAdd"
UPDATED = ("ModelApprovalStatus", "ApprovalDescription", METADATA, "SourceUri", "ModelCard", ADDED)
NOT_GIVEN = ("LastModifiedTime", "ModelPackageStatusDetails", "ModelPackageVersion")
"""Properties that the schema has, and no operation takes."""


class Named(ResourceType):
    """What these, and others, share. kind: as the operations spell it."""

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
        at.call("sagemaker", f"Delete{self.kind}", **{f"{self.kind}Name": name_of(physical)})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {f"{self.kind}Name": name_of(physical), f"{self.kind}Arn": physical}

    def _described(self, at: At, name: str) -> Any:
        given = {f"{self.kind}Name": name}
        return existing(at.call, service="sagemaker", operation=f"Describe{self.kind}", **given)


class Model(Named):
    name = "AWS::SageMaker::Model"
    named_by = "ModelName"
    kind = "Model"


class ModelPackageGroup(Named):
    name = "AWS::SageMaker::ModelPackageGroup"
    named_by = "ModelPackageGroupName"
    kind = "ModelPackageGroup"

    def create(self, at: At, properties: Properties) -> str:
        made = super().create(at, without(properties, POLICY))
        self._set_policy(at, properties)
        return made

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        super().update(at, physical, without(properties, POLICY), without(before, POLICY))
        if differs(properties, before, POLICY):
            self._set_policy(at, properties)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, name_of(physical))
        return {
            **super().attributes(at, physical, properties),
            "CreationTime": found["CreationTime"].isoformat(),
            "ModelPackageGroupStatus": found["ModelPackageGroupStatus"],
        }

    def _set_policy(self, at: At, properties: Properties) -> None:
        name, policy = self._name(at, properties), document(properties.get(POLICY))
        if policy is not None:
            at.call("sagemaker", "PutModelPackageGroupPolicy", ModelPackageGroupName=name, ResourcePolicy=policy)
        else:
            at.call("sagemaker", "DeleteModelPackageGroupPolicy", ModelPackageGroupName=name)


class ModelPackage(ResourceType):
    """A version of a group, or a package by itself. A version is found again by the token that it was made with."""

    name = "AWS::SageMaker::ModelPackage"
    named_by = "ModelPackageName"

    def create(self, at: At, properties: Properties) -> str:
        refused = [name for name in NOT_GIVEN if name in properties]
        if refused:
            raise Refused("InvalidRequest", f"Studiolo takes no {', '.join(refused)} of a resource of {self.name}.")
        given = {**without(properties, ADDED), "AdditionalInferenceSpecifications": _specifications(properties)}
        if "ModelPackageGroupName" in given:
            given["ModelPackageGroupName"] = name_of(given["ModelPackageGroupName"])
            given.setdefault("ClientToken", at.token)
        elif "ModelPackageName" not in given:
            given["ModelPackageName"] = at.name(LONGEST)
        approval = given.pop("ApprovalDescription", None)
        made = str(at.call("sagemaker", "CreateModelPackage", **given)["ModelPackageArn"])
        if approval is not None:
            at.call("sagemaker", "UpdateModelPackage", ModelPackageArn=made, ApprovalDescription=approval)
        return made

    def find(self, at: At, properties: Properties) -> str | None:
        if "ModelPackageGroupName" in properties:
            return None
        name = properties.get("ModelPackageName") or at.name(LONGEST)
        found = existing(at.call, service="sagemaker", operation="DescribeModelPackage", ModelPackageName=name)
        return None if found is None else str(found["ModelPackageArn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = [name for name in changed(properties, before) if name not in (*UPDATED, "Tags")]
        if names:
            raise NotUpdatable(self.name, ", ".join(names))
        gone = set(before.get(METADATA) or {}) - set(properties.get(METADATA) or {})
        added = [each for each in properties.get(ADDED) or () if each not in (before.get(ADDED) or ())]
        at.call(
            "sagemaker",
            "UpdateModelPackage",
            ModelPackageArn=physical,
            CustomerMetadataPropertiesToRemove=sorted(gone) or None,
            AdditionalInferenceSpecificationsToAdd=added or None,
            **{name: properties.get(name) for name in UPDATED if name != ADDED and differs(properties, before, name)},
        )
        retag(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteModelPackage", ModelPackageName=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("sagemaker", "DescribeModelPackage", ModelPackageName=physical)
        return {
            "ModelPackageArn": physical,
            "CreationTime": found["CreationTime"].isoformat(),
            "ModelPackageStatus": found["ModelPackageStatus"],
        }


class EndpointConfig(Named):
    name = "AWS::SageMaker::EndpointConfig"
    named_by = "EndpointConfigName"
    kind = "EndpointConfig"


class Endpoint(Named):
    name = "AWS::SageMaker::Endpoint"
    named_by = "EndpointName"
    kind = "Endpoint"

    def create(self, at: At, properties: Properties) -> str:
        at.call(
            "sagemaker",
            "CreateEndpoint",
            EndpointName=self._name(at, properties),
            EndpointConfigName=name_of(properties["EndpointConfigName"]),
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
            config = name_of(properties["EndpointConfigName"])
            at.call("sagemaker", "UpdateEndpoint", EndpointName=self._name(at, properties), EndpointConfigName=config)
        retag(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteEndpoint", EndpointName=self._name(at, properties))

    def is_gone(self, at: At, physical: str) -> bool:
        return self._described(at, name_of(physical)) is None

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


def _specifications(properties: Properties) -> list[Any] | None:
    return [*properties.get("AdditionalInferenceSpecifications", ()), *properties.get(ADDED, ())] or None


def name_of(arn: str) -> str:
    """The name that an ARN ends with."""
    return arn.rpartition("/")[2]


TYPES = (Endpoint, EndpointConfig, Model, ModelPackage, ModelPackageGroup, Pipeline)
