"""AWS IAM: roles and their tags."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from studiolo.identity import Role, RoleSettings
from studiolo.services.call import Call
from studiolo.services.iam.service import as_document, as_tags, cut, iam, marker, paging, tags

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        CreateRoleRequestTypeDef,
        DeleteRolePermissionsBoundaryRequestTypeDef,
        DeleteRoleRequestTypeDef,
        GetRoleRequestTypeDef,
        ListInstanceProfilesForRoleRequestTypeDef,
        ListRolesRequestTypeDef,
        ListRoleTagsRequestTypeDef,
        PutRolePermissionsBoundaryRequestTypeDef,
        TagRoleRequestTypeDef,
        UntagRoleRequestTypeDef,
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
        tags=tags(request),
    )
    role = call.studio.identity.roles.create(
        request["RoleName"], request["AssumeRolePolicyDocument"], request.get("Path", "/"), settings
    )
    return {"Role": as_role(role)}


@iam.operation
def delete_role(call: Call, request: "DeleteRoleRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.delete(request["RoleName"])
    return {}


@iam.operation
def delete_role_permissions_boundary(
    call: Call, request: "DeleteRolePermissionsBoundaryRequestTypeDef"
) -> dict[str, Any]:
    _change(call, request["RoleName"], boundary=None)
    return {}


@iam.operation
def get_role(call: Call, request: "GetRoleRequestTypeDef") -> dict[str, Any]:
    return {"Role": as_role(call.studio.identity.roles.get(request["RoleName"]))}


@iam.operation
def list_instance_profiles_for_role(call: Call, request: "ListInstanceProfilesForRoleRequestTypeDef") -> dict[str, Any]:
    """No role is in an instance profile: Studiolo has none."""
    call.studio.identity.roles.get(request["RoleName"])
    return {"InstanceProfiles": [], "IsTruncated": False}


@iam.operation
def list_role_tags(call: Call, request: "ListRoleTagsRequestTypeDef") -> dict[str, Any]:
    role = call.studio.identity.roles.get(request["RoleName"])
    page = cut(as_tags(dict(sorted(role.settings.tags.items()))), lambda tag: tag["Key"], **paging(request))
    return {"Tags": page.items, **marker(page)}


@iam.operation
def list_roles(call: Call, request: "ListRolesRequestTypeDef") -> dict[str, Any]:
    page = call.studio.identity.roles.list(request.get("PathPrefix", "/"), **paging(request))
    return {"Roles": [as_listed_role(role) for role in page.items], **marker(page)}


@iam.operation
def put_role_permissions_boundary(call: Call, request: "PutRolePermissionsBoundaryRequestTypeDef") -> dict[str, Any]:
    _change(call, request["RoleName"], boundary=request["PermissionsBoundary"])
    return {}


@iam.operation
def tag_role(call: Call, request: "TagRoleRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.tag(request["RoleName"], tags(request))
    return {}


@iam.operation
def untag_role(call: Call, request: "UntagRoleRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.untag(request["RoleName"], request["TagKeys"])
    return {}


@iam.operation
def update_assume_role_policy(call: Call, request: "UpdateAssumeRolePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.update_trust(request["RoleName"], request["PolicyDocument"])
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
    roles = call.studio.identity.roles
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
    shown = {**as_listed_role(role), "Tags": as_tags(role.settings.tags)}
    if role.settings.boundary is not None:
        shown["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": role.settings.boundary,
        }
    return shown
