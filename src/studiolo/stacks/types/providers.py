"""AWS::IAM: providers of identities. Ref is the ARN."""

from typing import Any

from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, existing, tag_changes


class OIDCProvider(ResourceType):
    name = "AWS::IAM::OIDCProvider"
    named_by = "Url"

    def create(self, at: At, properties: Properties) -> str:
        made = at.call(
            "iam",
            "CreateOpenIDConnectProvider",
            Url=properties.get("Url"),
            ClientIDList=properties.get("ClientIdList"),
            ThumbprintList=properties.get("ThumbprintList"),
            Tags=properties.get("Tags"),
        )
        return str(made["OpenIDConnectProviderArn"])

    def find(self, at: At, properties: Properties) -> str | None:
        host = str(properties.get("Url", "")).partition("://")[2]
        arn = f"arn:{at.scope.partition}:iam::{at.scope.account}:oidc-provider/{host}"
        given = {"OpenIDConnectProviderArn": arn}
        found = existing(at.call, service="iam", operation="GetOpenIDConnectProvider", **given)
        return None if found is None else arn

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        which = {"OpenIDConnectProviderArn": physical}
        names = changed(properties, before)
        wanted, had = (set(each.get("ClientIdList") or []) for each in (properties, before))
        for client in sorted(wanted - had):
            at.call("iam", "AddClientIDToOpenIDConnectProvider", **which, ClientID=client)
        for client in sorted(had - wanted):
            at.call("iam", "RemoveClientIDFromOpenIDConnectProvider", **which, ClientID=client)
        if "ThumbprintList" in names:
            thumbprints = properties.get("ThumbprintList") or []
            at.call("iam", "UpdateOpenIDConnectProviderThumbprint", **which, ThumbprintList=thumbprints)
        _retag(at, "OpenIDConnectProvider", which, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("iam", "DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": physical}


class SAMLProvider(ResourceType):
    name = "AWS::IAM::SAMLProvider"
    named_by = "Name"

    def create(self, at: At, properties: Properties) -> str:
        given = {**properties, "Name": self._name(at, properties)}
        metadata = given.pop("SamlMetadataDocument", None)
        return str(at.call("iam", "CreateSAMLProvider", **given, SAMLMetadataDocument=metadata)["SAMLProviderArn"])

    def find(self, at: At, properties: Properties) -> str | None:
        arn = f"arn:{at.scope.partition}:iam::{at.scope.account}:saml-provider/{self._name(at, properties)}"
        found = existing(at.call, service="iam", operation="GetSAMLProvider", SAMLProviderArn=arn)
        return None if found is None else arn

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        names = changed(properties, before)
        if fixed := [name for name in names if name not in ("SamlMetadataDocument", "Tags")]:
            raise NotUpdatable(self.name, ", ".join(fixed))
        if "SamlMetadataDocument" in names:
            metadata = properties.get("SamlMetadataDocument")
            at.call("iam", "UpdateSAMLProvider", SAMLProviderArn=physical, SAMLMetadataDocument=metadata)
        _retag(at, "SAMLProvider", {"SAMLProviderArn": physical}, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("iam", "DeleteSAMLProvider", SAMLProviderArn=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": physical}

    @staticmethod
    def _name(at: At, properties: Properties) -> str:
        return str(properties.get("Name") or at.name(128))


def _retag(at: At, kind: str, which: dict[str, str], properties: Properties, before: Properties) -> None:
    gone, tags = tag_changes(properties, before)
    if gone:
        at.call("iam", f"Untag{kind}", **which, TagKeys=gone)
    if tags:
        at.call("iam", f"Tag{kind}", **which, Tags=tags)


TYPES = (OIDCProvider, SAMLProvider)
