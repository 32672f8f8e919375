"""Amazon SageMaker: images, their versions, and how apps show them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.paging import decode_place, decode_token
from studiolo.domain import Page
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.service import INVALID, kept, next_token, sagemaker, tags
from studiolo.studio import Listing
from studiolo.studio.values import AppImageConfig, Image, ImageVersion, arn

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

IMAGE = ("Description", "DisplayName", "RoleArn")
VERSION = ("VendorGuidance", "JobType", "MLFramework", "ProgrammingLang", "Processor", "Horovod", "ReleaseNotes")
"""All of these are recorded only."""

CONFIG = ("KernelGatewayImageConfig", "JupyterLabAppImageConfig", "CodeEditorAppImageConfig")
"""All but the kernel's name is recorded only."""


@sagemaker.operation
def create_app_image_config(call: Call, request: "shapes.CreateAppImageConfigRequestTypeDef") -> dict[str, Any]:
    name = request["AppImageConfigName"]
    call.studio.domains.images.create_config(call.scope, name, kept(request, CONFIG), tags(call, request))
    return {"AppImageConfigArn": arn(call.scope, "app-image-config", name)}


@sagemaker.operation
def create_image(call: Call, request: "shapes.CreateImageRequestTypeDef") -> dict[str, Any]:
    name = request["ImageName"]
    call.studio.domains.images.create(call.scope, call.principal, name, kept(request, IMAGE), tags(call, request))
    return {"ImageArn": arn(call.scope, "image", name)}


@sagemaker.operation
def create_image_version(call: Call, request: "shapes.CreateImageVersionRequestTypeDef") -> dict[str, Any]:
    settings = kept(request, ["BaseImage", "Aliases", *VERSION])
    version = call.studio.domains.images.add_version(call.scope, request["ImageName"], request["ClientToken"], settings)
    return {"ImageVersionArn": arn(call.scope, "image-version", version.path)}


@sagemaker.operation
def delete_app_image_config(call: Call, request: "shapes.DeleteAppImageConfigRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.images.delete_config(call.scope, request["AppImageConfigName"])
    return {}


@sagemaker.operation
def delete_image(call: Call, request: "shapes.DeleteImageRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.images.delete(call.scope, request["ImageName"])
    return {}


@sagemaker.operation
def delete_image_version(call: Call, request: "shapes.DeleteImageVersionRequestTypeDef") -> dict[str, Any]:
    call.studio.domains.images.delete_version(_version(call, request))
    return {}


@sagemaker.operation
def describe_app_image_config(call: Call, request: "shapes.DescribeAppImageConfigRequestTypeDef") -> dict[str, Any]:
    return _as_config(call.studio.domains.images.config(call.scope, request["AppImageConfigName"]))


@sagemaker.operation
def describe_image(call: Call, request: "shapes.DescribeImageRequestTypeDef") -> dict[str, Any]:
    image = call.studio.domains.images.image(call.scope, request["ImageName"])
    return {**_as_image(image), "RoleArn": image.settings["RoleArn"]}


@sagemaker.patient(
    Patience("image-version", ("ImageName", "Version"), ("ImageVersionStatus",), frozenset({"CREATING"}), seconds=5)
)
def describe_image_version(call: Call, request: "shapes.DescribeImageVersionRequestTypeDef") -> dict[str, Any]:
    version = _version(call, request)
    base = version.settings["BaseImage"]
    return {**_as_version(version), "BaseImage": base, "ContainerImage": base, **kept(version.settings, VERSION)}


@sagemaker.operation
def list_aliases(call: Call, request: "shapes.ListAliasesRequestTypeDef") -> dict[str, Any]:
    asked: dict[str, Any] = dict(request)
    images, name = call.studio.domains.images, request["ImageName"]
    if "Version" in request or "Alias" in request:
        found = list(_version(call, asked).aliases)
    else:
        page = call.studio.domains.page(call.scope, "image-version", Listing(domain=name, limit=1000))
        images.image(call.scope, name)
        found = [alias for version in page.items for alias in version.aliases]
    start = decode_place(asked.get("NextToken"), INVALID)
    end = start + asked.get("MaxResults", 100)
    more = Page(found[start:end], str(end) if end < len(found) else None)
    return {"SageMakerImageVersionAliases": more.items, **next_token(more)}


@sagemaker.operation
def list_app_image_configs(call: Call, request: "shapes.ListAppImageConfigsRequestTypeDef") -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "app-image-config", _listing(request))
    return {"AppImageConfigs": [_as_config(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_image_versions(call: Call, request: "shapes.ListImageVersionsRequestTypeDef") -> dict[str, Any]:
    name = request["ImageName"]
    call.studio.domains.images.image(call.scope, name)
    page = call.studio.domains.page(call.scope, "image-version", _listing(request, name))
    return {"ImageVersions": [_as_version(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def list_images(call: Call, request: "shapes.ListImagesRequestTypeDef") -> dict[str, Any]:
    page = call.studio.domains.page(call.scope, "image", _listing(request))
    return {"Images": [_as_image(each) for each in page.items], **next_token(page)}


@sagemaker.operation
def update_app_image_config(call: Call, request: "shapes.UpdateAppImageConfigRequestTypeDef") -> dict[str, Any]:
    name = request["AppImageConfigName"]
    call.studio.domains.images.update_config(call.scope, name, kept(request, CONFIG))
    return {"AppImageConfigArn": arn(call.scope, "app-image-config", name)}


@sagemaker.operation
def update_image(call: Call, request: "shapes.UpdateImageRequestTypeDef") -> dict[str, Any]:
    name, dropped = request["ImageName"], frozenset(request.get("DeleteProperties", []))
    call.studio.domains.images.update(call.scope, call.principal, name, kept(request, IMAGE), dropped)
    return {"ImageArn": arn(call.scope, "image", name)}


@sagemaker.operation
def update_image_version(call: Call, request: "shapes.UpdateImageVersionRequestTypeDef") -> dict[str, Any]:
    version = _version(call, request)
    added, dropped = list(request.get("AliasesToAdd", [])), list(request.get("AliasesToDelete", []))
    call.studio.domains.images.update_version(version, kept(request, VERSION), added, dropped)
    return {"ImageVersionArn": arn(call.scope, "image-version", version.path)}


def _version(call: Call, request: Mapping[str, Any]) -> ImageVersion:
    return call.studio.domains.images.version(
        call.scope, request["ImageName"], request.get("Version"), request.get("Alias")
    )


def _as_image(image: Image) -> dict[str, Any]:
    return {
        "ImageArn": arn(image.scope, "image", image.path),
        "ImageName": image.name,
        "ImageStatus": image.status,
        "CreationTime": image.created,
        "LastModifiedTime": image.changed,
        **kept(image.settings, ["Description", "DisplayName"]),
    }


def _as_version(version: ImageVersion) -> dict[str, Any]:
    shown = {
        "ImageArn": arn(version.scope, "image", version.image),
        "ImageVersionArn": arn(version.scope, "image-version", version.path),
        "ImageVersionStatus": version.status,
        "Version": version.number,
        "CreationTime": version.created,
        "LastModifiedTime": version.changed,
    }
    return shown if version.failure is None else {**shown, "FailureReason": version.failure}


def _as_config(config: AppImageConfig) -> dict[str, Any]:
    return {
        "AppImageConfigArn": arn(config.scope, "app-image-config", config.path),
        "AppImageConfigName": config.name,
        "CreationTime": config.created,
        "LastModifiedTime": config.changed,
        **kept(config.settings, CONFIG),
    }


def _listing(request: Mapping[str, Any], below: str | None = None) -> Listing:
    token = request.get("NextToken")
    after, before = (request.get(name) for name in ("LastModifiedTimeAfter", "LastModifiedTimeBefore"))
    return Listing(
        domain=below,
        contains=request.get("NameContains"),
        created=(request.get("CreationTimeAfter"), request.get("CreationTimeBefore")),
        changed=(after or request.get("ModifiedTimeAfter"), before or request.get("ModifiedTimeBefore")),
        by_name=request.get("SortBy") in ("Name", "IMAGE_NAME"),
        by_change=request.get("SortBy") in ("LastModifiedTime", "LAST_MODIFIED_TIME"),
        descending=request.get("SortOrder", "DESCENDING").upper() == "DESCENDING",
        after=decode_token(token, INVALID) if token else None,
        limit=request.get("MaxResults", 10),
    )
