"""Amazon EventBridge Scheduler: schedules that start pipelines, and their groups."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.scheduler import GROUP, Group, Schedule
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]
INVALID = "ValidationException"

scheduler = Service(
    "scheduler",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: "ConflictException",
        Conflict: "ConflictException",
        Invalid: INVALID,
        Denied: "AccessDeniedException",
        LimitExceeded: "ServiceQuotaExceededException",
    },
)

SETTINGS = (
    "ScheduleExpression", "ScheduleExpressionTimezone", "Description", "State", "KmsKeyArn", "Target",
    "FlexibleTimeWindow", "ActionAfterCompletion",
)  # fmt: skip
"""A key, a retry policy and a flexible window are recorded only: everything is done when it is due, once."""

DEFAULTS = {"State": "ENABLED", "ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE"}
MOMENTS = ("StartDate", "EndDate")


@scheduler.operation
def create_schedule(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.scheduler.create(
        call.scope, call.principal, request.get("GroupName", GROUP), request["Name"], _settings(request)
    )
    return {"ScheduleArn": made.arn}


@scheduler.operation
def create_schedule_group(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
    return {"ScheduleGroupArn": call.studio.scheduler.create_group(call.scope, request["Name"], tags).arn}


@scheduler.operation
def delete_schedule(call: Call, request: Request) -> dict[str, Any]:
    call.studio.scheduler.delete(call.scope, request.get("GroupName", GROUP), request["Name"])
    return {}


@scheduler.operation
def delete_schedule_group(call: Call, request: Request) -> dict[str, Any]:
    call.studio.scheduler.delete_group(call.scope, request["Name"])
    return {}


@scheduler.operation
def get_schedule(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.scheduler.get(call.scope, request.get("GroupName", GROUP), request["Name"])
    shown = {**_summary(found), **{name: found.settings[name] for name in SETTINGS if name in found.settings}}
    return {**shown, **{name: value for name, value in zip(MOMENTS, (found.start, found.end), strict=True) if value}}


@scheduler.operation
def get_schedule_group(call: Call, request: Request) -> dict[str, Any]:
    return _as_group(call.studio.scheduler.group(call.scope, request["Name"]))


@scheduler.operation
def list_schedule_groups(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.scheduler.groups(call.scope, request.get("NamePrefix"), *_place(request))
    return {"ScheduleGroups": [_as_group(each) for each in found.items], **_next(found)}


@scheduler.operation
def list_schedules(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.scheduler.schedules(
        call.scope, request.get("GroupName"), request.get("NamePrefix"), request.get("State"), *_place(request)
    )
    return {"Schedules": [_listed(each) for each in found.items], **_next(found)}


@scheduler.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.scheduler.group(call.scope, _group_of(request)).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@scheduler.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    call.studio.scheduler.tag(call.scope, _group_of(request), tags)
    return {}


@scheduler.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.scheduler.tag(call.scope, _group_of(request), {}, frozenset(request["TagKeys"]))
    return {}


@scheduler.operation
def update_schedule(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.scheduler.update(
        call.scope, call.principal, request.get("GroupName", GROUP), request["Name"], _settings(request)
    )
    return {"ScheduleArn": made.arn}


def _settings(request: Request) -> dict[str, Any]:
    """What is kept of a request: moments in seconds since 1970."""
    given = {name: request[name] for name in SETTINGS if name in request}
    return {**DEFAULTS, **given, **{name: request[name].timestamp() for name in MOMENTS if name in request}}


def _summary(schedule: Schedule) -> dict[str, Any]:
    return {
        "Arn": schedule.arn,
        "Name": schedule.name,
        "GroupName": schedule.group,
        "State": schedule.settings["State"],
        "CreationDate": schedule.created,
        "LastModificationDate": schedule.changed,
    }


def _listed(schedule: Schedule) -> dict[str, Any]:
    return {**_summary(schedule), "Target": {"Arn": schedule.target["Arn"]}}


def _as_group(group: Group) -> dict[str, Any]:
    return {
        "Arn": group.arn,
        "Name": group.name,
        "State": "ACTIVE",
        "CreationDate": group.created,
        "LastModificationDate": group.changed,
    }


def _group_of(request: Request) -> str:
    arn = str(request["ResourceArn"])
    if ":schedule-group/" not in arn:
        raise ServiceError(INVALID, f"{arn} is no schedule group: others have no tags.")
    return arn.partition(":schedule-group/")[2]


def _place(request: Request) -> tuple[str | None, int]:
    token = request.get("NextToken")
    return decode_token(token, INVALID) if token else None, request.get("MaxResults", 100)


def _next(found: Page[Any]) -> dict[str, str]:
    return {} if found.next is None else {"NextToken": encode_token(found.next)}
