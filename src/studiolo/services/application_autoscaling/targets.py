"""Application Auto Scaling: scalable targets, and what was done to them."""

from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.scaling import Activity, Target
from studiolo.services.application_autoscaling.service import (
    INVALID,
    Request,
    application_autoscaling,
    as_resource,
    has_none,
    next_token,
    paging,
    require_scaling,
    resource_of,
)
from studiolo.services.call import Call

SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@application_autoscaling.operation
def deregister_scalable_target(call: Call, request: Request) -> dict[str, Any]:
    call.studio.scaling.deregister(resource_of(call, request))
    return {}


@application_autoscaling.operation
def describe_scalable_targets(call: Call, request: Request) -> dict[str, Any]:
    if has_none(request):
        return {"ScalableTargets": []}
    page = call.studio.scaling.targets(call.scope, request.get("ResourceIds"), *paging(request))
    return {"ScalableTargets": [_as_target(target) for target in page.items], **next_token(page)}


@application_autoscaling.operation
def describe_scaling_activities(call: Call, request: Request) -> dict[str, Any]:
    if has_none(request):
        return {"ScalingActivities": []}
    page = call.studio.scaling.activities(call.scope, request.get("ResourceId"), *paging(request))
    return {"ScalingActivities": [_as_activity(activity) for activity in page.items], **next_token(page)}


@application_autoscaling.operation
def register_scalable_target(call: Call, request: Request) -> dict[str, Any]:
    if request.get("Tags"):
        raise ServiceError(INVALID, "Tags of scalable targets are not supported by Studiolo.")
    resource = resource_of(call, request)
    require_scaling(call, resource)
    target = call.studio.scaling.register(
        resource,
        least=request.get("MinCapacity"),
        most=request.get("MaxCapacity"),
        role=request.get("RoleARN"),
        suspended=request.get("SuspendedState"),
    )
    return {"ScalableTargetARN": target.arn}


def _as_target(target: Target) -> dict[str, Any]:
    return {
        **as_resource(target.resource),
        "MinCapacity": target.least,
        "MaxCapacity": target.most,
        "RoleARN": target.role,
        "CreationTime": target.created,
        "SuspendedState": {name: target.suspended.get(name, False) for name in SUSPENDED},
        "ScalableTargetARN": target.arn,
    }


def _as_activity(activity: Activity) -> dict[str, Any]:
    return {
        "ActivityId": activity.id,
        **as_resource(activity.resource),
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.started,
        **({} if activity.ended is None else {"EndTime": activity.ended}),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
    }
