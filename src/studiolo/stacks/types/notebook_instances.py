"""AWS::SageMaker: notebook instances and their lifecycle configurations. Ref is the ARN."""

from typing import Any

from studiolo.stacks.calling import Refused
from studiolo.stacks.types.base import At, NotUpdatable, Properties, changed, without
from studiolo.stacks.types.sagemaker import Named, name_of, retag

DISASSOCIATED = {
    "AcceleratorTypes": "DisassociateAcceleratorTypes",
    "AdditionalCodeRepositories": "DisassociateAdditionalCodeRepositories",
    "DefaultCodeRepository": "DisassociateDefaultCodeRepository",
    "LifecycleConfigName": "DisassociateLifecycleConfig",
}
"""What an update says of a property that a template has no more."""

CHANGEABLE = (
    *DISASSOCIATED, "InstanceMetadataServiceConfiguration", "InstanceType", "RoleArn", "RootAccess", "VolumeSizeInGB",
)  # fmt: skip


class NotebookInstance(Named):
    """One that is InService is stopped for a change, or to be deleted, as CloudFormation does it."""

    name = "AWS::SageMaker::NotebookInstance"
    named_by = "NotebookInstanceName"
    kind = "NotebookInstance"

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = self._described(at, name_of(physical))
        status = found["NotebookInstanceStatus"]
        if status == "Failed":
            raise Refused("NotStabilized", found.get("FailureReason", "The notebook instance failed."))
        if status == "Stopped":
            self._change(at, physical, properties)
        return bool(status == "InService")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = [name for name in changed(properties, before) if name != "Tags"]
        if fixed := [name for name in names if name not in CHANGEABLE]:
            raise NotUpdatable(self.name, ", ".join(fixed))
        retag(at, physical, properties, before)
        found = self._described(at, name_of(physical))
        if not names or all(_shown(found, name) == properties.get(name) for name in names):
            return
        if found["NotebookInstanceStatus"] == "InService":
            at.call("sagemaker", "StopNotebookInstance", NotebookInstanceName=name_of(physical))
        elif found["NotebookInstanceStatus"] == "Failed":
            self._change(at, physical, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        self.is_gone(at, physical)

    def is_gone(self, at: At, physical: str) -> bool:
        name = name_of(physical)
        found = self._described(at, name)
        if found is None:
            return True
        if found["NotebookInstanceStatus"] == "InService":
            at.call("sagemaker", "StopNotebookInstance", NotebookInstanceName=name)
        elif found["NotebookInstanceStatus"] in ("Stopped", "Failed"):
            at.call("sagemaker", "DeleteNotebookInstance", NotebookInstanceName=name)
        return False

    def _change(self, at: At, physical: str, properties: Properties) -> None:
        given = {name: properties.get(name) for name in CHANGEABLE}
        gone: dict[str, Any] = {asked: True for name, asked in DISASSOCIATED.items() if given[name] is None}
        name = name_of(physical)
        at.call("sagemaker", "UpdateNotebookInstance", NotebookInstanceName=name, **given, **gone)
        at.call("sagemaker", "StartNotebookInstance", NotebookInstanceName=name)


class NotebookInstanceLifecycleConfig(Named):
    name = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
    named_by = "NotebookInstanceLifecycleConfigName"
    kind = "NotebookInstanceLifecycleConfig"

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        scripts = {when: properties.get(when, []) for when in ("OnCreate", "OnStart")}
        if changed(without(properties, "Tags"), without(before, "Tags")):
            given = {"NotebookInstanceLifecycleConfigName": name_of(physical), **scripts}
            at.call("sagemaker", "UpdateNotebookInstanceLifecycleConfig", **given)
        retag(at, physical, properties, before)


def _shown(found: Any, name: str) -> Any:
    return found.get("NotebookInstanceLifecycleConfigName" if name == "LifecycleConfigName" else name)


TYPES = (NotebookInstance, NotebookInstanceLifecycleConfig)
