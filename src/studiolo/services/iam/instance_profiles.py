"""AWS IAM: instance profiles."""

from typing import TYPE_CHECKING, Any

from studiolo.identity import InstanceProfile
from studiolo.services.call import Call
from studiolo.services.iam.roles import as_listed_role
from studiolo.services.iam.service import iam, marker, paging, tags, with_tags

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        AddRoleToInstanceProfileRequestTypeDef,
        CreateInstanceProfileRequestTypeDef,
        DeleteInstanceProfileRequestTypeDef,
        GetInstanceProfileRequestTypeDef,
        ListInstanceProfilesForRoleRequestTypeDef,
        ListInstanceProfilesRequestTypeDef,
        RemoveRoleFromInstanceProfileRequestTypeDef,
    )


@iam.operation
def add_role_to_instance_profile(call: Call, request: "AddRoleToInstanceProfileRequestTypeDef") -> dict[str, Any]:
    call.identity.instance_profiles.add_role(request["InstanceProfileName"], request["RoleName"])
    return {}


@iam.operation
def create_instance_profile(call: Call, request: "CreateInstanceProfileRequestTypeDef") -> dict[str, Any]:
    profile = call.identity.instance_profiles.create(
        request["InstanceProfileName"], request.get("Path", "/"), tags(request)
    )
    return {"InstanceProfile": as_instance_profile(profile)}


@iam.operation
def delete_instance_profile(call: Call, request: "DeleteInstanceProfileRequestTypeDef") -> dict[str, Any]:
    call.identity.instance_profiles.delete(request["InstanceProfileName"])
    return {}


@iam.at_once
@iam.operation
def get_instance_profile(call: Call, request: "GetInstanceProfileRequestTypeDef") -> dict[str, Any]:
    profile = call.identity.instance_profiles.get(request["InstanceProfileName"])
    return {"InstanceProfile": as_instance_profile(profile)}


@iam.operation
def list_instance_profiles(call: Call, request: "ListInstanceProfilesRequestTypeDef") -> dict[str, Any]:
    page = call.identity.instance_profiles.list(request.get("PathPrefix", "/"), **paging(request))
    return {"InstanceProfiles": [as_listed_profile(profile) for profile in page.items], **marker(page)}


@iam.operation
def list_instance_profiles_for_role(call: Call, request: "ListInstanceProfilesForRoleRequestTypeDef") -> dict[str, Any]:
    page = call.identity.instance_profiles.of_role(request["RoleName"], **paging(request))
    return {"InstanceProfiles": [as_listed_profile(profile) for profile in page.items], **marker(page)}


@iam.operation
def remove_role_from_instance_profile(
    call: Call, request: "RemoveRoleFromInstanceProfileRequestTypeDef"
) -> dict[str, Any]:
    call.identity.instance_profiles.remove_role(request["InstanceProfileName"], request["RoleName"])
    return {}


def as_listed_profile(profile: InstanceProfile) -> dict[str, Any]:
    """A profile as lists show it: without tags."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [] if profile.role is None else [as_listed_role(profile.role)],
    }


def as_instance_profile(profile: InstanceProfile) -> dict[str, Any]:
    return with_tags(as_listed_profile(profile), profile.tags)
