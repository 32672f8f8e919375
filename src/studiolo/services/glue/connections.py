"""AWS Glue: connections to data sources."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.catalog import Connection
from studiolo.domain import Invalid, Scope
from studiolo.services.call import Call
from studiolo.services.glue.common import after, denied, error_detail, given, next_token, scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
KNOWN = ("Name", "Description", "ConnectionType", "MatchCriteria", "ConnectionProperties")
NOT_SHOWN = ("ValidateCredentials", "ValidateForComputeEnvironments")
SECRET = "PASSWORD"  # noqa: S105 (what the keys of secret properties end with)


@glue.operation
def batch_delete_connection(call: Call, request: "shapes.BatchDeleteConnectionRequestTypeDef") -> dict[str, Any]:
    gone, failures = call.catalog.delete_connections(scope_of(call, request), request["ConnectionNameList"])
    return {"Succeeded": gone, "Errors": {name: error_detail(error) for name, error in failures.items()}}


@glue.operation
def create_connection(call: Call, request: "shapes.CreateConnectionRequestTypeDef") -> dict[str, Any]:
    connection = replace(to_connection(request["ConnectionInput"]), updated_by=call.principal.arn)
    call.catalog.create_connection(scope_of(call, request), connection, request.get("Tags"))
    return {"CreateConnectionStatus": "READY"}


@glue.operation
def delete_connection(call: Call, request: "shapes.DeleteConnectionRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_connection(scope_of(call, request), request["ConnectionName"])
    return {}


@glue.operation
def get_connection(call: Call, request: "shapes.GetConnectionRequestTypeDef") -> dict[str, Any]:
    connection = call.catalog.connection(scope_of(call, request), request["Name"])
    shown = as_connection(connection, hide=request.get("HidePassword", False))
    own = shown.get(f"{request.get('ApplyOverrideForComputeEnvironment', '').capitalize()}Properties", {})
    return {"Connection": {**shown, "ConnectionProperties": {**shown["ConnectionProperties"], **own}}}


@glue.operation
def get_connections(call: Call, request: "shapes.GetConnectionsRequestTypeDef") -> dict[str, Any]:
    wanted = request.get("Filter", {})
    if wanted.get("ConnectionSchemaVersion", 1) != 1:
        return {"ConnectionList": []}
    scope = scope_of(call, request)
    page = call.catalog.connections(
        scope,
        kind=wanted.get("ConnectionType"),
        match_criteria=wanted.get("MatchCriteria", ()),
        after=after(request),
        limit=request.get("MaxResults", DEFAULT_PAGE),
    )
    hide = request.get("HidePassword", False)
    # The catalog's right alone opens the list, which has passwords in it.
    shown = [each for each in page.items if not _is_denied(call, scope, each.name)]
    return {"ConnectionList": [as_connection(each, hide=hide) for each in shown], **next_token(page.next)}


def _is_denied(call: Call, scope: Scope, name: str) -> bool:
    return any(denied(call, scope, action, f"connection/{name}") for action in ("GetConnections", "GetConnection"))


@glue.operation
def test_connection(call: Call, request: "shapes.TestConnectionRequestTypeDef") -> dict[str, Any]:
    """Answers when the connection has been made, and fails with the reason why it could not be."""
    asked = request.get("TestConnectionInput")
    if ("ConnectionName" in request) == (asked is not None):
        raise Invalid("Give either ConnectionName or TestConnectionInput.")
    connection = request["ConnectionName"] if asked is None else to_connection({"Name": "to test", **asked})
    call.catalog.test_connection(scope_of(call, request), connection)
    return {}


@glue.operation
def update_connection(call: Call, request: "shapes.UpdateConnectionRequestTypeDef") -> dict[str, Any]:
    connection = replace(to_connection(request["ConnectionInput"]), updated_by=call.principal.arn)
    call.catalog.update_connection(scope_of(call, request), request["Name"], connection)
    return {}


def to_connection(asked: Mapping[str, Any]) -> Connection:
    return Connection(
        name=asked["Name"],
        type=asked["ConnectionType"],
        description=asked.get("Description"),
        match_criteria=tuple(asked.get("MatchCriteria") or ()),
        properties=asked["ConnectionProperties"],
        recorded={name: value for name, value in asked.items() if name not in (*KNOWN, *NOT_SHOWN)},
    )


def as_connection(connection: Connection, *, hide: bool) -> dict[str, Any]:
    """Without what is secret where it is to be hidden."""
    shown = {
        "Name": connection.name,
        "Description": connection.description,
        "ConnectionType": connection.type,
        "MatchCriteria": list(connection.match_criteria) or None,
        "ConnectionProperties": connection.properties,
        "CreationTime": connection.created,
        "LastUpdatedTime": connection.updated,
        "LastUpdatedBy": connection.updated_by,
        "Status": "READY",
        "ConnectionSchemaVersion": 1,
        **connection.recorded,
    }
    if hide:
        for name in (name for name in shown if name.endswith("Properties")):
            shown[name] = {key: value for key, value in shown[name].items() if not key.endswith(SECRET)}
    return given(shown)
