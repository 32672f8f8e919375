"""Amazon SageMaker: Studio's spaces, and the apps in them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, kept, next_token, sagemaker, tags
from studiolo.services.sagemaker.studio_listing import as_moments, studio_listing
from studiolo.studio import App, Space
from studiolo.studio.values import arn

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

SPACE = ("SpaceSettings", "OwnershipSettings", "SpaceSharingSettings", "SpaceDisplayName")


@sagemaker.operation
def create_app(call: Call, request: "shapes.CreateAppRequestTypeDef") -> dict[str, Any]:
    domain = request["DomainId"]
    if "SpaceName" in request:
        space = call.studio.domains.space(call.scope, domain, request["SpaceName"])
    elif request["AppType"] == "JupyterLab" and "UserProfileName" in request:
        space = call.studio.domains.private_space(call.scope, domain, request["UserProfileName"])
    else:
        message = f"AppType {request['AppType']} of a user profile is not supported by Studiolo: name a SpaceName."
        raise ServiceError(INVALID, message)
    app = call.studio.domains.create_app(
        call.scope, space, request["AppType"], request["AppName"], kept(request, ["ResourceSpec"]), tags(call, request)
    )
    return {"AppArn": arn(call.scope, "app", app.path)}


@sagemaker.operation
def create_space(call: Call, request: "shapes.CreateSpaceRequestTypeDef") -> dict[str, Any]:
    space = call.studio.domains.create_space(
        call.scope, request["DomainId"], request["SpaceName"], kept(request, SPACE), tags(call, request)
    )
    return {"SpaceArn": arn(call.scope, "space", space.path)}


@sagemaker.operation
def delete_app(call: Call, request: "shapes.DeleteAppRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.apps.delete(call.scope, _app_path(call, request))
    return {}


@sagemaker.operation
def delete_space(call: Call, request: "shapes.DeleteSpaceRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.delete_space(call.scope, request["DomainId"], request["SpaceName"])
    return {}


@sagemaker.operation
def describe_app(call: Call, request: "shapes.DescribeAppRequestTypeDef") -> dict[str, Any]:
    app = call.studio.domains.apps.get(call.scope, _app_path(call, request))
    shown = {"AppArn": arn(app.scope, "app", app.path), **as_app(app)}
    if app.failure is not None:
        shown["FailureReason"] = app.failure
    if app.active is not None:
        shown |= {"LastUserActivityTimestamp": app.active, "LastHealthCheckTimestamp": app.changed}
    return shown


@sagemaker.operation
def describe_space(call: Call, request: "shapes.DescribeSpaceRequestTypeDef") -> dict[str, Any]:
    space = call.studio.domains.space(call.scope, request["DomainId"], request["SpaceName"])
    shown = {"DomainId": space.domain, "SpaceName": space.name, "SpaceArn": arn(space.scope, "space", space.path)}
    url = call.studio.domains.opening.address(space.scope, space.domain)
    return {**shown, "Url": url, **as_moments(space), **kept(space.settings, SPACE)}


@sagemaker.operation
def list_apps(call: Call, request: "shapes.ListAppsRequestTypeDef") -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "app", studio_listing(request, INVALID))
    return {"Apps": [as_app(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_spaces(call: Call, request: "shapes.ListSpacesRequestTypeDef") -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "space", studio_listing(request, INVALID))
    return {"Spaces": [as_space(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def update_space(call: Call, request: "shapes.UpdateSpaceRequestTypeDef") -> dict[str, Any]:
    changes = kept(request, ["SpaceSettings", "SpaceDisplayName"])
    space = call.studio.domains.update_space(call.scope, request["DomainId"], request["SpaceName"], changes)
    return {"SpaceArn": arn(call.scope, "space", space.path)}


def as_app(app: App) -> dict[str, Any]:
    return {
        "DomainId": app.domain,
        "SpaceName": app.space,
        "AppType": app.type,
        "AppName": app.name,
        "Status": app.status,
        "CreationTime": app.created,
        "ResourceSpec": app.settings.get("ResourceSpec", {}),
    }


def as_space(space: Space) -> dict[str, Any]:
    settings = space.settings
    shown: dict[str, Any] = {"DomainId": space.domain, "SpaceName": space.name, **as_moments(space)}
    shown.pop("FailureReason", None)
    shown |= kept(settings, ["SpaceDisplayName"])
    if "SpaceSettings" in settings:
        shown["SpaceSettingsSummary"] = kept(settings["SpaceSettings"], ["AppType", "RemoteAccess"])
    if "SpaceSharingSettings" in settings:
        shown["SpaceSharingSettingsSummary"] = settings["SpaceSharingSettings"]
        shown["OwnershipSettingsSummary"] = settings["OwnershipSettings"]
    return shown


def _app_path(call: Call, request: Mapping[str, Any]) -> str:
    """The app's path: a user's JupyterLab is that of their private space."""
    domain, owner, user = request["DomainId"], request.get("SpaceName"), request.get("UserProfileName")
    if owner is None and user is not None:
        space = call.studio.domains.find_private_space(call.scope, domain, user)
        owner = user if space is None else space.name
    if owner is None:
        raise ServiceError(INVALID, "Name the SpaceName, or the UserProfileName, that the app is in.")
    return f"{domain}/{owner}/{request['AppType']}/{request['AppName']}"
