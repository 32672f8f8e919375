"""A JupyterLab as a value: the app of a space, or a notebook instance; what runs before it, what it is told."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studiolo.domain import Scope
from studiolo.studio.values import Kind, Resource, arn, decoded

LONGEST_LABEL = 58


@dataclass(frozen=True)
class Script:
    """A shell script that runs before a JupyterLab starts. stream: of its output in CloudWatch Logs."""

    text: str
    group: str
    stream: str
    title: str = "The lifecycle configuration"


@dataclass(frozen=True)
class Lab(Resource):
    """A JupyterLab of its own. `socket`: where it answers; `token`: what it wants to be told."""

    kind: Kind = "app"

    @property
    def id(self) -> str:
        """Of this one: another one after it was deleted and made again."""
        return str(self.settings["id"])

    @property
    def role(self) -> str:
        return str(self.settings["role"])

    @property
    def socket(self) -> str:
        return str(self.settings["socket"])

    @property
    def token(self) -> str:
        return str(self.settings["token"])

    @property
    def base(self) -> str:
        """The path that it is at."""
        raise NotImplementedError

    @property
    def place(self) -> str:
        """The folder of its files, below Studio's."""
        raise NotImplementedError

    @property
    def scripts(self) -> Sequence[Script]:
        """What runs before it starts, in this order."""
        raise NotImplementedError

    @property
    def told(self) -> Mapping[str, str]:
        """The variables by which programs know that they are in it."""
        raise NotImplementedError

    @property
    def metadata(self) -> Mapping[str, str]:
        """What programs in it read at /opt/ml/metadata."""
        return {"ResourceArn": arn(self.scope, self.kind, self.path), "ResourceName": self.name}

    @property
    def name(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class App(Lab):
    """A JupyterLab in a space."""

    kind: Kind = "app"

    @property
    def space(self) -> str:
        return self.parts[1]

    @property
    def type(self) -> str:
        return self.parts[2]

    @property
    def name(self) -> str:
        return self.parts[3]

    @property
    def base(self) -> str:
        return "/jupyterlab/default/"

    @property
    def place(self) -> str:
        return space_folder(self.scope, f"{self.domain}/{self.space}")

    @property
    def scripts(self) -> Sequence[Script]:
        """That of its lifecycle configuration."""
        script: str | None = self.settings.get("script")
        if script is None:
            return ()
        return (Script(decoded(script), "/aws/sagemaker/studio", f"{self.path}/LifecycleConfigOnStart"),)

    @property
    def told(self) -> Mapping[str, str]:
        return {
            "SAGEMAKER_APP_TYPE": self.type,
            "SAGEMAKER_APP_TYPE_LOWERCASE": self.type.lower(),
            "SAGEMAKER_SPACE_NAME": self.space,
        }

    @property
    def metadata(self) -> Mapping[str, str]:
        return {
            "AppType": self.type,
            "DomainId": self.domain,
            "UserProfileName": str(self.settings.get("owner") or ""),
            "SpaceName": self.space,
            "ExecutionRoleArn": self.role,
            **super().metadata,
        }


@dataclass(frozen=True)
class NotebookInstance(Lab):
    """A JupyterLab of a person's own, with a name in the account. `prepared`: the scripts of this start, in base64."""

    kind: Kind = "notebook-instance"

    @property
    def name(self) -> str:
        return self.path

    @property
    def host(self) -> str:
        """The label that its own name begins with. Labels have 63 letters at most, as its name does alone."""
        return f"{self.name[:LONGEST_LABEL].strip('-').lower()}-{self.id[:4]}"

    @property
    def base(self) -> str:
        return "/"

    @property
    def place(self) -> str:
        return f"notebooks/{self.scope.account}/{self.scope.region}/{self.name}"

    @property
    def repository(self) -> str | None:
        """The folder of its default code repository, in its files."""
        url: str | None = self.settings.get("DefaultCodeRepository")
        return None if url is None else url.rstrip("/").rpartition("/")[2].removesuffix(".git")

    @property
    def scripts(self) -> Sequence[Script]:
        """Its repository is fetched, and OnCreate runs, until it has been in service once."""
        group, given = "/aws/sagemaker/NotebookInstances", []
        prepared: Mapping[str, str] = self.settings.get("prepared", {})
        if self.active is None and self.repository is not None:
            url = shlex.quote(str(self.settings["DefaultCodeRepository"]))
            folder = shlex.quote(self.repository)
            given.append(
                ("GitClone", f"test -d {folder} || git clone -- {url} {folder}", "Fetching the code repository")
            )
        if self.active is None and "OnCreate" in prepared:
            given.append(("LifecycleConfigOnCreate", decoded(prepared["OnCreate"]), "The script OnCreate"))
        if "OnStart" in prepared:
            given.append(("LifecycleConfigOnStart", decoded(prepared["OnStart"]), "The script OnStart"))
        return [Script(text, group, f"{self.name}/{stream}", title) for stream, text, title in given]

    @property
    def told(self) -> Mapping[str, str]:
        return {}


def space_folder(scope: Scope, path: str) -> str:
    """The folder of a space, by the space's path, below Studio's."""
    return f"spaces/{scope.account}/{scope.region}/{path}"
