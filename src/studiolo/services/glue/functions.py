"""AWS Glue: user-defined functions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.catalog import Function, Resource
from studiolo.domain import Scope
from studiolo.services.call import Call
from studiolo.services.glue.common import after, given, next_token, scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100


@glue.operation
def create_user_defined_function(
    call: Call, request: "shapes.CreateUserDefinedFunctionRequestTypeDef"
) -> dict[str, Any]:
    function = to_function(request["FunctionInput"], "")
    call.catalog.create_function(scope_of(call, request), request["DatabaseName"], function)
    return {}


@glue.operation
def delete_user_defined_function(
    call: Call, request: "shapes.DeleteUserDefinedFunctionRequestTypeDef"
) -> dict[str, Any]:
    call.catalog.delete_function(scope_of(call, request), request["DatabaseName"], request["FunctionName"])
    return {}


@glue.operation
def get_user_defined_function(call: Call, request: "shapes.GetUserDefinedFunctionRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request)
    function = call.catalog.function(scope, request["DatabaseName"], request["FunctionName"])
    return {"UserDefinedFunction": as_function(scope, function)}


@glue.operation
def get_user_defined_functions(call: Call, request: "shapes.GetUserDefinedFunctionsRequestTypeDef") -> dict[str, Any]:
    scope = scope_of(call, request)
    page = call.catalog.functions(
        scope,
        request.get("DatabaseName"),
        request["Pattern"],
        after(request),
        request.get("MaxResults", DEFAULT_PAGE),
    )
    return {
        "UserDefinedFunctions": [as_function(scope, function) for function in page.items],
        **next_token(page.next),
    }


@glue.operation
def update_user_defined_function(
    call: Call, request: "shapes.UpdateUserDefinedFunctionRequestTypeDef"
) -> dict[str, Any]:
    name = request["FunctionName"]
    function = to_function(request["FunctionInput"], name)
    call.catalog.update_function(scope_of(call, request), request["DatabaseName"], name, function)
    return {}


def to_function(asked: Mapping[str, Any], name: str) -> Function:
    return Function(
        name=asked.get("FunctionName", name),
        class_name=asked.get("ClassName"),
        owner=asked.get("OwnerName"),
        owner_type=asked.get("OwnerType"),
        type=asked.get("FunctionType"),
        resources=tuple(
            Resource(each.get("ResourceType", "JAR"), each.get("Uri", "")) for each in asked.get("ResourceUris") or ()
        ),
        artifact_location=asked.get("ArtifactLocation"),
        governance_mode=asked.get("GovernanceMode"),
    )


def as_function(scope: Scope, function: Function) -> dict[str, Any]:
    shown = {
        "FunctionName": function.name,
        "DatabaseName": function.database,
        "ClassName": function.class_name,
        "OwnerName": function.owner,
        "OwnerType": function.owner_type,
        "FunctionType": function.type,
        "CreateTime": function.created,
        "ResourceUris": [{"ResourceType": each.kind, "Uri": each.uri} for each in function.resources],
        "ArtifactLocation": function.artifact_location,
        "GovernanceMode": function.governance_mode,
        "CatalogId": scope.account,
    }
    return given(shown)
