"""AWS::IAM: inline and managed policies."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType, differs, document, existing

LONGEST = 64


class Policy(ResourceType):
    """An inline policy of several roles, users and groups."""

    name = "AWS::IAM::Policy"

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties, {})
        return at.name(LONGEST)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        self._take(at, properties, set())

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}

    def _put(self, at: At, properties: Properties, before: Properties) -> None:
        name, text = properties["PolicyName"], document(properties["PolicyDocument"])
        holders = _holders(properties)
        if not holders:
            raise Refused("ValidationError", "At least one of [Groups,Roles,Users] must be non-empty.")
        for kind, holder in holders:
            at.call("iam", f"Put{kind}Policy", **{f"{kind}Name": holder}, PolicyName=name, PolicyDocument=text)
        if before:
            kept = set(holders) if before["PolicyName"] == name else set()
            self._take(at, before, kept)

    def _take(self, at: At, properties: Properties, kept: set[tuple[str, str]]) -> None:
        for kind, holder in _holders(properties):
            if (kind, holder) not in kept:
                given = {f"{kind}Name": holder, "PolicyName": properties["PolicyName"]}
                forget(at, f"Delete{kind}Policy", [given])


class _HeldPolicy(ResourceType):
    """An inline policy of one role, user or group."""

    kind: ClassVar[str]

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties)
        return f"{properties['PolicyName']}|{properties[f'{self.kind}Name']}"

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        given = {name: properties[name] for name in (f"{self.kind}Name", "PolicyName")}
        at.call("iam", f"Delete{self.kind}Policy", **given)

    def _put(self, at: At, properties: Properties) -> None:
        given = {name: properties[name] for name in (f"{self.kind}Name", "PolicyName")}
        text = document(properties.get("PolicyDocument"))
        at.call("iam", f"Put{self.kind}Policy", **given, PolicyDocument=text)


class RolePolicy(_HeldPolicy):
    name = "AWS::IAM::RolePolicy"
    kind = "Role"


class UserPolicy(_HeldPolicy):
    name = "AWS::IAM::UserPolicy"
    kind = "User"


class GroupPolicy(_HeldPolicy):
    name = "AWS::IAM::GroupPolicy"
    kind = "Group"


class ManagedPolicy(ResourceType):
    name = "AWS::IAM::ManagedPolicy"
    named_by = "ManagedPolicyName"

    def create(self, at: At, properties: Properties) -> str:
        made = at.call(
            "iam",
            "CreatePolicy",
            PolicyName=properties.get("ManagedPolicyName") or at.name(128),
            PolicyDocument=document(properties["PolicyDocument"]),
            Path=properties.get("Path"),
            Description=properties.get("Description"),
        )
        arn = str(made["Policy"]["Arn"])
        self._attach(at, arn, properties, {})
        return arn

    def find(self, at: At, properties: Properties) -> str | None:
        path = str(properties.get("Path", "/"))
        name = properties.get("ManagedPolicyName") or at.name(128)
        arn = f"arn:{at.scope.partition}:iam::{at.scope.account}:policy{path}{name}"
        return None if existing(at.call, service="iam", operation="GetPolicy", PolicyArn=arn) is None else arn

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, "PolicyDocument"):
            versions = at.call("iam", "ListPolicyVersions", PolicyArn=physical)["Versions"]
            spare = [each for each in versions if not each["IsDefaultVersion"]]
            if len(versions) >= 5:
                oldest = min(spare, key=lambda each: each["CreateDate"])["VersionId"]
                at.call("iam", "DeletePolicyVersion", PolicyArn=physical, VersionId=oldest)
            text = document(properties["PolicyDocument"])
            at.call("iam", "CreatePolicyVersion", PolicyArn=physical, PolicyDocument=text, SetAsDefault=True)
        self._attach(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        self._attach(at, physical, {}, properties)
        for version in at.call("iam", "ListPolicyVersions", PolicyArn=physical)["Versions"]:
            if not version["IsDefaultVersion"]:
                at.call("iam", "DeletePolicyVersion", PolicyArn=physical, VersionId=version["VersionId"])
        at.call("iam", "DeletePolicy", PolicyArn=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("iam", "GetPolicy", PolicyArn=physical)["Policy"]
        names = ("PolicyId", "AttachmentCount", "DefaultVersionId", "IsAttachable", "PermissionsBoundaryUsageCount")
        dates = {name: found[name].isoformat() for name in ("CreateDate", "UpdateDate")}
        return {"PolicyArn": physical, **{name: found[name] for name in names}, **dates}

    def _attach(self, at: At, arn: str, properties: Properties, before: Properties) -> None:
        wanted, had = _holders(properties), _holders(before)
        for kind, holder in wanted:
            if (kind, holder) not in had:
                at.call("iam", f"Attach{kind}Policy", **{f"{kind}Name": holder}, PolicyArn=arn)
        for kind, holder in had:
            if (kind, holder) not in wanted:
                forget(at, f"Detach{kind}Policy", [{f"{kind}Name": holder, "PolicyArn": arn}])


def _holders(properties: Properties) -> list[tuple[str, str]]:
    return [(kind, name) for kind in ("Role", "User", "Group") for name in properties.get(f"{kind}s") or []]


def forget(at: At, operation: str, each: Iterable[Mapping[str, Any]]) -> None:
    """Call an operation that takes something away; what is not there any more has been taken."""
    for parameters in each:
        existing(at.call, service="iam", operation=operation, **parameters)


TYPES = (GroupPolicy, ManagedPolicy, Policy, RolePolicy, UserPolicy)
