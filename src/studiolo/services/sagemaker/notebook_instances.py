"""Amazon SageMaker: notebook instances and their lifecycle configurations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.paging import decode_token
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.service import INVALID, kept, next_token, refuse, sagemaker, tags
from studiolo.studio import Listing, NotebookInstance, NotebookLifecycleConfig
from studiolo.studio.values import arn

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

SETTINGS = (
    "InstanceType", "SubnetId", "SecurityGroupIds", "IpAddressType", "RoleArn", "KmsKeyId", "LifecycleConfigName",
    "DirectInternetAccess", "VolumeSizeInGB", "AcceleratorTypes", "DefaultCodeRepository",
    "AdditionalCodeRepositories", "RootAccess", "PlatformIdentifier", "InstanceMetadataServiceConfiguration",
)  # fmt: skip
"""All but the role, the lifecycle configuration and the repository is recorded only."""

DEFAULTS = {
    "DirectInternetAccess": "Enabled",
    "VolumeSizeInGB": 5,
    "RootAccess": "Enabled",
    "PlatformIdentifier": "notebook-al2-v3",
    "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
}
DROPPED = {
    "DisassociateLifecycleConfig": "LifecycleConfigName",
    "DisassociateAcceleratorTypes": "AcceleratorTypes",
    "DisassociateDefaultCodeRepository": "DefaultCodeRepository",
    "DisassociateAdditionalCodeRepositories": "AdditionalCodeRepositories",
}
"""What an update takes away, by the members that ask for it."""

SCRIPTS = ("OnCreate", "OnStart")
PASSING = frozenset({"Pending", "Stopping", "Deleting", "Updating"})


@sagemaker.operation
def create_notebook_instance(call: Call, request: "shapes.CreateNotebookInstanceInputTypeDef") -> dict[str, Any]:
    name, settings = request["NotebookInstanceName"], {**DEFAULTS, **kept(request, SETTINGS)}
    made = call.studio.domains.notebooks.create(call.scope, call.principal, name, settings, tags(call, request))
    return {"NotebookInstanceArn": arn(call.scope, made.kind, made.path)}


@sagemaker.operation
def create_notebook_instance_lifecycle_config(
    call: Call, request: "shapes.CreateNotebookInstanceLifecycleConfigInputTypeDef"
) -> dict[str, Any]:
    name = request["NotebookInstanceLifecycleConfigName"]
    made = call.studio.domains.notebooks.create_config(call.scope, name, kept(request, SCRIPTS), tags(call, request))
    return {"NotebookInstanceLifecycleConfigArn": arn(call.scope, made.kind, made.path)}


@sagemaker.operation
def create_presigned_notebook_instance_url(
    call: Call, request: "shapes.CreatePresignedNotebookInstanceUrlInputTypeDef"
) -> dict[str, Any]:
    lasts = request.get("SessionExpirationDurationInSeconds", 43200)
    opening = call.studio.domains.opening_notebooks
    return {"AuthorizedUrl": opening.presigned(call.scope, request["NotebookInstanceName"], lasts)}


@sagemaker.operation
def delete_notebook_instance(call: Call, request: "shapes.DeleteNotebookInstanceInputTypeDef") -> dict[str, Any]:
    call.studio.domains.notebooks.delete(call.scope, request["NotebookInstanceName"])
    return {}


@sagemaker.operation
def delete_notebook_instance_lifecycle_config(
    call: Call, request: "shapes.DeleteNotebookInstanceLifecycleConfigInputTypeDef"
) -> dict[str, Any]:
    call.studio.domains.notebooks.delete_config(call.scope, request["NotebookInstanceLifecycleConfigName"])
    return {}


@sagemaker.patient(
    Patience("notebook-instance", "NotebookInstanceName", ("NotebookInstanceStatus",), PASSING, seconds=5)
)
def describe_notebook_instance(call: Call, request: "shapes.DescribeNotebookInstanceInputTypeDef") -> dict[str, Any]:
    notebook = call.studio.domains.notebooks.get(call.scope, request["NotebookInstanceName"])
    shown = {**_summary(call, notebook), **kept(notebook.settings, SETTINGS)}
    shown["SecurityGroups"] = shown.pop("SecurityGroupIds", [])
    shown.pop("LifecycleConfigName", None)
    if notebook.failure is not None:
        shown["FailureReason"] = notebook.failure
    return shown


@sagemaker.operation
def describe_notebook_instance_lifecycle_config(
    call: Call, request: "shapes.DescribeNotebookInstanceLifecycleConfigInputTypeDef"
) -> dict[str, Any]:
    config = call.studio.domains.notebooks.config(call.scope, request["NotebookInstanceLifecycleConfigName"])
    return {**_config(config), **kept(config.settings, SCRIPTS)}


@sagemaker.operation
def list_notebook_instance_lifecycle_configs(
    call: Call, request: "shapes.ListNotebookInstanceLifecycleConfigsInputTypeDef"
) -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "notebook-instance-lifecycle-config", _listing(request))
    return {"NotebookInstanceLifecycleConfigs": [_config(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_notebook_instances(call: Call, request: "shapes.ListNotebookInstancesInputTypeDef") -> dict[str, Any]:
    refuse(request, ["AdditionalCodeRepositoryEquals"], "ListNotebookInstances")
    page = call.studio.domains.page(call.scope, "notebook-instance", _listing({"SortBy": "Name", **request}))
    return {"NotebookInstances": [_summary(call, each) for each in page.items], **next_token(page)}


@sagemaker.operation
def start_notebook_instance(call: Call, request: "shapes.StartNotebookInstanceInputTypeDef") -> dict[str, Any]:
    call.studio.domains.notebooks.start(call.scope, request["NotebookInstanceName"])
    return {}


@sagemaker.operation
def stop_notebook_instance(call: Call, request: "shapes.StopNotebookInstanceInputTypeDef") -> dict[str, Any]:
    call.studio.domains.notebooks.stop(call.scope, request["NotebookInstanceName"])
    return {}


@sagemaker.operation
def update_notebook_instance(call: Call, request: "shapes.UpdateNotebookInstanceInputTypeDef") -> dict[str, Any]:
    dropped = frozenset(name for asked, name in DROPPED.items() if request.get(asked))
    changes = kept(request, SETTINGS)
    call.studio.domains.notebooks.update(call.scope, call.principal, request["NotebookInstanceName"], changes, dropped)
    return {}


@sagemaker.operation
def update_notebook_instance_lifecycle_config(
    call: Call, request: "shapes.UpdateNotebookInstanceLifecycleConfigInputTypeDef"
) -> dict[str, Any]:
    name = request["NotebookInstanceLifecycleConfigName"]
    call.studio.domains.notebooks.update_config(call.scope, name, kept(request, SCRIPTS))
    return {}


def _summary(call: Call, notebook: NotebookInstance) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NotebookInstanceArn": arn(notebook.scope, notebook.kind, notebook.path),
        "NotebookInstanceName": notebook.name,
        "NotebookInstanceStatus": notebook.status,
        "Url": call.studio.domains.opening_notebooks.address(notebook),
        "InstanceType": notebook.settings["InstanceType"],
        "CreationTime": notebook.created,
        "LastModifiedTime": notebook.changed,
        **kept(notebook.settings, ["DefaultCodeRepository", "AdditionalCodeRepositories"]),
    }
    if "LifecycleConfigName" in notebook.settings:
        shown["NotebookInstanceLifecycleConfigName"] = notebook.settings["LifecycleConfigName"]
    return shown


def _config(config: NotebookLifecycleConfig) -> dict[str, Any]:
    return {
        "NotebookInstanceLifecycleConfigArn": arn(config.scope, config.kind, config.path),
        "NotebookInstanceLifecycleConfigName": config.name,
        "CreationTime": config.created,
        "LastModifiedTime": config.changed,
    }


def _listing(request: Mapping[str, Any]) -> Listing:
    token, having = request.get("NextToken"), []
    for asked, name in (
        ("NotebookInstanceLifecycleConfigNameContains", "LifecycleConfigName"),
        ("DefaultCodeRepositoryContains", "DefaultCodeRepository"),
    ):
        if asked in request:
            having.append((name, request[asked]))
    return Listing(
        contains=request.get("NameContains"),
        status=request.get("StatusEquals"),
        created=(request.get("CreationTimeAfter"), request.get("CreationTimeBefore")),
        changed=(request.get("LastModifiedTimeAfter"), request.get("LastModifiedTimeBefore")),
        having=tuple(having),
        by_name=request.get("SortBy") == "Name",
        by_status=request.get("SortBy") == "Status",
        by_change=request.get("SortBy") == "LastModifiedTime",
        descending=request.get("SortOrder", "Descending") == "Descending",
        after=decode_token(token, INVALID) if token else None,
        limit=request.get("MaxResults", 10),
    )
