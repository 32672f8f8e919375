"""Amazon SageMaker: Studio's domains and user profiles."""

from typing import TYPE_CHECKING, Any

from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, kept, next_token, sagemaker, tags
from studiolo.services.sagemaker.studio_listing import as_moments, studio_listing
from studiolo.studio import Domain, UserProfile
from studiolo.studio.values import arn

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

DOMAIN = (
    "AuthMode", "DefaultUserSettings", "DomainSettings", "SubnetIds", "VpcId", "AppNetworkAccessType",
    "HomeEfsFileSystemKmsKeyId", "KmsKeyId", "AppSecurityGroupManagement", "HomeEfsFileSystemCreation",
    "TagPropagation", "DefaultSpaceSettings",
)  # fmt: skip
"""All but the execution roles is recorded only."""


@sagemaker.operation
def create_domain(call: Call, request: "shapes.CreateDomainRequestTypeDef") -> dict[str, Any]:
    domain = call.studio.domains.create(
        call.scope, call.principal, request["DomainName"], kept(request, DOMAIN), tags(call, request)
    )
    return {
        "DomainArn": arn(call.scope, "domain", domain.path),
        "DomainId": domain.path,
        "Url": call.studio.domains.opening.address(call.scope, domain.path),
    }


@sagemaker.operation
def create_presigned_domain_url(call: Call, request: "shapes.CreatePresignedDomainUrlRequestTypeDef") -> dict[str, Any]:
    url = call.studio.domains.opening.presigned(
        call.scope,
        request["DomainId"],
        request["UserProfileName"],
        request.get("SpaceName"),
        request.get("LandingUri"),
        request.get("ExpiresInSeconds", 300),
        request.get("SessionExpirationDurationInSeconds", 43200),
    )
    return {"AuthorizedUrl": url}


@sagemaker.operation
def create_user_profile(call: Call, request: "shapes.CreateUserProfileRequestTypeDef") -> dict[str, Any]:
    profile = call.studio.domains.create_profile(
        call.scope,
        call.principal,
        request["DomainId"],
        request["UserProfileName"],
        kept(request, ["UserSettings", "SingleSignOnUserIdentifier", "SingleSignOnUserValue"]),
        tags(call, request),
    )
    return {"UserProfileArn": arn(call.scope, "user-profile", profile.path)}


@sagemaker.operation
def delete_domain(call: Call, request: "shapes.DeleteDomainRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.delete(call.scope, request["DomainId"])
    return {}


@sagemaker.operation
def delete_user_profile(call: Call, request: "shapes.DeleteUserProfileRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.delete_profile(call.scope, request["DomainId"], request["UserProfileName"])
    return {}


@sagemaker.operation
def describe_domain(call: Call, request: "shapes.DescribeDomainRequestTypeDef") -> dict[str, Any]:
    domain = call.studio.domains.domain(call.scope, request["DomainId"])
    return {**as_domain(call, domain), **kept(domain.settings, DOMAIN)}


@sagemaker.operation
def describe_user_profile(call: Call, request: "shapes.DescribeUserProfileRequestTypeDef") -> dict[str, Any]:
    profile = call.studio.domains.profile(call.scope, request["DomainId"], request["UserProfileName"])
    shown = {"UserProfileArn": arn(call.scope, "user-profile", profile.path), **as_profile(profile)}
    return {**shown, **kept(profile.settings, ["UserSettings", "SingleSignOnUserIdentifier", "SingleSignOnUserValue"])}


@sagemaker.operation
def list_domains(call: Call, request: "shapes.ListDomainsRequestTypeDef") -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "domain", studio_listing(request, INVALID))
    return {"Domains": [as_domain(call, each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_user_profiles(call: Call, request: "shapes.ListUserProfilesRequestTypeDef") -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "user-profile", studio_listing(request, INVALID))
    return {"UserProfiles": [as_profile(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def update_domain(call: Call, request: "shapes.UpdateDomainRequestTypeDef") -> dict[str, Any]:
    changes = kept(request, DOMAIN)
    if "DomainSettingsForUpdate" in request:
        changes["DomainSettings"] = request["DomainSettingsForUpdate"]
    domain = call.studio.domains.update(call.scope, call.principal, request["DomainId"], changes)
    return {"DomainArn": arn(call.scope, "domain", domain.path)}


@sagemaker.operation
def update_user_profile(call: Call, request: "shapes.UpdateUserProfileRequestTypeDef") -> dict[str, Any]:
    profile = call.studio.domains.update_profile(
        call.scope, call.principal, request["DomainId"], request["UserProfileName"], kept(request, ["UserSettings"])
    )
    return {"UserProfileArn": arn(call.scope, "user-profile", profile.path)}


def as_domain(call: Call, domain: Domain) -> dict[str, Any]:
    return {
        "DomainArn": arn(domain.scope, "domain", domain.path),
        "DomainId": domain.path,
        "DomainName": domain.settings["DomainName"],
        "Url": call.studio.domains.opening.address(domain.scope, domain.path),
        **as_moments(domain),
    }


def as_profile(profile: UserProfile) -> dict[str, Any]:
    return {"DomainId": profile.domain, "UserProfileName": profile.name, **as_moments(profile)}
