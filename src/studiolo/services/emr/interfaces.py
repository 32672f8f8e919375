"""Amazon EMR: persistent and on-cluster application interfaces, which are Spark's pages."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import Conflict, Invalid
from studiolo.services.call import Call
from studiolo.services.emr.service import REQUEST, as_tags, emr, refuse, tags

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        CreatePersistentAppUIInputTypeDef,
        DescribePersistentAppUIInputTypeDef,
        GetOnClusterAppUIPresignedURLInputTypeDef,
        GetPersistentAppUIPresignedURLInputTypeDef,
    )

KIND = "SHS"
"""Spark's history server: the one persistent interface that is here."""


@emr.operation
def create_persistent_app_ui(call: Call, request: "CreatePersistentAppUIInputTypeDef") -> dict[str, Any]:
    refuse(request, ["EMRContainersConfig"], "CreatePersistentAppUI")
    _check(request.get("ProfilerType"))
    cluster = request["TargetResourceArn"].rpartition(":cluster/")[2]
    made = call.studio.clusters.interfaces.create(call.scope, cluster, call.principal.arn, tags(call, request))
    roles = call.studio.clusters.cluster(call.scope, cluster).asked.runtime_roles
    return {"PersistentAppUIId": made.id, "RuntimeRoleEnabledCluster": roles is not None}


@emr.operation
def describe_persistent_app_ui(call: Call, request: "DescribePersistentAppUIInputTypeDef") -> dict[str, Any]:
    found = call.studio.clusters.interfaces.get(call.scope, request["PersistentAppUIId"])
    shown = {
        "PersistentAppUIId": found.id,
        "PersistentAppUITypeList": [KIND],
        "PersistentAppUIStatus": "ATTACHED",
        "AuthorId": found.author,
        "CreationTime": found.created,
        "LastModifiedTime": found.created,
        "Tags": as_tags(found.tags),
    }
    return {"PersistentAppUI": shown}


@emr.operation
def get_on_cluster_app_ui_presigned_url(
    call: Call, request: "GetOnClusterAppUIPresignedURLInputTypeDef"
) -> dict[str, Any]:
    kind, application = request.get("OnClusterAppUIType") or "SparkHistoryServer", request.get("ApplicationId")
    asked = request["ClusterId"], kind, application, request.get("ExecutionRoleArn")
    try:
        link = call.studio.clusters.interfaces.link(call.scope, *asked)
    except (Conflict, Invalid) as error:
        raise ServiceError(REQUEST, str(error)) from error
    return {"PresignedURLReady": True, **({} if request.get("DryRun") else {"PresignedURL": link})}


@emr.operation
def get_persistent_app_ui_presigned_url(
    call: Call, request: "GetPersistentAppUIPresignedURLInputTypeDef"
) -> dict[str, Any]:
    _check(request.get("PersistentAppUIType"))
    asked = request["PersistentAppUIId"], request.get("ApplicationId"), request.get("ExecutionRoleArn")
    link = call.studio.clusters.interfaces.persistent_link(call.scope, *asked)
    return {"PresignedURLReady": True, "PresignedURL": link}


def _check(kind: str | None) -> None:
    if kind not in (None, KIND):
        raise ServiceError(REQUEST, f"{kind} is not supported by Studiolo: {KIND}, Spark's history server, is.")
