"""Amazon SageMaker: MLflow tracking servers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.mlflow import TrackingServer
from studiolo.mlflow.program import VERSION
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import kept, listing, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

SETTINGS = (
    "ArtifactStoreUri", "TrackingServerSize", "AutomaticModelRegistration", "WeeklyMaintenanceWindowStart",
    "S3BucketOwnerAccountId", "S3BucketOwnerVerification",
)  # fmt: skip
"""All but the first is recorded only."""

DEFAULTS = {"TrackingServerSize": "Small", "AutomaticModelRegistration": False}


@sagemaker.operation
def create_mlflow_tracking_server(
    call: Call, request: "shapes.CreateMlflowTrackingServerRequestTypeDef"
) -> dict[str, Any]:
    settings = {**DEFAULTS, **kept(request, [*SETTINGS, "MlflowVersion"]), "role": request["RoleArn"]}
    name = request["TrackingServerName"]
    return _named(call.studio.mlflow.create(call.scope, call.principal, name, settings, tags(call, request)))


@sagemaker.operation
def create_presigned_mlflow_tracking_server_url(
    call: Call, request: "shapes.CreatePresignedMlflowTrackingServerUrlRequestTypeDef"
) -> dict[str, Any]:
    url = call.studio.mlflow.opening.presigned(
        call.scope,
        request["TrackingServerName"],
        request.get("ExpiresInSeconds", 300),
        request.get("SessionExpirationDurationInSeconds", 43200),
    )
    return {"AuthorizedUrl": url}


@sagemaker.operation
def delete_mlflow_tracking_server(
    call: Call, request: "shapes.DeleteMlflowTrackingServerRequestTypeDef"
) -> dict[str, Any]:
    return _named(call.studio.mlflow.delete(call.scope, request["TrackingServerName"]))


@sagemaker.operation
def describe_mlflow_tracking_server(
    call: Call, request: "shapes.DescribeMlflowTrackingServerRequestTypeDef"
) -> dict[str, Any]:
    server = call.studio.mlflow.get(call.scope, request["TrackingServerName"])
    return {
        **_summary(server),
        **kept(server.settings, SETTINGS),
        "RoleArn": server.role,
        "TrackingServerUrl": call.studio.mlflow.opening.address(server),
        "CreatedBy": by(server.settings["by"]),
        "LastModifiedBy": by(server.settings["changed_by"]),
    }


@sagemaker.operation
def list_mlflow_tracking_servers(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    wanted = replace(
        listing(request, descending=True),
        status=request.get("TrackingServerStatus"),
        created_after=request.get("CreatedAfter"),
        created_before=request.get("CreatedBefore"),
    )
    page = call.studio.mlflow.page(call.scope, wanted, request.get("MlflowVersion"))
    return {"TrackingServerSummaries": [_summary(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def start_mlflow_tracking_server(
    call: Call, request: "shapes.StartMlflowTrackingServerRequestTypeDef"
) -> dict[str, Any]:
    return _named(call.studio.mlflow.begin(call.scope, call.principal, request["TrackingServerName"]))


@sagemaker.operation
def stop_mlflow_tracking_server(call: Call, request: "shapes.StopMlflowTrackingServerRequestTypeDef") -> dict[str, Any]:
    return _named(call.studio.mlflow.stop(call.scope, call.principal, request["TrackingServerName"]))


@sagemaker.operation
def update_mlflow_tracking_server(
    call: Call, request: "shapes.UpdateMlflowTrackingServerRequestTypeDef"
) -> dict[str, Any]:
    changes = kept(request, SETTINGS)
    return _named(call.studio.mlflow.update(call.scope, call.principal, request["TrackingServerName"], changes))


def _named(server: TrackingServer) -> dict[str, Any]:
    return {"TrackingServerArn": server.arn}


def _summary(server: TrackingServer) -> dict[str, Any]:
    return {
        "TrackingServerArn": server.arn,
        "TrackingServerName": server.name,
        "CreationTime": server.created,
        "LastModifiedTime": server.changed,
        "TrackingServerStatus": server.status,
        "IsActive": "Active" if server.active else "Inactive",
        "MlflowVersion": VERSION,
    }


def by(who: Any) -> Mapping[str, Any]:
    arn, identifier = who
    return {"IamIdentity": {"Arn": arn, "PrincipalId": identifier}}
