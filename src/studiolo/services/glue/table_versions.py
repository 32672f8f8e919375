"""AWS Glue: versions of tables."""

from typing import TYPE_CHECKING, Any

from studiolo.services.call import Call
from studiolo.services.glue.common import error_detail, next_token, number_after, scope_of
from studiolo.services.glue.service import glue
from studiolo.services.glue.tables import as_table, version_of

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100


@glue.operation
def batch_delete_table_version(call: Call, request: "shapes.BatchDeleteTableVersionRequestTypeDef") -> dict[str, Any]:
    versions = {version_of(text): text for text in request["VersionIds"]}
    failures = call.catalog.delete_table_versions(
        scope_of(call, request), request["DatabaseName"], request["TableName"], versions
    )
    return {
        "Errors": [
            {"TableName": request["TableName"], "VersionId": versions[version], "ErrorDetail": error_detail(error)}
            for version, error in failures.items()
        ]
    }


@glue.operation
def delete_table_version(call: Call, request: "shapes.DeleteTableVersionRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_table_version(
        scope_of(call, request), request["DatabaseName"], request["TableName"], version_of(request["VersionId"])
    )
    return {}


@glue.operation
def get_table_version(call: Call, request: "shapes.GetTableVersionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request)
    version = version_of(request["VersionId"]) if "VersionId" in request else None
    table = call.catalog.table_version(scope, request["DatabaseName"], request["TableName"], version)
    return {"TableVersion": {"Table": as_table(scope, table), "VersionId": str(table.version)}}


@glue.operation
def get_table_versions(call: Call, request: "shapes.GetTableVersionsRequestTypeDef") -> dict[str, Any]:
    """The newest first."""
    scope = scope_of(call, request)
    page = call.catalog.table_versions(
        scope,
        request["DatabaseName"],
        request["TableName"],
        number_after(request),
        request.get("MaxResults", DEFAULT_PAGE),
    )
    versions = [{"Table": as_table(scope, table), "VersionId": str(table.version)} for table in page.items]
    return {"TableVersions": versions, **next_token(page.next)}
