"""Images of Studio: names for environments, their versions, and how an app shows them as kernels.

A version's BaseImage is what docs/images.md says of an image: its environment is made when the version is, and a version
whose environment cannot be had has failed, with the reason.
"""

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from studiolo.containers.environments import Environments
from studiolo.containers.image import Image as Meaning
from studiolo.containers.layers import layered
from studiolo.domain import Clock, Conflict, DomainError, Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.ml.images import known_images
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.processes import interpreter
from studiolo.state import State, Thing
from studiolo.studio import resources
from studiolo.studio.errors import InUse, Missing
from studiolo.studio.lab import Lab
from studiolo.studio.values import AppImageConfig, Image, ImageVersion, Kind, arn

log = logging.getLogger(__name__)

SERVICE = "sagemaker.amazonaws.com"
KINDS: tuple[Kind, ...] = ("image", "image-version", "app-image-config")
KERNEL = ("ipykernel",)
"""What a kernel on an image needs beside its packages."""

KERNEL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class ImageKernel:
    """A kernel on an image. python: its interpreter; seen: what the fence must show of it."""

    name: str
    title: str
    python: Path
    seen: tuple[Path, ...]


class Images:
    """Images, versions and configurations of every scope. data: the data folder."""

    def __init__(self, state: State, identity: Identity, tags: Tags, data: Path, clock: Clock) -> None:
        self._state = state
        self._identity = identity
        self._clock = clock
        self._known = known_images(data)
        self._environments = Environments(data)
        for kind in KINDS:
            tags.know(kind, partial(resources.exists, kind))

    def start(self) -> None:
        """Go on with the versions that a server that ended was making."""
        with self._state.reading() as connection:
            versions: list[ImageVersion] = resources.everywhere(connection, "image-version")
        for version in versions:
            if version.status == "CREATING":
                self._make_later(version)

    def create(
        self, scope: Scope, principal: Principal, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Image:
        """Add an image without versions. Raises InUse, NotFound and Denied for its role."""
        self._identity.pass_role(principal, settings["RoleArn"], SERVICE)
        with self._state.transaction() as tx:
            resources.insert(tx, scope, "image", name, "CREATED", self._clock(), dict(settings))
            set_tags(tx, arn(scope, "image", name), tags)
        return self.image(scope, name)

    def image(self, scope: Scope, name: str) -> Image:
        """Raises Missing."""
        with self._state.reading() as connection:
            found: Image = resources.get(connection, scope, "image", name)
        return found

    def update(
        self, scope: Scope, principal: Principal, name: str, changes: Mapping[str, Any], dropped: frozenset[str]
    ) -> None:
        """Raises Missing, NotFound and Denied for its role."""
        if "RoleArn" in changes:
            self._identity.pass_role(principal, changes["RoleArn"], SERVICE)
        with self._state.transaction() as tx:
            image = resources.get(tx, scope, "image", name)
            settings = {key: value for key, value in image.settings.items() if key not in dropped}
            resources.change(tx, image, settings={**settings, **changes}, changed=self._clock())

    def delete(self, scope: Scope, name: str) -> None:
        """Delete an image with its versions; apps keep what they have of it until they end. Raises Missing."""
        with self._state.transaction() as tx:
            image = resources.get(tx, scope, "image", name)
            for each in (*resources.below(tx, scope, "image-version", name), image):
                resources.delete(tx, each)
            drop_tags(tx, arn(scope, "image", name))

    def add_version(self, scope: Scope, name: str, token: str, settings: Mapping[str, Any]) -> ImageVersion:
        """A further version, of which the environment is being made. Raises Missing, and Invalid for its BaseImage."""
        self._meaning(settings["BaseImage"])
        with self._state.transaction() as tx:
            image: Image = resources.get(tx, scope, "image", name)
            before: list[ImageVersion] = resources.below(tx, scope, "image-version", name)
            for version in before:
                if version.settings["ClientToken"] == token:
                    return version
            self._check_aliases(settings.get("Aliases", []), before)
            number = int(image.settings.get("last", 0)) + 1
            resources.change(tx, image, settings={**image.settings, "last": number}, changed=self._clock())
            made = {**settings, "ClientToken": token}
            path = f"{name}/{number}"
            resources.insert(tx, scope, "image-version", path, "CREATING", self._clock(), made)
        version = self.version(scope, name, number)
        self._make_later(version)
        return version

    def version(self, scope: Scope, name: str, number: int | None = None, alias: str | None = None) -> ImageVersion:
        """A version by its number or alias; the newest where neither is told. Raises Missing."""
        with self._state.reading() as connection:
            resources.get(connection, scope, "image", name)
            versions: list[ImageVersion] = resources.below(connection, scope, "image-version", name)
        fitting = [
            version
            for version in versions
            if number in (None, version.number) and (alias is None or alias in version.aliases)
        ]
        if not fitting:
            raise Missing(f"ImageVersion [{name}/{number or alias or 'latest'}] does not exist.")
        return max(fitting, key=lambda version: version.number)

    def update_version(
        self, version: ImageVersion, changes: Mapping[str, Any], added: list[str], dropped: list[str]
    ) -> None:
        """Raises InUse for an alias that another version has."""
        with self._state.transaction() as tx:
            others = resources.below(tx, version.scope, "image-version", version.image)
            self._check_aliases(added, [each for each in others if each.path != version.path])
            aliases = [each for each in (*version.aliases, *added) if each not in dropped]
            settings = {**version.settings, **changes, "Aliases": list(dict.fromkeys(aliases))}
            resources.change(tx, version, settings=settings, changed=self._clock())

    def delete_version(self, version: ImageVersion) -> None:
        """Its environment stays for others; `studiolo images` removes it."""
        with self._state.transaction() as tx:
            resources.delete(tx, version)

    def create_config(
        self, scope: Scope, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> AppImageConfig:
        """Raises InUse, and Invalid for the name of a kernel."""
        _check_kernels(settings)
        with self._state.transaction() as tx:
            resources.insert(tx, scope, "app-image-config", name, "InService", self._clock(), dict(settings))
            set_tags(tx, arn(scope, "app-image-config", name), tags)
        return self.config(scope, name)

    def config(self, scope: Scope, name: str) -> AppImageConfig:
        """Raises Missing."""
        with self._state.reading() as connection:
            found: AppImageConfig = resources.get(connection, scope, "app-image-config", name)
        return found

    def update_config(self, scope: Scope, name: str, changes: Mapping[str, Any]) -> None:
        """Raises Missing, and Invalid for the name of a kernel."""
        _check_kernels(changes)
        with self._state.transaction() as tx:
            config = resources.get(tx, scope, "app-image-config", name)
            resources.change(tx, config, settings={**config.settings, **changes}, changed=self._clock())

    def delete_config(self, scope: Scope, name: str) -> None:
        """Raises Missing."""
        with self._state.transaction() as tx:
            resources.delete(tx, resources.get(tx, scope, "app-image-config", name))
            drop_tags(tx, arn(scope, "app-image-config", name))

    def asked(self, scope: Scope, spec: Mapping[str, Any]) -> list[dict[str, str]]:
        """The kernel on the image that a ResourceSpec names, if it does. Raises Missing, Invalid, and Conflict."""
        named = spec.get("SageMakerImageVersionArn") or spec.get("SageMakerImageArn")
        if named is None:
            return []
        kind = "image-version" if "SageMakerImageVersionArn" in spec else "image"
        prefix = arn(scope, kind, "")  # type: ignore[arg-type]
        if not named.startswith(prefix):
            raise Invalid(f"{named} is no {kind} of this account and region.")
        name, _, number = named.removeprefix(prefix).partition("/")
        alias = spec.get("SageMakerImageVersionAlias")
        version = self.version(scope, name, int(number) if number.isdecimal() else None, alias)
        if version.status != "CREATED":
            why = f": {version.failure}" if version.failure else "."
            raise Conflict(f"The version {version.number} of the image {name} is {version.status}{why}")
        return [self._kernel(version, None)]

    def offered(self, scope: Scope, custom: Mapping[str, Any]) -> list[dict[str, str]]:
        """The kernel on one of a domain's CustomImages; none where it, or its configuration, is not there."""
        try:
            version = self.version(scope, custom["ImageName"], custom.get("ImageVersionNumber"))
            config = self.config(scope, custom["AppImageConfigName"])
        except Missing:
            return []
        return [self._kernel(version, config)] if version.status == "CREATED" else []

    def kernels(self, lab: Lab, folder: Path) -> list[ImageKernel]:
        """What a JupyterLab that begins has of images; `folder` is of their interpreters. Raises DomainError."""
        found = []
        for each in lab.settings.get("images", ()):
            environment = self._meaning(each["base"]).environment
            if environment is None:
                continue  # Studiolo's own Python, which the kernel python3 runs on
            python = self._environments.make(environment, log.info)
            needed = self._environments.required(python, KERNEL)
            own = layered(python, folder / each["name"], [needed])
            found.append(ImageKernel(each["name"], each["title"], own, (*interpreter(python), needed)))
        return found

    def _kernel(self, version: ImageVersion, config: AppImageConfig | None) -> dict[str, str]:
        """A kernel as apps remember it: its name, its title, and what it runs on."""
        name, title = version.image, version.image
        if config is not None and config.kernel is not None:
            name, title = config.kernel["Name"], config.kernel.get("DisplayName", config.kernel["Name"])
        return {"name": name, "title": title, "base": version.settings["BaseImage"]}

    def _meaning(self, base: str) -> Meaning:
        """Raises Invalid for what is no image of packages."""
        meaning = self._known.resolve(base, "train", scripted=True)
        if meaning.algorithm is not None:
            raise Invalid(f"The image '{base}' is of a built-in algorithm: no notebook runs in it.")
        return meaning

    def _make_later(self, version: ImageVersion) -> None:
        threading.Thread(target=self._make, args=(version,), name=f"make {version.path}", daemon=True).start()

    def _make(self, version: ImageVersion) -> None:
        failure: str | None = None
        try:
            environment = self._meaning(version.settings["BaseImage"]).environment
            if environment is not None:
                python = self._environments.make(environment, log.info, lambda: not self._is_wanted(version))
                self._environments.required(python, KERNEL)
        except (DomainError, OSError) as error:
            failure = str(error)[:1024]
        except Exception as error:
            log.exception("the environment of the image version %s could not be made", version.path)
            failure = f"{type(error).__name__}: {error}"[:1024]
        scope = version.scope
        with self._state.transaction(Thing("image-version", scope.account, scope.region, version.path)) as tx:
            status = "CREATED" if failure is None else "CREATE_FAILED"
            if self._is_there(tx, version):
                resources.change(tx, version, status=status, failure=failure, changed=self._clock())

    def _is_wanted(self, version: ImageVersion) -> bool:
        with self._state.reading() as connection:
            return self._is_there(connection, version)

    @staticmethod
    def _is_there(connection: Connection, version: ImageVersion) -> bool:
        """Whether it is: not another one of that number, of an image that was deleted and made again."""
        found: ImageVersion | None = resources.find(connection, version.scope, "image-version", version.path)
        return found is not None and found.settings["ClientToken"] == version.settings["ClientToken"]

    @staticmethod
    def _check_aliases(asked: list[str], others: list[ImageVersion]) -> None:
        for version in others:
            if taken := set(asked) & set(version.aliases):
                raise InUse(f"The alias {min(taken)} is that of the version {version.number}.")


def _check_kernels(settings: Mapping[str, Any]) -> None:
    for spec in settings.get("KernelGatewayImageConfig", {}).get("KernelSpecs", ()):
        if not KERNEL_NAME.fullmatch(spec["Name"]):
            raise Invalid(f"The Name {spec['Name']} of a kernel must have letters, digits, '.', '_' and '-' only.")
