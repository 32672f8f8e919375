"""AWS Lake Formation: granting, revoking and listing permissions; opt-ins."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from studiolo.domain import Denied, DomainError, Invalid
from studiolo.governance import Kind, OptIn, Resource, Wanted
from studiolo.services.call import Call
from studiolo.services.lakeformation.resources import (
    as_grant,
    as_principal,
    as_resource,
    to_principal,
    to_resource,
)
from studiolo.services.lakeformation.service import (
    lakeformation,
    next_token,
    numbered,
    paging,
    scope_of,
    shared_scope_of,
)

if TYPE_CHECKING:
    from mypy_boto3_lakeformation import type_defs as shapes

DEFAULT_PAGE = 1000

KINDS: Mapping[str, frozenset[Kind]] = {
    "CATALOG": frozenset({Kind.CATALOG}),
    "DATABASE": frozenset({Kind.DATABASE}),
    "TABLE": frozenset({Kind.TABLE, Kind.COLUMNS, Kind.FILTER}),
    "DATA_LOCATION": frozenset({Kind.LOCATION}),
    "LF_TAG": frozenset({Kind.TAG}),
    "LF_TAG_POLICY": frozenset({Kind.POLICY}),
    "LF_TAG_POLICY_DATABASE": frozenset({Kind.POLICY}),
    "LF_TAG_POLICY_TABLE": frozenset({Kind.POLICY}),
    "LF_NAMED_TAG_EXPRESSION": frozenset({Kind.EXPRESSION}),
    "USER_DEFINED_FUNCTION": frozenset(),
}
"""The kinds of resources of each ResourceType of a list; ANY_RESOURCE is none of these."""

_TYPES = {"LF_TAG_POLICY_DATABASE": "DATABASE", "LF_TAG_POLICY_TABLE": "TABLE"}

Change = Callable[..., None]


@lakeformation.operation
def batch_grant_permissions(call: Call, request: "shapes.BatchGrantPermissionsRequestTypeDef") -> dict[str, Any]:
    return _batch(call, request, call.studio.lake.grant)


@lakeformation.operation
def batch_revoke_permissions(call: Call, request: "shapes.BatchRevokePermissionsRequestTypeDef") -> dict[str, Any]:
    return _batch(call, request, call.studio.lake.revoke)


@lakeformation.operation
def create_lake_formation_opt_in(
    call: Call, request: "shapes.CreateLakeFormationOptInRequestTypeDef"
) -> dict[str, Any]:
    scope, wanted = _opt_in(call, request)
    call.studio.lake.opt_in(scope, wanted)
    return {}


@lakeformation.operation
def delete_lake_formation_opt_in(
    call: Call, request: "shapes.DeleteLakeFormationOptInRequestTypeDef"
) -> dict[str, Any]:
    call.studio.lake.opt_out(*_opt_in(call, request))
    return {}


@lakeformation.operation
def get_data_lake_principal(call: Call, _request: Any) -> dict[str, Any]:
    return {"Identity": call.principal.identity_arn}


@lakeformation.operation
def get_effective_permissions_for_path(
    call: Call, request: "shapes.GetEffectivePermissionsForPathRequestTypeDef"
) -> dict[str, Any]:
    scope = scope_of(call, request.get("CatalogId"))
    page = call.studio.lake.permissions_for_path(
        scope, request["ResourceArn"], call.principal, **paging(request, DEFAULT_PAGE)
    )
    return {"Permissions": [as_grant(scope, each) for each in page.items], **next_token(page)}


@lakeformation.operation
def grant_permissions(call: Call, request: "shapes.GrantPermissionsRequestTypeDef") -> dict[str, Any]:
    _change(call, request, request.get("CatalogId"), call.studio.lake.grant)
    return {}


@lakeformation.operation
def list_lake_formation_opt_ins(call: Call, request: "shapes.ListLakeFormationOptInsRequestTypeDef") -> dict[str, Any]:
    scope, resource = call.scope, None
    if "Resource" in request:
        scope, resource = to_resource(call, request["Resource"])
    who = request.get("Principal", {}).get("DataLakePrincipalIdentifier")
    found = [
        each
        for each in call.studio.lake.opt_ins(scope)
        if who in (None, each.principal) and (resource is None or resource == each.resource)
    ]
    page = numbered(found, request, DEFAULT_PAGE)
    shown = [
        {
            "Principal": as_principal(each.principal),
            "Resource": as_resource(scope, each.resource),
            "LastModified": each.modified,
            "LastUpdatedBy": each.updated_by,
        }
        for each in page.items
    ]
    return {"LakeFormationOptInsInfoList": shown, **next_token(page)}


@lakeformation.operation
def list_permissions(call: Call, request: "shapes.ListPermissionsRequestTypeDef") -> dict[str, Any]:
    scope = shared_scope_of(call, request.get("CatalogId"))
    resource: Resource | None = None
    if "Resource" in request:
        scope, resource = to_resource(call, request["Resource"], request.get("CatalogId"), shared=True)
    related = str(request.get("IncludeRelated", "")).upper() == "TRUE"
    if related and "Principal" in request:
        raise Invalid("Leave out Principal: IncludeRelated lists the permissions of all on a table.")
    asked: str | None = request.get("ResourceType")
    kind = None if asked == "ANY_RESOURCE" else asked
    wanted = Wanted(
        request.get("Principal", {}).get("DataLakePrincipalIdentifier"),
        None if kind is None else KINDS[kind],
        _TYPES.get(kind or ""),
        resource,
        related,
    )
    page = call.studio.lake.permissions(scope, wanted, call.principal, **paging(request, DEFAULT_PAGE))
    return {"PrincipalResourcePermissions": [as_grant(scope, each) for each in page.items], **next_token(page)}


@lakeformation.operation
def revoke_permissions(call: Call, request: "shapes.RevokePermissionsRequestTypeDef") -> dict[str, Any]:
    _change(call, request, request.get("CatalogId"), call.studio.lake.revoke)
    return {}


def _change(call: Call, asked: Mapping[str, Any], catalog: str | None, change: Change) -> None:
    if asked.get("Condition"):
        raise Invalid("A Condition of a grant is not supported by Studiolo: nothing would enforce it.")
    if "Resource" not in asked:
        raise Invalid("Resource cannot be null")
    scope, resource = to_resource(call, asked["Resource"], catalog, shared=True)
    change(
        scope,
        call.principal,
        to_principal(asked.get("Principal")),
        resource,
        asked.get("Permissions") or (),
        asked.get("PermissionsWithGrantOption") or (),
    )


def _batch(call: Call, request: Mapping[str, Any], change: Change) -> dict[str, Any]:
    failures = []
    for entry in request["Entries"]:
        try:
            _change(call, entry, request.get("CatalogId"), change)
        except DomainError as error:
            said = lakeformation.error(error)
            failures.append({"RequestEntry": entry, "Error": {"ErrorCode": said.code, "ErrorMessage": said.message}})
    return {"Failures": failures}


def _opt_in(call: Call, request: Mapping[str, Any]) -> tuple[Any, OptIn]:
    """Raises Invalid, and Denied: who has opted in must not get past Lake Formation by taking that back.

    "Currently, only a data lake administrator role can opt in principals" (Hybrid access mode considerations).
    """
    if request.get("Condition"):
        raise Invalid("A Condition of an opt-in is not supported by Studiolo: nothing would enforce it.")
    scope, resource = to_resource(call, request["Resource"])
    if not call.studio.lake.is_admin(scope, call.principal):
        raise Denied(
            "Insufficient Lake Formation permission(s): only data lake administrators opt principals in or out."
        )
    return scope, OptIn(to_principal(request["Principal"]), resource, updated_by=call.principal.arn)
