"""Amazon SageMaker: MLflow apps, which are tracking servers without sizes, that are neither stopped nor started."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studiolo.mlflow import TrackingServer
from studiolo.mlflow.program import VERSION
from studiolo.services.call import Call
from studiolo.services.sagemaker.mlflow_servers import by
from studiolo.services.sagemaker.service import kept, listing, next_token, sagemaker, tags

SETTINGS = (
    "ArtifactStoreUri", "ModelRegistrationMode", "WeeklyMaintenanceWindowStart", "AccountDefaultStatus",
    "DefaultDomainIdList", "KmsKeyId",
)  # fmt: skip
"""All but the first is recorded only."""

DEFAULTS = {"ModelRegistrationMode": "AutoModelRegistrationDisabled", "AccountDefaultStatus": "DISABLED"}


@sagemaker.operation
def create_mlflow_app(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**DEFAULTS, **kept(request, SETTINGS), "role": request["RoleArn"]}
    made = call.studio.mlflow.create(
        call.scope, call.principal, request["Name"], settings, tags(call, request), app=True
    )
    return {"Arn": made.arn}


@sagemaker.operation
def create_presigned_mlflow_app_url(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    url = call.studio.mlflow.opening.presigned(
        call.scope,
        _app(call, request).name,
        request.get("ExpiresInSeconds", 300),
        request.get("SessionExpirationDurationInSeconds", 43200),
    )
    return {"AuthorizedUrl": url}


@sagemaker.operation
def delete_mlflow_app(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"Arn": call.studio.mlflow.delete(call.scope, _app(call, request).name).arn}


@sagemaker.operation
def describe_mlflow_app(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    app = _app(call, request)
    return {
        **_summary(app),
        **kept(app.settings, SETTINGS),
        "RoleArn": app.role,
        "CreatedBy": by(app.settings["by"]),
        "LastModifiedBy": by(app.settings["changed_by"]),
    }


@sagemaker.operation
def list_mlflow_apps(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    wanted = replace(
        listing(request, descending=True),
        status=request.get("Status"),
        created_after=request.get("CreatedAfter"),
        created_before=request.get("CreatedBefore"),
    )
    defaults = kept(request, ["AccountDefaultStatus"])
    if "DefaultForDomainId" in request:
        defaults["DefaultDomainIdList"] = request["DefaultForDomainId"]
    page = call.studio.mlflow.page(call.scope, wanted, request.get("MlflowVersion"), defaults)
    return {"Summaries": [_summary(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def update_mlflow_app(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    app = _app(call, request)
    if changes := kept(request, SETTINGS):
        app = call.studio.mlflow.update(call.scope, call.principal, app.name, changes)
    if "Name" in request:
        app = call.studio.mlflow.rename(app, request["Name"])
    return {"Arn": app.arn}


def _app(call: Call, request: Mapping[str, Any]) -> TrackingServer:
    return call.studio.mlflow.app(call.scope, request["Arn"])


def _summary(app: TrackingServer) -> dict[str, Any]:
    return {
        "Arn": app.arn,
        "Name": app.title,
        "Status": app.status,
        "CreationTime": app.created,
        "LastModifiedTime": app.changed,
        "MlflowVersion": VERSION,
    }
