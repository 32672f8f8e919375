"""Application Auto Scaling: scheduled actions."""

from typing import Any

from studiolo.scaling import ScheduledAction
from studiolo.services.application_autoscaling.service import (
    Request,
    application_autoscaling,
    as_resource,
    has_none,
    next_token,
    paging,
    resource_of,
)
from studiolo.services.call import Call


@application_autoscaling.operation
def delete_scheduled_action(call: Call, request: Request) -> dict[str, Any]:
    call.studio.scaling.delete_schedule(resource_of(call, request), request["ScheduledActionName"])
    return {}


@application_autoscaling.operation
def describe_scheduled_actions(call: Call, request: Request) -> dict[str, Any]:
    if has_none(request):
        return {"ScheduledActions": []}
    names = request.get("ScheduledActionNames")
    page = call.studio.scaling.schedules(call.scope, request.get("ResourceId"), names, *paging(request))
    return {"ScheduledActions": [_as_action(action) for action in page.items], **next_token(page)}


@application_autoscaling.operation
def put_scheduled_action(call: Call, request: Request) -> dict[str, Any]:
    bounds = request.get("ScalableTargetAction", {})
    call.studio.scaling.put_schedule(
        ScheduledAction(
            resource_of(call, request),
            request["ScheduledActionName"],
            schedule=request.get("Schedule", ""),
            timezone=request.get("Timezone"),
            start=request.get("StartTime"),
            end=request.get("EndTime"),
            least=bounds.get("MinCapacity"),
            most=bounds.get("MaxCapacity"),
        )
    )
    return {}


def _as_action(action: ScheduledAction) -> dict[str, Any]:
    bounds = {"MinCapacity": action.least, "MaxCapacity": action.most}
    known = {"Timezone": action.timezone, "StartTime": action.start, "EndTime": action.end}
    return {
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        **as_resource(action.resource),
        "Schedule": action.schedule,
        **{name: value for name, value in known.items() if value is not None},
        "ScalableTargetAction": {name: value for name, value in bounds.items() if value is not None},
        "CreationTime": action.created,
    }
