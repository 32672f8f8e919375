"""What there is in Studio, as values."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from studiolo.domain import Scope

Kind = Literal[
    "domain", "user-profile", "space", "app", "studio-lifecycle-config",
    "notebook-instance", "notebook-instance-lifecycle-config", "image", "image-version", "app-image-config",
]  # fmt: skip
"""The first part of its ARN's last part."""

NOUNS: Mapping[Kind, str] = {
    "domain": "Domain",
    "user-profile": "UserProfile",
    "space": "Space",
    "app": "App",
    "studio-lifecycle-config": "StudioLifecycleConfig",
    "notebook-instance": "NotebookInstance",
    "notebook-instance-lifecycle-config": "NotebookInstanceLifecycleConfig",
    "image": "Image",
    "image-version": "ImageVersion",
    "app-image-config": "AppImageConfig",
}

WHEN = ("OnCreate", "OnStart")
"""When scripts of notebook instances run."""


@dataclass(frozen=True)
class Resource:
    """What all of them have. settings: as asked for; statuses are SageMaker's words."""

    scope: Scope
    path: str
    status: str
    failure: str | None
    created: datetime
    changed: datetime
    active: datetime | None
    settings: Mapping[str, Any]

    @property
    def parts(self) -> list[str]:
        return self.path.split("/")

    @property
    def domain(self) -> str:
        """The domain's id."""
        return self.parts[0]


def lifecycle_of(lab: Mapping[str, Any]) -> str | None:
    """The ARN of the lifecycle configuration that a JupyterLabAppSettings names for apps that name none."""
    named: str | None = lab.get("DefaultResourceSpec", {}).get("LifecycleConfigArn")
    return named


@dataclass(frozen=True)
class Domain(Resource):
    """`default_role` is what profiles and spaces act as that name none."""

    kind: Kind = "domain"

    @property
    def default_role(self) -> str | None:
        role: str | None = self.settings["DefaultUserSettings"].get("ExecutionRole")
        return role

    def lab_settings(self, *, shared: bool) -> Mapping[str, Any]:
        """What its private, or shared, spaces have of JupyterLabAppSettings."""
        part = self.settings.get("DefaultSpaceSettings" if shared else "DefaultUserSettings", {})
        settings: Mapping[str, Any] = part.get("JupyterLabAppSettings", {})
        return settings

    @property
    def shared_role(self) -> str | None:
        """The role of its shared spaces."""
        role: str | None = self.settings.get("DefaultSpaceSettings", {}).get("ExecutionRole")
        return role


@dataclass(frozen=True)
class UserProfile(Resource):
    kind: Kind = "user-profile"

    @property
    def name(self) -> str:
        return self.parts[1]

    @property
    def role(self) -> str | None:
        role: str | None = self.settings.get("UserSettings", {}).get("ExecutionRole")
        return role

    @property
    def lab_settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.settings.get("UserSettings", {}).get("JupyterLabAppSettings", {})
        return settings


@dataclass(frozen=True)
class Space(Resource):
    kind: Kind = "space"

    @property
    def name(self) -> str:
        return self.parts[1]

    @property
    def owner(self) -> str | None:
        """The user profile that owns it."""
        owner: str | None = self.settings.get("OwnershipSettings", {}).get("OwnerUserProfileName")
        return owner

    @property
    def shared(self) -> bool:
        return bool(self.settings.get("SpaceSharingSettings", {}).get("SharingType", "Shared") == "Shared")

    @property
    def app_type(self) -> str:
        """Of the one app that it has."""
        return str(self.settings.get("SpaceSettings", {}).get("AppType", "JupyterLab"))

    @property
    def lab_settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.settings.get("SpaceSettings", {}).get("JupyterLabAppSettings", {})
        return settings

    @property
    def idle_minutes(self) -> int | None:
        """After so many minutes without use its app is ended; None where its settings do not say."""
        minutes: int | None = idle_settings(self.settings.get("SpaceSettings", {}), self.app_type).get(
            "IdleTimeoutInMinutes"
        )
        return minutes


def idle_settings(settings: Mapping[str, Any], app_type: str) -> Mapping[str, Any]:
    """The IdleSettings of apps of a type, in the settings of a space, a user or a domain."""
    of_type = settings.get(f"{app_type}AppSettings", {})
    found: Mapping[str, Any] = of_type.get("AppLifecycleManagement", {}).get("IdleSettings", {})
    return found


@dataclass(frozen=True)
class NotebookLifecycleConfig(Resource):
    """The scripts of notebook instances: OnCreate and OnStart."""

    kind: Kind = "notebook-instance-lifecycle-config"

    @property
    def name(self) -> str:
        return self.path

    @property
    def scripts(self) -> Mapping[str, str]:
        """In base64, by when they run."""
        return {when: self.settings[when][0]["Content"] for when in WHEN if self.settings.get(when)}


@dataclass(frozen=True)
class LifecycleConfig(Resource):
    """A shell script that runs before an app starts."""

    kind: Kind = "studio-lifecycle-config"

    @property
    def name(self) -> str:
        return self.path

    @property
    def app_type(self) -> str:
        return str(self.settings["AppType"])

    @property
    def content(self) -> str:
        """The script, in base64."""
        return str(self.settings["Content"])


@dataclass(frozen=True)
class Image(Resource):
    """A name for environments."""

    kind: Kind = "image"

    @property
    def name(self) -> str:
        return self.path


@dataclass(frozen=True)
class ImageVersion(Resource):
    """One environment of an image."""

    kind: Kind = "image-version"

    @property
    def image(self) -> str:
        return self.parts[0]

    @property
    def number(self) -> int:
        return int(self.parts[1])

    @property
    def aliases(self) -> Sequence[str]:
        aliases: Sequence[str] = self.settings.get("Aliases", [])
        return aliases


@dataclass(frozen=True)
class AppImageConfig(Resource):
    """How an app shows an image."""

    kind: Kind = "app-image-config"

    @property
    def name(self) -> str:
        return self.path

    @property
    def kernel(self) -> Mapping[str, str] | None:
        """The Name, and DisplayName, of its kernel."""
        specs: Sequence[Mapping[str, str]] = self.settings.get("KernelGatewayImageConfig", {}).get("KernelSpecs", [])
        return specs[0] if specs else None


def arn(scope: Scope, kind: Kind, path: str) -> str:
    return f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:{kind}/{path}"


def decoded(script: str) -> str:
    """A script of a lifecycle configuration, which was given in base64. Raises ValueError for what is none."""
    return base64.b64decode(script, validate=True).decode()
