"""AWS::SageMaker: Studio's domains, user profiles, spaces."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, existing
from studiolo.stacks.types.sagemaker import retag

PAGE = 100


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
        return "|".join(str(properties[name]) for name in schema.identifier)

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


def _domains(at: At) -> Iterator[Mapping[str, Any]]:
    token = None
    while True:
        page = at.call("sagemaker", "ListDomains", MaxResults=PAGE, NextToken=token)
        yield from page["Domains"]
        token = page.get("NextToken")
        if token is None:
            return


TYPES = (Domain, Space, UserProfile)
