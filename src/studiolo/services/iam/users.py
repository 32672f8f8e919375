"""AWS IAM: users, their access keys and groups."""

from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.identity import AccessKey, Group, Kind, User, UserKey
from studiolo.services.call import Call
from studiolo.services.iam.roles import as_boundary
from studiolo.services.iam.service import iam, marker, paging, tags, with_tags

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        AddUserToGroupRequestTypeDef,
        CreateAccessKeyRequestTypeDef,
        CreateGroupRequestTypeDef,
        CreateUserRequestTypeDef,
        DeleteAccessKeyRequestTypeDef,
        DeleteGroupRequestTypeDef,
        DeleteUserPermissionsBoundaryRequestTypeDef,
        DeleteUserRequestTypeDef,
        GetAccessKeyLastUsedRequestTypeDef,
        GetGroupRequestTypeDef,
        GetUserRequestTypeDef,
        ListAccessKeysRequestTypeDef,
        ListGroupsForUserRequestTypeDef,
        ListGroupsRequestTypeDef,
        ListUsersRequestTypeDef,
        PutUserPermissionsBoundaryRequestTypeDef,
        RemoveUserFromGroupRequestTypeDef,
        UpdateAccessKeyRequestTypeDef,
        UpdateGroupRequestTypeDef,
        UpdateUserRequestTypeDef,
    )

STATUS = {True: "Active", False: "Inactive"}


@iam.operation
def add_user_to_group(call: Call, request: "AddUserToGroupRequestTypeDef") -> dict[str, Any]:
    call.identity.groups.add_user(request["GroupName"], request["UserName"])
    return {}


@iam.operation
def create_access_key(call: Call, request: "CreateAccessKeyRequestTypeDef") -> dict[str, Any]:
    user = user_named(call, request.get("UserName"))
    key = call.identity.access_keys.create(user)
    shown = as_key(UserKey(key.id, user, True, call.identity.users.get(user).created))
    return {"AccessKey": {**shown, "SecretAccessKey": key.secret, "CreateDate": key.created}}


@iam.operation
def create_group(call: Call, request: "CreateGroupRequestTypeDef") -> dict[str, Any]:
    return {"Group": as_group(call.identity.groups.create(request["GroupName"], request.get("Path", "/")))}


@iam.operation
def create_user(call: Call, request: "CreateUserRequestTypeDef") -> dict[str, Any]:
    user = call.identity.users.create(
        request["UserName"], request.get("Path", "/"), request.get("PermissionsBoundary"), tags(request)
    )
    return {"User": as_user(user)}


@iam.operation
def delete_access_key(call: Call, request: "DeleteAccessKeyRequestTypeDef") -> dict[str, Any]:
    call.identity.access_keys.delete(user_named(call, request.get("UserName")), request["AccessKeyId"])
    return {}


@iam.operation
def delete_group(call: Call, request: "DeleteGroupRequestTypeDef") -> dict[str, Any]:
    call.identity.groups.delete(request["GroupName"])
    return {}


@iam.operation
def delete_user(call: Call, request: "DeleteUserRequestTypeDef") -> dict[str, Any]:
    call.identity.users.delete(request["UserName"])
    return {}


@iam.operation
def delete_user_permissions_boundary(
    call: Call, request: "DeleteUserPermissionsBoundaryRequestTypeDef"
) -> dict[str, Any]:
    call.identity.users.set_boundary(request["UserName"], None)
    return {}


@iam.operation
def get_access_key_last_used(call: Call, request: "GetAccessKeyLastUsedRequestTypeDef") -> dict[str, Any]:
    identity, key = call.identity, request["AccessKeyId"]
    user = identity.access_keys.owner(key)
    used = identity.uses.last(key)
    if used is None:
        return {"UserName": user, "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    shown = {"LastUsedDate": used.moment, "ServiceName": used.service, "Region": used.region}
    return {"UserName": user, "AccessKeyLastUsed": shown}


@iam.operation
def get_group(call: Call, request: "GetGroupRequestTypeDef") -> dict[str, Any]:
    groups = call.identity.groups
    page = groups.users(request["GroupName"], **paging(request))
    group = as_group(groups.get(request["GroupName"]))
    return {"Group": group, "Users": [as_listed_user(user) for user in page.items], **marker(page)}


@iam.at_once
@iam.operation
def get_user(call: Call, request: "GetUserRequestTypeDef") -> dict[str, Any]:
    caller = call.principal
    if "UserName" not in request and caller.is_root:
        user = {"Path": "/", "UserName": "root", "UserId": caller.user_id, "Arn": caller.arn}
        return {"User": {**user, "CreateDate": call.identity.root.created}}
    return {"User": as_user(call.identity.users.get(user_named(call, request.get("UserName"))))}


@iam.operation
def list_access_keys(call: Call, request: "ListAccessKeysRequestTypeDef") -> dict[str, Any]:
    identity = call.identity
    if "UserName" not in request and call.principal.is_root:
        return {"AccessKeyMetadata": [as_root_key(identity.root)], "IsTruncated": False}
    page = identity.access_keys.list(user_named(call, request.get("UserName")), **paging(request))
    return {"AccessKeyMetadata": [as_key(key) for key in page.items], **marker(page)}


@iam.operation
def list_groups(call: Call, request: "ListGroupsRequestTypeDef") -> dict[str, Any]:
    page = call.identity.groups.list(request.get("PathPrefix", "/"), **paging(request))
    return {"Groups": [as_group(group) for group in page.items], **marker(page)}


@iam.operation
def list_groups_for_user(call: Call, request: "ListGroupsForUserRequestTypeDef") -> dict[str, Any]:
    page = call.identity.groups.of_user(request["UserName"], **paging(request))
    return {"Groups": [as_group(group) for group in page.items], **marker(page)}


@iam.operation
def list_users(call: Call, request: "ListUsersRequestTypeDef") -> dict[str, Any]:
    page = call.identity.users.list(request.get("PathPrefix", "/"), **paging(request))
    return {"Users": [as_listed_user(user) for user in page.items], **marker(page)}


@iam.operation
def put_user_permissions_boundary(call: Call, request: "PutUserPermissionsBoundaryRequestTypeDef") -> dict[str, Any]:
    call.identity.users.set_boundary(request["UserName"], request["PermissionsBoundary"])
    return {}


@iam.operation
def remove_user_from_group(call: Call, request: "RemoveUserFromGroupRequestTypeDef") -> dict[str, Any]:
    call.identity.groups.remove_user(request["GroupName"], request["UserName"])
    return {}


@iam.operation
def update_access_key(call: Call, request: "UpdateAccessKeyRequestTypeDef") -> dict[str, Any]:
    active = request["Status"] == "Active"
    user = user_named(call, request.get("UserName"))
    call.identity.access_keys.set_active(user, request["AccessKeyId"], active)
    return {}


@iam.operation
def update_group(call: Call, request: "UpdateGroupRequestTypeDef") -> dict[str, Any]:
    call.identity.groups.rename(request["GroupName"], request.get("NewGroupName"), request.get("NewPath"))
    return {}


@iam.operation
def update_user(call: Call, request: "UpdateUserRequestTypeDef") -> dict[str, Any]:
    call.identity.users.rename(request["UserName"], request.get("NewUserName"), request.get("NewPath"))
    return {}


def user_named(call: Call, name: str | None) -> str:
    """The user that a request is about: the one it names, else the one who makes it. Raises ValidationError."""
    if name is not None:
        return name
    if call.principal.kind is not Kind.USER:
        raise Invalid("Must specify userName when calling with non-User credentials")
    return call.identity.users.of_ids([call.principal.user_id])[0].name


def as_listed_user(user: User) -> dict[str, Any]:
    """A user as ListUsers shows it: without tags and boundary."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }


def as_user(user: User) -> dict[str, Any]:
    return with_tags({**as_listed_user(user), **as_boundary(user.boundary)}, user.tags)


def as_group(group: Group) -> dict[str, Any]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def as_key(key: UserKey) -> dict[str, Any]:
    return {
        "UserName": key.user,
        "AccessKeyId": key.id,
        "Status": STATUS[key.active],
        "CreateDate": key.created,
    }


def as_root_key(key: AccessKey) -> dict[str, Any]:
    return {"AccessKeyId": key.id, "Status": STATUS[True], "CreateDate": key.created}
