"""Amazon CloudWatch Logs: tasks that export events to S3."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.logs.exports import ExportTask
from studiolo.services.call import Call
from studiolo.services.logs.service import as_milliseconds, logs, next_token, paging

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        CancelExportTaskRequestTypeDef,
        CreateExportTaskRequestTypeDef,
        DescribeExportTasksRequestTypeDef,
    )


@logs.operation
def cancel_export_task(call: Call, request: "CancelExportTaskRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.exports.cancel(call.scope, request["taskId"])
    return {}


@logs.operation
def create_export_task(call: Call, request: "CreateExportTaskRequestTypeDef") -> dict[str, Any]:
    # boto3 calls it fromTime, Python's word being taken; on the wire it is not.
    given: Mapping[str, Any] = request
    task = call.studio.logs.exports.create(
        call.scope,
        request["logGroupName"],
        given["from"],
        given["to"],
        request["destination"],
        name=request.get("taskName"),
        prefix=request.get("destinationPrefix"),
        stream_prefix=request.get("logStreamNamePrefix", ""),
    )
    return {"taskId": task}


@logs.operation
def describe_export_tasks(call: Call, request: "DescribeExportTasksRequestTypeDef") -> dict[str, Any]:
    page = call.studio.logs.exports.list(
        call.scope, identifier=request.get("taskId"), status=request.get("statusCode"), **paging(request)
    )
    return {"exportTasks": [as_task(task) for task in page.items], **next_token(page)}


def as_task(task: ExportTask) -> dict[str, Any]:
    completed = {} if task.completed is None else {"completionTime": as_milliseconds(task.completed)}
    shown = {
        "taskId": task.id,
        "taskName": task.name,
        "logGroupName": task.group,
        "from": task.start,
        "to": task.end,
        "destination": task.bucket,
        "destinationPrefix": task.prefix,
        "status": {"code": task.status, **({} if task.message is None else {"message": task.message})},
        "executionInfo": {"creationTime": as_milliseconds(task.created), **completed},
    }
    return {name: value for name, value in shown.items() if value is not None}
