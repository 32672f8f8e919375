"""Amazon CloudWatch: dashboards, which are kept and given back."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import Invalid, NotFound, Scope
from studiolo.services.call import Call
from studiolo.services.cloudwatch.service import after, cloudwatch, next_token

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import (
        DeleteDashboardsInputTypeDef,
        GetDashboardInputTypeDef,
        ListDashboardsInputTypeDef,
        PutDashboardInputTypeDef,
    )


@cloudwatch.operation
def delete_dashboards(call: Call, request: "DeleteDashboardsInputTypeDef") -> dict[str, Any]:
    try:
        call.studio.metrics.dashboards.delete(call.scope, *request["DashboardNames"])
    except NotFound as error:
        raise ServiceError("ResourceNotFound", str(error)) from error
    return {}


@cloudwatch.operation
def get_dashboard(call: Call, request: "GetDashboardInputTypeDef") -> dict[str, Any]:
    try:
        found = call.studio.metrics.dashboards.get(call.scope, request["DashboardName"])
    except NotFound as error:
        raise ServiceError("ResourceNotFound", str(error)) from error
    return {"DashboardArn": _arn(call.scope, found.name), "DashboardBody": found.body, "DashboardName": found.name}


@cloudwatch.operation
def list_dashboards(call: Call, request: "ListDashboardsInputTypeDef") -> dict[str, Any]:
    page = call.studio.metrics.dashboards.list(call.scope, request.get("DashboardNamePrefix", ""), after(request), 1000)
    return {
        "DashboardEntries": [
            {
                "DashboardName": each.name,
                "DashboardArn": _arn(call.scope, each.name),
                "LastModified": each.changed,
                "Size": len(each.body.encode()),
            }
            for each in page.items
        ],
        **next_token(page),
    }


@cloudwatch.operation
def put_dashboard(call: Call, request: "PutDashboardInputTypeDef") -> dict[str, Any]:
    try:
        call.studio.metrics.dashboards.put(call.scope, request["DashboardName"], request["DashboardBody"])
    except Invalid as error:
        raise ServiceError("InvalidParameterInput", str(error)) from error
    return {"DashboardValidationMessages": []}


def _arn(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:cloudwatch::{scope.account}:dashboard/{name}"
