"""AWS::SageMaker: Studio's domains, user profiles, spaces, apps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from studiolo.stacks.calling import Refused
from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, existing, without
from studiolo.stacks.types.sagemaker import retag

PAGE = 100
PLACE = ("AppName", "AppType", "DomainId", "UserProfileName")
"""What names an app, in the order of its schema's identifier."""


class Domain(ResourceType):
    """Ref is the domain's id."""

    name = "AWS::SageMaker::Domain"
    named_by = "DomainName"

    CHANGEABLE = frozenset(
        {
            "AppNetworkAccessType", "AppSecurityGroupManagement", "DefaultSpaceSettings", "DefaultUserSettings",
            "DomainSettings", "SubnetIds", "TagPropagation", "Tags", "VpcId",
        }
    )  # fmt: skip

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call("sagemaker", "CreateDomain", **properties)["DomainId"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = properties["DomainName"]
        return next((str(each["DomainId"]) for each in _domains(at) if each["DomainName"] == name), None)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = changed(properties, before)
        if fixed := [name for name in names if name not in self.CHANGEABLE]:
            raise NotUpdatable(self.name, ", ".join(fixed))
        given = {name: properties.get(name) for name in names if name not in ("DomainSettings", "Tags")}
        if "DomainSettings" in names:
            given["DomainSettingsForUpdate"] = properties.get("DomainSettings", {})
        if given:
            at.call("sagemaker", "UpdateDomain", DomainId=physical, **given)
        retag(at, self._described(at, physical)["DomainArn"], properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteDomain", DomainId=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, physical)
        return {name: found[name] for name in ("DomainArn", "DomainId", "Url")}

    def _described(self, at: At, physical: str) -> Mapping[str, Any]:
        return at.call("sagemaker", "DescribeDomain", DomainId=physical)


class _InDomain(ResourceType):
    """What is in a domain, and named in it. Ref has the two parts of the schema's identifier, with `|`.

    kind: as the operations spell it; changeable: what its update takes.
    """

    kind: ClassVar[str]
    changeable: ClassVar[frozenset[str]]

    def custom_name(self, properties: Properties) -> str | None:
        schema = self.schema
        assert schema is not None
        return _joined(properties, schema.identifier)

    def create(self, at: At, properties: Properties) -> str:
        at.call("sagemaker", f"Create{self.kind}", **properties)
        return str(self.custom_name(properties))

    def find(self, at: At, properties: Properties) -> str | None:
        place = self._place(properties)
        found = existing(at.call, service="sagemaker", operation=f"Describe{self.kind}", **place)
        return None if found is None else self.custom_name(properties)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = [name for name in changed(properties, before) if name != "Tags"]
        if fixed := [name for name in names if name not in self.changeable]:
            raise NotUpdatable(self.name, ", ".join(fixed))
        if names:
            given = {name: properties.get(name) for name in names}
            at.call("sagemaker", f"Update{self.kind}", **self._place(properties), **given)
        retag(at, self._described(at, properties)[f"{self.kind}Arn"], properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", f"Delete{self.kind}", **self._place(properties))

    def _place(self, properties: Properties) -> dict[str, Any]:
        return {name: properties[name] for name in ("DomainId", f"{self.kind}Name")}

    def _described(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return at.call("sagemaker", f"Describe{self.kind}", **self._place(properties))


class UserProfile(_InDomain):
    name = "AWS::SageMaker::UserProfile"
    kind = "UserProfile"
    changeable = frozenset({"UserSettings"})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"UserProfileArn": self._described(at, properties)["UserProfileArn"]}


class Space(_InDomain):
    name = "AWS::SageMaker::Space"
    kind = "Space"
    changeable = frozenset({"SpaceDisplayName", "SpaceSettings"})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._described(at, properties)
        return {name: found[name] for name in ("SpaceArn", "Url")}


class App(ResourceType):
    """The JupyterServer of a user, which is the JupyterLab of their private space here: templates name no spaces."""

    name = "AWS::SageMaker::App"

    def custom_name(self, properties: Properties) -> str | None:
        return _joined(properties, PLACE)

    def create(self, at: At, properties: Properties) -> str:
        given = {**without(properties, "RecoveryMode"), "AppType": _type(properties["AppType"])}
        at.call("sagemaker", "CreateApp", **given)
        return str(self.custom_name(properties))

    def find(self, at: At, properties: Properties) -> str | None:
        found = self._described(at, str(self.custom_name(properties)))
        return None if found is None or found["Status"] == "Deleted" else self.custom_name(properties)

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        found = self._described(at, physical)
        if found["Status"] == "Failed":
            raise Refused("NotStabilized", found.get("FailureReason", "The app failed."))
        return bool(found["Status"] == "InService")

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if names := [name for name in changed(properties, before) if name not in ("Tags", "RecoveryMode")]:
            raise NotUpdatable(self.name, ", ".join(names))
        retag(at, self._described(at, physical)["AppArn"], properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("sagemaker", "DeleteApp", **_of(physical))

    def is_gone(self, at: At, physical: str) -> bool:
        found = self._described(at, physical)
        return found is None or bool(found["Status"] == "Deleted")

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"AppArn": self._described(at, physical)["AppArn"]}

    def _described(self, at: At, physical: str) -> Any:
        return existing(at.call, service="sagemaker", operation="DescribeApp", **_of(physical))


def _type(app_type: str) -> str:
    return "JupyterLab" if app_type == "JupyterServer" else app_type


def _of(physical: str) -> dict[str, str]:
    place = dict(zip(PLACE, physical.split("|"), strict=True))
    return {**place, "AppType": _type(place["AppType"])}


def _joined(properties: Properties, names: Sequence[str]) -> str | None:
    """The physical id of what these properties name; None where they are not all there."""
    return "|".join(str(properties[name]) for name in names) if all(name in properties for name in names) else None


def _domains(at: At) -> Iterator[Mapping[str, Any]]:
    token = None
    while True:
        page = at.call("sagemaker", "ListDomains", MaxResults=PAGE, NextToken=token)
        yield from page["Domains"]
        token = page.get("NextToken")
        if token is None:
            return


TYPES = (App, Domain, Space, UserProfile)
