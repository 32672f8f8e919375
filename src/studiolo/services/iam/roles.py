"""AWS IAM: roles."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from studiolo.identity import Role, RoleSettings, Use, tags_of
from studiolo.services.call import Call
from studiolo.services.iam.service import as_document, iam, marker, paging, tags, with_tags

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        CreateRoleRequestTypeDef,
        DeleteRolePermissionsBoundaryRequestTypeDef,
        DeleteRoleRequestTypeDef,
        GetRoleRequestTypeDef,
        ListRolesRequestTypeDef,
        PutRolePermissionsBoundaryRequestTypeDef,
        UpdateAssumeRolePolicyRequestTypeDef,
        UpdateRoleDescriptionRequestTypeDef,
        UpdateRoleRequestTypeDef,
    )

DEFAULT_SECONDS = 3600


@iam.operation
def create_role(call: Call, request: "CreateRoleRequestTypeDef") -> dict[str, Any]:
    settings = RoleSettings(
        description=request.get("Description", ""),
        max_session=timedelta(seconds=request.get("MaxSessionDuration", DEFAULT_SECONDS)),
        boundary=request.get("PermissionsBoundary"),
        tags=tags_of(tags(request)),
    )
    role = call.identity.roles.create(
        request["RoleName"], request["AssumeRolePolicyDocument"], request.get("Path", "/"), settings
    )
    return {"Role": as_role(role)}


@iam.operation
def delete_role(call: Call, request: "DeleteRoleRequestTypeDef") -> dict[str, Any]:
    call.identity.roles.delete(request["RoleName"])
    return {}


@iam.operation
def delete_role_permissions_boundary(
    call: Call, request: "DeleteRolePermissionsBoundaryRequestTypeDef"
) -> dict[str, Any]:
    _change(call, request["RoleName"], boundary=None)
    return {}


@iam.at_once
@iam.operation
def get_role(call: Call, request: "GetRoleRequestTypeDef") -> dict[str, Any]:
    identity = call.identity
    role = identity.roles.get(request["RoleName"])
    return {"Role": {**as_role(role), "RoleLastUsed": as_use(identity.uses.last(role.id))}}


@iam.operation
def list_roles(call: Call, request: "ListRolesRequestTypeDef") -> dict[str, Any]:
    page = call.identity.roles.list(request.get("PathPrefix", "/"), **paging(request))
    return {"Roles": [as_listed_role(role) for role in page.items], **marker(page)}


@iam.operation
def put_role_permissions_boundary(call: Call, request: "PutRolePermissionsBoundaryRequestTypeDef") -> dict[str, Any]:
    _change(call, request["RoleName"], boundary=request["PermissionsBoundary"])
    return {}


@iam.operation
def update_assume_role_policy(call: Call, request: "UpdateAssumeRolePolicyRequestTypeDef") -> dict[str, Any]:
    call.identity.roles.update_trust(request["RoleName"], request["PolicyDocument"])
    return {}


@iam.operation
def update_role(call: Call, request: "UpdateRoleRequestTypeDef") -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "Description" in request:
        changes["description"] = request["Description"]
    if "MaxSessionDuration" in request:
        changes["max_session"] = timedelta(seconds=request["MaxSessionDuration"])
    _change(call, request["RoleName"], **changes)
    return {}


@iam.operation
def update_role_description(call: Call, request: "UpdateRoleDescriptionRequestTypeDef") -> dict[str, Any]:
    return {"Role": as_role(_change(call, request["RoleName"], description=request["Description"]))}


def _change(call: Call, name: str, **changes: Any) -> Role:
    roles = call.identity.roles
    return roles.update(name, replace(roles.get(name).settings, **changes))


def as_listed_role(role: Role) -> dict[str, Any]:
    """A role as ListRoles shows it: without tags and boundary."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": as_document(role.trust),
        "Description": role.settings.description,
        "MaxSessionDuration": int(role.settings.max_session.total_seconds()),
    }


def as_role(role: Role) -> dict[str, Any]:
    return with_tags({**as_listed_role(role), **as_boundary(role.settings.boundary)}, role.settings.tags)


def as_boundary(arn: str | None) -> dict[str, Any]:
    """The member that says which policy bounds a role or user, where one does."""
    if arn is None:
        return {}
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}}


def as_use(use: Use | None) -> dict[str, Any]:
    """When a role was used last: nothing where it never was."""
    return {} if use is None else {"LastUsedDate": use.moment, "Region": use.region}
