"""Amazon CloudWatch Logs: groups and their tags."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.aws.errors import ServiceError
from studiolo.domain import Scope
from studiolo.logs import LogGroup
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, as_milliseconds, group_name, logs, next_token, paging

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        CreateLogGroupRequestTypeDef,
        DeleteLogGroupRequestTypeDef,
        DeleteRetentionPolicyRequestTypeDef,
        DescribeLogGroupsRequestTypeDef,
        ListTagsForResourceRequestTypeDef,
        ListTagsLogGroupRequestTypeDef,
        PutRetentionPolicyRequestTypeDef,
        TagLogGroupRequestTypeDef,
        TagResourceRequestTypeDef,
        UntagLogGroupRequestTypeDef,
        UntagResourceRequestTypeDef,
    )


@logs.operation
def create_log_group(call: Call, request: "CreateLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.create(
        call.scope,
        request["logGroupName"],
        kms_key=request.get("kmsKeyId"),
        kind=request.get("logGroupClass", "STANDARD"),
        tags=request.get("tags"),
    )
    return {}


@logs.operation
def delete_log_group(call: Call, request: "DeleteLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.delete(call.scope, request["logGroupName"])
    return {}


@logs.operation
def delete_retention_policy(call: Call, request: "DeleteRetentionPolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.set_retention(call.scope, request["logGroupName"], None)
    return {}


@logs.operation
def describe_log_groups(call: Call, request: "DescribeLogGroupsRequestTypeDef") -> dict[str, Any]:
    if "logGroupNamePrefix" in request and "logGroupNamePattern" in request:
        raise ServiceError(INVALID, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    named = request.get("logGroupIdentifiers")
    if named is not None and request.keys() & {"logGroupNamePrefix", "logGroupNamePattern", "accountIdentifiers"}:
        raise ServiceError(INVALID, "logGroupIdentifiers cannot be given with a name prefix, a pattern or accounts.")
    page = call.studio.logs.groups.list(
        call.scope,
        prefix=request.get("logGroupNamePrefix", ""),
        containing=request.get("logGroupNamePattern", ""),
        kind=request.get("logGroupClass"),
        names=None if named is None else [group_name(name) for name in named],
        **paging(request),
    )
    return {"logGroups": [as_group(call.scope, group) for group in page.items], **next_token(page)}


@logs.operation
def list_tags_for_resource(call: Call, request: "ListTagsForResourceRequestTypeDef") -> dict[str, Any]:
    return {"tags": call.studio.logs.groups.get(call.scope, group_name(request["resourceArn"])).tags}


@logs.operation
def list_tags_log_group(call: Call, request: "ListTagsLogGroupRequestTypeDef") -> dict[str, Any]:
    return {"tags": call.studio.logs.groups.get(call.scope, request["logGroupName"]).tags}


@logs.operation
def put_retention_policy(call: Call, request: "PutRetentionPolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.set_retention(call.scope, request["logGroupName"], request["retentionInDays"])
    return {}


@logs.operation
def tag_log_group(call: Call, request: "TagLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.tag(call.scope, request["logGroupName"], request["tags"])
    return {}


@logs.operation
def tag_resource(call: Call, request: "TagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.tag(call.scope, group_name(request["resourceArn"]), request["tags"])
    return {}


@logs.operation
def untag_log_group(call: Call, request: "UntagLogGroupRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.untag(call.scope, request["logGroupName"], request["tags"])
    return {}


@logs.operation
def untag_resource(call: Call, request: "UntagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.groups.untag(call.scope, group_name(request["resourceArn"]), request["tagKeys"])
    return {}


def as_group(scope: Scope, group: LogGroup) -> dict[str, Any]:
    group_arn = arn("logs", scope.region, scope.account, f"log-group:{group.name}")
    shown = {
        "logGroupName": group.name,
        "creationTime": as_milliseconds(group.created),
        "retentionInDays": group.retention_days,
        "metricFilterCount": group.metric_filters,
        "arn": f"{group_arn}:*",
        "storedBytes": group.stored_bytes,
        "kmsKeyId": group.kms_key,
        "logGroupClass": group.kind,
        "logGroupArn": group_arn,
    }
    return {name: value for name, value in shown.items() if value is not None}
