"""AWS::LakeFormation: settings, registered locations, permissions, LF-tags, data cells filters."""

import json
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, changed, existing

SERVICE = "lakeformation"
ADMINS = {"Admins": "DataLakeAdmins", "ReadOnlyAdmins": "ReadOnlyAdmins"}
"""The lists of administrators: as templates and as the operations call them."""


class DataLakeSettings(ResourceType):
    """The account's, of which there is one: what a template names is set, the other settings stay.

    MutationType APPEND adds to the administrators that are there. Deletion takes away those that the template names,
    and nothing else.
    """

    name = "AWS::LakeFormation::DataLakeSettings"

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties, {})
        return at.name()

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        settings = self._settings(at)
        for name, member in ADMINS.items():
            gone = properties.get(name) or []
            settings[member] = [each for each in settings[member] if each not in gone]
        at.call(SERVICE, "PutDataLakeSettings", DataLakeSettings=settings)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}

    def _put(self, at: At, properties: Properties, before: Properties) -> None:
        settings = self._settings(at)
        for name, value in properties.items():
            if name in ADMINS:
                had = before.get(name) or []
                kept = [each for each in settings[ADMINS[name]] if each not in [*had, *value]]
                settings[ADMINS[name]] = [*(kept if properties.get("MutationType") == "APPEND" else []), *value]
            elif name == "Parameters":
                settings[name] = json.loads(value) if isinstance(value, str) else value
            elif name != "MutationType":
                settings[name] = value
        at.call(SERVICE, "PutDataLakeSettings", DataLakeSettings=settings)

    def _settings(self, at: At) -> dict[str, Any]:
        return dict(at.call(SERVICE, "GetDataLakeSettings")["DataLakeSettings"])


class Resource(ResourceType):
    """A registered location. Ref is its ARN."""

    name = "AWS::LakeFormation::Resource"
    named_by = "ResourceArn"

    def create(self, at: At, properties: Properties) -> str:
        at.call(SERVICE, "RegisterResource", **properties)
        return str(properties["ResourceArn"])

    def find(self, at: At, properties: Properties) -> str | None:
        arn = str(properties["ResourceArn"])
        return (
            None if existing(at.call, service=SERVICE, operation="DescribeResource", ResourceArn=arn) is None else arn
        )

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if properties["UseServiceLinkedRole"] or "RoleArn" not in properties:
            raise NotUpdatable(self.name, ", ".join(changed(properties, before)))
        given = {name: properties.get(name) for name in ("RoleArn", "HybridAccessEnabled", "WithFederation")}
        at.call(SERVICE, "UpdateResource", ResourceArn=physical, **given)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeregisterResource", ResourceArn=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class PrincipalPermissions(ResourceType):
    """Ref is the principal and the resource, with `|`. Granting is safe to repeat."""

    name = "AWS::LakeFormation::PrincipalPermissions"
    in_place = ("Permissions", "PermissionsWithGrantOption")

    def create(self, at: At, properties: Properties) -> str:
        _grant(at, self._entry(properties), {})
        return "|".join(self._identifiers(properties))

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        _grant(at, self._entry(properties), self._entry(before))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        _revoke(at, self._entry(properties))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return dict(zip(("PrincipalIdentifier", "ResourceIdentifier"), self._identifiers(properties), strict=True))

    def _entry(self, properties: Properties) -> dict[str, Any]:
        resource = {
            name: {**own, "TableWildcard": {}} if "TableWildcard" in own else own
            for name, own in properties["Resource"].items()
        }
        return {**_permissions(properties), "Principal": properties["Principal"], "Resource": resource}

    def _identifiers(self, properties: Properties) -> tuple[str, str]:
        resource = json.dumps(properties["Resource"], sort_keys=True, separators=(",", ":"))
        return str(properties["Principal"]["DataLakePrincipalIdentifier"]), resource


class Permissions(ResourceType):
    """The older type of them, whose resources have names of their own."""

    name = "AWS::LakeFormation::Permissions"

    def create(self, at: At, properties: Properties) -> str:
        _grant(at, self._entry(properties), {})
        return at.name()

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        _grant(at, self._entry(properties), self._entry(before))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        _revoke(at, self._entry(properties))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}

    def _entry(self, properties: Properties) -> dict[str, Any]:
        resource: dict[str, Any] = {}
        for name, own in properties["Resource"].items():
            named = {("ResourceArn" if key == "S3Resource" else key): value for key, value in own.items()}
            wildcard: dict[str, Any] = {"TableWildcard": {}} if "TableWildcard" in own else {}
            resource[name.removesuffix("Resource")] = {**named, **wildcard}
        principal = properties["DataLakePrincipal"]
        return {**_permissions(properties), "Principal": principal, "Resource": resource}


class Tag(ResourceType):
    """An LF-tag. Ref is its key."""

    name = "AWS::LakeFormation::Tag"
    named_by = "TagKey"

    def create(self, at: At, properties: Properties) -> str:
        at.call(SERVICE, "CreateLFTag", **properties)
        return str(properties["TagKey"])

    def find(self, at: At, properties: Properties) -> str | None:
        found = existing(at.call, service=SERVICE, operation="GetLFTag", **self._place(properties))
        return None if found is None else str(properties["TagKey"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        there = at.call(SERVICE, "GetLFTag", **self._place(properties))["TagValues"]
        wanted = [value.lower() for value in properties["TagValues"]]
        added = [value for value in wanted if value not in there]
        gone = [value for value in there if value not in wanted]
        lists = {"TagValuesToAdd": added or None, "TagValuesToDelete": gone or None}
        if added or gone:
            at.call(SERVICE, "UpdateLFTag", **self._place(properties), **lists)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeleteLFTag", **self._place(properties))

    def _place(self, properties: Properties) -> dict[str, Any]:
        return {name: properties[name] for name in ("CatalogId", "TagKey") if name in properties}


class DataCellsFilter(ResourceType):
    """Ref is the catalog, the database, the table and the name, with `|`."""

    name = "AWS::LakeFormation::DataCellsFilter"

    PARTS = ("TableCatalogId", "DatabaseName", "TableName", "Name")

    def custom_name(self, properties: Properties) -> str | None:
        return "|".join(str(properties[name]) for name in self.PARTS)

    def create(self, at: At, properties: Properties) -> str:
        at.call(SERVICE, "CreateDataCellsFilter", TableData=properties)
        return str(self.custom_name(properties))

    def find(self, at: At, properties: Properties) -> str | None:
        place = {name: properties[name] for name in self.PARTS}
        found = existing(at.call, service=SERVICE, operation="GetDataCellsFilter", **place)
        return None if found is None else self.custom_name(properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call(SERVICE, "DeleteDataCellsFilter", **{name: properties[name] for name in self.PARTS})


def _permissions(properties: Properties) -> dict[str, Any]:
    return {name: properties.get(name) or [] for name in ("Permissions", "PermissionsWithGrantOption")}


def _grant(at: At, wanted: Properties, before: Properties) -> None:
    """Bring what a principal may do with a resource from what it was to what it is to be."""
    if wanted["Permissions"]:
        at.call(SERVICE, "GrantPermissions", **wanted)
    names = ("Permissions", "PermissionsWithGrantOption")
    gone = {name: [each for each in before.get(name, ()) if each not in wanted[name]] for name in names}
    if any(gone.values()):
        _revoke(at, {**wanted, **gone})


def _revoke(at: At, entry: Properties) -> None:
    """Take permissions back; what is not there any more has been taken."""
    try:
        at.call(SERVICE, "RevokePermissions", **entry)
    except Refused as error:
        if not error.missing and not error.message.startswith("No permissions revoked."):
            raise


class TagAssociation(ResourceType):
    """LF-tags of a resource. Ref is the resource and the tags, with `|`."""

    name = "AWS::LakeFormation::TagAssociation"

    def create(self, at: At, properties: Properties) -> str:
        _check(at.call(SERVICE, "AddLFTagsToResource", **self._given(properties)))
        return "|".join(self._identifiers(properties))

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        existing(at.call, service=SERVICE, operation="RemoveLFTagsFromResource", **self._given(properties))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return dict(zip(("ResourceIdentifier", "TagsIdentifier"), self._identifiers(properties), strict=True))

    def _given(self, properties: Properties) -> dict[str, Any]:
        return {"Resource": _tagged(properties["Resource"]), "LFTags": properties["LFTags"]}

    @staticmethod
    def _identifiers(properties: Properties) -> list[str]:
        return [json.dumps(properties[name], sort_keys=True, separators=(",", ":")) for name in ("Resource", "LFTags")]


def _tagged(resource: Properties) -> dict[str, Any]:
    """A resource as the operations have it: an empty map stands for all tables, or the catalog."""
    return {
        name: {**own, "TableWildcard": {}} if isinstance(own, dict) and "TableWildcard" in own else own
        for name, own in resource.items()
    }


def _check(answer: Properties) -> None:
    """Raise Refused where one of several could not be done."""
    for each in answer.get("Failures") or []:
        raise Refused(each["Error"]["ErrorCode"], each["Error"]["ErrorMessage"])


TYPES = (DataCellsFilter, DataLakeSettings, Permissions, PrincipalPermissions, Resource, Tag, TagAssociation)
