"""AWS::SageMaker: images that apps may have, their versions, how they are started, and scripts for apps."""

from typing import Any

from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, existing
from studiolo.stacks.types.sagemaker import Named


class StudioLifecycleConfig(Named):
    """Nothing of it can change but by another one in its place, its tags neither. Ref is the name."""

    name = "AWS::SageMaker::StudioLifecycleConfig"
    named_by = "StudioLifecycleConfigName"
    kind = "StudioLifecycleConfig"
    by_name = True


class AppImageConfig(Named):
    """Ref is the name."""

    name = "AWS::SageMaker::AppImageConfig"
    named_by = "AppImageConfigName"
    kind = "AppImageConfig"
    by_name = True
    changeable = ("CodeEditorAppImageConfig", "JupyterLabAppImageConfig", "KernelGatewayImageConfig")


class Image(Named):
    """Ref is the ARN. The operations call its role, description and name to show without `Image`."""

    name = "AWS::SageMaker::Image"
    named_by = "ImageName"
    kind = "Image"
    changeable = ("RoleArn", "Description", "DisplayName")
    status = "ImageStatus"

    def create(self, at: At, properties: Properties) -> str:
        return super().create(at, _image(properties))

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        now, was = _image(properties), _image(before)
        super().update(at, physical, now, was)
        gone = [name for name in ("Description", "DisplayName") if name in was and name not in now]
        if gone:
            at.call("sagemaker", "UpdateImage", **self._which(physical), DeleteProperties=gone)


class ImageVersion(ResourceType):
    """Ref is the ARN."""

    name = "AWS::SageMaker::ImageVersion"

    def create(self, at: At, properties: Properties) -> str:
        given = {key: value for key, value in properties.items() if key != "Alias"}
        aliases = [*properties.get("Aliases", ()), *([properties["Alias"]] if "Alias" in properties else ())]
        made = at.call("sagemaker", "CreateImageVersion", **{**given, "Aliases": aliases or None}, ClientToken=at.token)
        return str(made["ImageVersionArn"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = changed(properties, before)
        if "Alias" in names or ("Alias" in properties and "Aliases" in names):
            raise NotUpdatable(self.name, "Alias")
        wanted, had = properties.get("Aliases") or [], before.get("Aliases") or []
        at.call(
            "sagemaker",
            "UpdateImageVersion",
            **_version(physical),
            **{name: properties.get(name) for name in names if name != "Aliases"},
            AliasesToAdd=[each for each in wanted if each not in had] or None,
            AliasesToDelete=[each for each in had if each not in wanted] or None,
        )

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteImageVersion", **_version(physical))

    def is_gone(self, at: At, physical: str) -> bool:
        return existing(at.call, service="sagemaker", operation="DescribeImageVersion", **_version(physical)) is None

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("sagemaker", "DescribeImageVersion", **_version(physical))
        return {name: found[name] for name in ("ContainerImage", "ImageArn", "ImageVersionArn", "Version")}


def _version(arn: str) -> dict[str, Any]:
    """An image version, whose ARN ends with the image's name and its number."""
    _, image, number = arn.rsplit("/", 2)
    return {"ImageName": image, "Version": int(number)}


def _image(properties: Properties) -> dict[str, Any]:
    called = {"ImageRoleArn": "RoleArn", "ImageDescription": "Description", "ImageDisplayName": "DisplayName"}
    return {called.get(name, name): value for name, value in properties.items()}


TYPES = (AppImageConfig, Image, ImageVersion, StudioLifecycleConfig)
