"""AWS::SageMaker: experiments, lineage, MLflow's servers, model cards, projects."""

import json
import re
from collections.abc import Mapping
from typing import Any

from studiolo.stacks.types.base import At, Properties, differs, existing
from studiolo.stacks.types.sagemaker import Named, name_of


class _Tracked(Named):
    """GetAtt calls its ARN `Arn`. Ref is the ARN."""

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, name_of(physical))
        return {"Arn": physical, **{name: found[name].isoformat() for name in ("CreationTime", "LastModifiedTime")}}


class Experiment(_Tracked):
    name = "AWS::SageMaker::Experiment"
    named_by = "ExperimentName"
    kind = "Experiment"
    changeable = ("DisplayName", "Description")


class TrialComponent(_Tracked):
    name = "AWS::SageMaker::TrialComponent"
    named_by = "TrialComponentName"
    kind = "TrialComponent"
    changeable = ("DisplayName", "Status", "Parameters", "InputArtifacts", "OutputArtifacts")
    maps = ("Parameters", "InputArtifacts", "OutputArtifacts")

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        told = super().attributes(at, physical, properties)
        return {"TrialComponentArn": told.pop("Arn"), **told}


class Action(_Tracked):
    name = "AWS::SageMaker::Action"
    named_by = "ActionName"
    kind = "Action"
    changeable = ("Description", "Status", "Properties")
    maps = ("Properties",)


class Context(_Tracked):
    name = "AWS::SageMaker::Context"
    named_by = "ContextName"
    kind = "Context"
    changeable = ("Description", "Properties")
    maps = ("Properties",)


class Artifact(_Tracked):
    """Known by what it is of, not by a name: one is found again by the URI of its source."""

    name = "AWS::SageMaker::Artifact"
    kind = "Artifact"
    changeable = ("ArtifactName", "Properties")
    maps = ("Properties",)

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call("sagemaker", "CreateArtifact", **properties)["ArtifactArn"])

    def find(self, at: At, properties: Properties) -> str | None:
        asked = {"SourceUri": properties["Source"]["SourceUri"], "ArtifactType": properties["ArtifactType"]}
        found = at.call("sagemaker", "ListArtifacts", **asked)["ArtifactSummaries"]
        return str(found[0]["ArtifactArn"]) if found else None

    def custom_name(self, properties: Properties) -> str | None:
        # One of the same source that is there already is another's.
        return str(properties["Source"]["SourceUri"])

    def _which(self, physical: str) -> dict[str, str]:
        return {"ArtifactArn": physical}

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, physical)
        return {"Arn": physical, **{name: found[name].isoformat() for name in ("CreationTime", "LastModifiedTime")}}


class MlflowTrackingServer(Named):
    """Ref is the name."""

    name = "AWS::SageMaker::MlflowTrackingServer"
    named_by = "TrackingServerName"
    kind = "MlflowTrackingServer"
    stem = "TrackingServer"
    by_name = True
    changeable = (
        "ArtifactStoreUri", "AutomaticModelRegistration", "TrackingServerSize", "WeeklyMaintenanceWindowStart",
    )  # fmt: skip
    status = "TrackingServerStatus"


class ModelCard(Named):
    """Ref is the name."""

    name = "AWS::SageMaker::ModelCard"
    named_by = "ModelCardName"
    kind = "ModelCard"
    by_name = True

    def create(self, at: At, properties: Properties) -> str:
        return super().create(at, {**properties, "Content": _content(properties["Content"])})

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        # It is asked for one of them at a time.
        if differs(properties, before, "Content"):
            content = _content(properties["Content"])
            at.call("sagemaker", "UpdateModelCard", **self._which(physical), Content=content)
        if differs(properties, before, "ModelCardStatus"):
            status = properties["ModelCardStatus"]
            at.call("sagemaker", "UpdateModelCard", **self._which(physical), ModelCardStatus=status)
        same = {name: properties[name] for name in ("Content", "ModelCardStatus")}
        super().update(at, physical, properties, {**before, **same})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, physical)
        times = {name: found[name].isoformat() for name in ("CreationTime", "LastModifiedTime")}
        return {"ModelCardArn": found["ModelCardArn"], "ModelCardVersion": found["ModelCardVersion"], **times}


class Project(Named):
    """What a product of Service Catalog makes. Ref is the ARN."""

    name = "AWS::SageMaker::Project"
    named_by = "ProjectName"
    kind = "Project"
    status = "ProjectStatus"

    def create(self, at: At, properties: Properties) -> str:
        # A list that is empty is as good as none.
        given = {**properties, "TemplateProviders": properties.get("TemplateProviderDetails") or None}
        given.pop("TemplateProviderDetails", None)
        return super().create(at, given)

    def is_gone(self, at: At, physical: str) -> bool:
        found = existing(at.call, service="sagemaker", operation="DescribeProject", **self._which(physical))
        if found is None or found["ProjectStatus"] == "DeleteCompleted":
            return True
        self._check(found)
        return False

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, name_of(physical))
        told = {name: found[name] for name in ("ProjectArn", "ProjectId", "ProjectStatus")}
        return {**told, "CreationTime": found["CreationTime"].isoformat()}


def _content(value: Any) -> str:
    """The content of a model card as its own schema has it, in snake case: templates have it as they have everything."""

    def spelled(node: Any) -> Any:
        if isinstance(node, list):
            return [spelled(each) for each in node]
        if not isinstance(node, Mapping):
            return node
        # The keys of custom details are people's own.
        return {
            re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): each if name == "CustomDetails" else spelled(each)
            for name, each in node.items()
        }

    return value if isinstance(value, str) else json.dumps(spelled(value))


TYPES = (Action, Artifact, Context, Experiment, MlflowTrackingServer, ModelCard, Project, TrialComponent)
