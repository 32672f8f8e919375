"""AWS::IAM: roles, users, groups, access keys, instance profiles."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, Properties, ResourceType, differs, document, existing
from studiolo.stacks.types.iam_policies import forget

LONGEST = 64


class _Entity(ResourceType):
    """What the three kinds of holders of policies share. kind: as the operations spell it."""

    kind: ClassVar[str]

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get(f"{self.kind}Name") or at.name(LONGEST))

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="iam", operation=f"Get{self.kind}", **{f"{self.kind}Name": name})
        return None if found is None else name

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("iam", f"Get{self.kind}", **{f"{self.kind}Name": physical})[self.kind]
        return {"Arn": found["Arn"], f"{self.kind}Id": found[f"{self.kind}Id"]}

    def _give(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        """Bring the attached and inline policies from what they were to what they are to be."""
        who = {f"{self.kind}Name": name}
        wanted, had = properties.get("ManagedPolicyArns") or [], before.get("ManagedPolicyArns") or []
        for arn in wanted:
            if arn not in had:
                at.call("iam", f"Attach{self.kind}Policy", **who, PolicyArn=arn)
        forget(at, f"Detach{self.kind}Policy", ({**who, "PolicyArn": arn} for arn in had if arn not in wanted))
        inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies") or []}
        was = {policy["PolicyName"]: policy["PolicyDocument"] for policy in before.get("Policies") or []}
        for policy, text in inline.items():
            if was.get(policy) != text:
                at.call("iam", f"Put{self.kind}Policy", **who, PolicyName=policy, PolicyDocument=document(text))
        forget(
            at, f"Delete{self.kind}Policy", ({**who, "PolicyName": policy} for policy in was if policy not in inline)
        )

    def _tag(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        if not differs(properties, before, "Tags"):
            return
        who = {f"{self.kind}Name": name}
        tags = properties.get("Tags") or []
        if gone := [t["Key"] for t in before.get("Tags") or [] if t["Key"] not in {tag["Key"] for tag in tags}]:
            at.call("iam", f"Untag{self.kind}", **who, TagKeys=gone)
        if tags:
            at.call("iam", f"Tag{self.kind}", **who, Tags=tags)

    def _bound(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        if not differs(properties, before, "PermissionsBoundary"):
            return
        who = {f"{self.kind}Name": name}
        if "PermissionsBoundary" in properties:
            boundary = properties["PermissionsBoundary"]
            at.call("iam", f"Put{self.kind}PermissionsBoundary", **who, PermissionsBoundary=boundary)
        else:
            at.call("iam", f"Delete{self.kind}PermissionsBoundary", **who)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        # Of its own: what others have attached is theirs to detach, and hinders.
        self._give(at, physical, {}, properties)
        at.call("iam", f"Delete{self.kind}", **{f"{self.kind}Name": physical})


class Role(_Entity):
    name = "AWS::IAM::Role"
    named_by = "RoleName"
    kind = "Role"

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        at.call(
            "iam",
            "CreateRole",
            RoleName=name,
            AssumeRolePolicyDocument=document(properties["AssumeRolePolicyDocument"]),
            Path=properties.get("Path"),
            Description=properties.get("Description"),
            MaxSessionDuration=properties.get("MaxSessionDuration"),
            PermissionsBoundary=properties.get("PermissionsBoundary"),
            Tags=properties.get("Tags"),
        )
        self._give(at, name, properties, {})
        return name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, "AssumeRolePolicyDocument"):
            trust = document(properties["AssumeRolePolicyDocument"])
            at.call("iam", "UpdateAssumeRolePolicy", RoleName=physical, PolicyDocument=trust)
        if differs(properties, before, "Description", "MaxSessionDuration"):
            at.call(
                "iam",
                "UpdateRole",
                RoleName=physical,
                Description=properties.get("Description", ""),
                MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
            )
        self._bound(at, physical, properties, before)
        self._give(at, physical, properties, before)
        self._tag(at, physical, properties, before)

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        who = {"RoleName": physical}
        found = at.call("iam", "GetRole", **who)["Role"]
        attached = at.call("iam", "ListAttachedRolePolicies", **who)["AttachedPolicies"]
        inline = [
            {"PolicyName": name, "PolicyDocument": _read(at.call("iam", "GetRolePolicy", **who, PolicyName=name))}
            for name in at.call("iam", "ListRolePolicies", **who)["PolicyNames"]
        ]
        return {
            "AssumeRolePolicyDocument": json.loads(unquote(found["AssumeRolePolicyDocument"])),
            "Description": found.get("Description"),
            "MaxSessionDuration": found["MaxSessionDuration"],
            "Path": found["Path"],
            "Tags": found.get("Tags", []),
            "ManagedPolicyArns": [each["PolicyArn"] for each in attached],
            "Policies": inline,
        }


class User(_Entity):
    name = "AWS::IAM::User"
    named_by = "UserName"
    kind = "User"

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        given = {key: properties.get(key) for key in ("Path", "PermissionsBoundary", "Tags")}
        at.call("iam", "CreateUser", UserName=name, **given)
        self._rest(at, name, properties, {})
        return name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, "Path"):
            at.call("iam", "UpdateUser", UserName=physical, NewPath=properties.get("Path", "/"))
        self._bound(at, physical, properties, before)
        self._rest(at, physical, properties, before)
        self._tag(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        self._rest(at, physical, {}, properties)
        at.call("iam", "DeleteUser", UserName=physical)

    def _rest(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        self._give(at, name, properties, before)
        groups, had = properties.get("Groups") or [], before.get("Groups") or []
        for group in groups:
            if group not in had:
                at.call("iam", "AddUserToGroup", UserName=name, GroupName=group)
        left = (group for group in had if group not in groups)
        forget(at, "RemoveUserFromGroup", ({"UserName": name, "GroupName": group} for group in left))
        login = properties.get("LoginProfile")
        if differs(properties, before, "LoginProfile") and login is not None:
            try:
                at.call("iam", "CreateLoginProfile", UserName=name, **login)
            except Refused as error:
                if not error.exists:
                    raise
                at.call("iam", "UpdateLoginProfile", UserName=name, **login)
        elif login is None and "LoginProfile" in before:
            forget(at, "DeleteLoginProfile", [{"UserName": name}])


class Group(_Entity):
    name = "AWS::IAM::Group"
    named_by = "GroupName"
    kind = "Group"

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        at.call("iam", "CreateGroup", GroupName=name, Path=properties.get("Path"))
        self._give(at, name, properties, {})
        return name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, "Path"):
            at.call("iam", "UpdateGroup", GroupName=physical, NewPath=properties.get("Path", "/"))
        self._give(at, physical, properties, before)


class InstanceProfile(ResourceType):
    name = "AWS::IAM::InstanceProfile"
    named_by = "InstanceProfileName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("InstanceProfileName") or at.name(128))

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        given = {key: properties.get(key) for key in ("Path", "Tags")}
        at.call("iam", "CreateInstanceProfile", InstanceProfileName=name, **given)
        for role in properties["Roles"]:
            at.call("iam", "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="iam", operation="GetInstanceProfile", InstanceProfileName=name)
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if differs(properties, before, "Roles"):
            there = at.call("iam", "GetInstanceProfile", InstanceProfileName=physical)["InstanceProfile"]["Roles"]
            for role in there:
                given = {"InstanceProfileName": physical, "RoleName": role["RoleName"]}
                forget(at, "RemoveRoleFromInstanceProfile", [given])
            for role in properties["Roles"]:
                at.call("iam", "AddRoleToInstanceProfile", InstanceProfileName=physical, RoleName=role)
        if differs(properties, before, "Tags"):
            tags = properties.get("Tags") or []
            keys = {tag["Key"] for tag in tags}
            if gone := [tag["Key"] for tag in before.get("Tags") or [] if tag["Key"] not in keys]:
                at.call("iam", "UntagInstanceProfile", InstanceProfileName=physical, TagKeys=gone)
            if tags:
                at.call("iam", "TagInstanceProfile", InstanceProfileName=physical, Tags=tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        for role in properties.get("Roles") or []:
            forget(at, "RemoveRoleFromInstanceProfile", [{"InstanceProfileName": physical, "RoleName": role}])
        at.call("iam", "DeleteInstanceProfile", InstanceProfileName=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("iam", "GetInstanceProfile", InstanceProfileName=physical)["InstanceProfile"]
        return {"Arn": found["Arn"]}


class UserToGroupAddition(ResourceType):
    name = "AWS::IAM::UserToGroupAddition"

    def create(self, at: At, properties: Properties) -> str:
        for user in properties["Users"]:
            at.call("iam", "AddUserToGroup", GroupName=properties["GroupName"], UserName=user)
        return at.name(LONGEST)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)
        same = properties["GroupName"] == before["GroupName"]
        gone = [user for user in before["Users"] if not same or user not in properties["Users"]]
        self.delete(at, physical, {**before, "Users": gone})

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        group = properties["GroupName"]
        forget(at, "RemoveUserFromGroup", ({"GroupName": group, "UserName": user} for user in properties["Users"]))


class ServiceLinkedRole(ResourceType):
    name = "AWS::IAM::ServiceLinkedRole"

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call("iam", "CreateServiceLinkedRole", **properties)["Role"]["RoleName"])

    def find(self, at: At, properties: Properties) -> str | None:
        path = f"/aws-service-role/{properties['AWSServiceName']}/"
        suffix = f"_{properties['CustomSuffix']}" if "CustomSuffix" in properties else ""
        roles = at.call("iam", "ListRoles", PathPrefix=path)["Roles"]
        return next((role["RoleName"] for role in roles if not suffix or role["RoleName"].endswith(suffix)), None)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        description = properties.get("Description", "")
        at.call("iam", "UpdateRoleDescription", RoleName=physical, Description=description)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("iam", "DeleteServiceLinkedRole", RoleName=physical)


class AccessKey(ResourceType):
    """Its secret is told once: it is written down as soon as it is, and a key that was made without is deleted."""

    name = "AWS::IAM::AccessKey"

    def create(self, at: At, properties: Properties) -> str:
        user = properties["UserName"]
        noted = at.requests.note(at, "AccessKey", json.dumps(_keys_of(at, user)))
        made = at.call("iam", "CreateAccessKey", UserName=user)["AccessKey"]
        at.requests.complete(noted, {"Data": {name: made[name] for name in ("AccessKeyId", "SecretAccessKey")}})
        return str(made["AccessKeyId"])

    def find(self, at: At, properties: Properties) -> str | None:
        noted = at.requests.last(at, "AccessKey", operation=False)
        if noted is None:
            return None
        user = properties["UserName"]
        here = _keys_of(at, user)
        if noted.answer is not None:
            made = noted.answer["Data"]["AccessKeyId"]
            return made if made in here else None
        unknown = set(here) - set(json.loads(noted.physical))
        forget(at, "DeleteAccessKey", ({"UserName": user, "AccessKeyId": key} for key in sorted(unknown)))
        return None

    def ready(self, at: At, physical: str, properties: Properties) -> bool:
        given = {"UserName": properties["UserName"], "AccessKeyId": physical}
        at.call("iam", "UpdateAccessKey", **given, Status=properties.get("Status", "Active"))
        return True

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """Only its status can change, which it has when it is ready."""

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("iam", "DeleteAccessKey", UserName=properties["UserName"], AccessKeyId=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        noted = at.requests.last(at, "AccessKey", operation=False)
        return {} if noted is None else {"SecretAccessKey": noted.answer["Data"]["SecretAccessKey"]}


def _keys_of(at: At, user: str) -> list[str]:
    try:
        return [key["AccessKeyId"] for key in at.call("iam", "ListAccessKeys", UserName=user)["AccessKeyMetadata"]]
    except Refused as error:
        if error.missing:
            return []
        raise


def _read(answer: Mapping[str, Any]) -> Any:
    """The policy of an answer, which has it as JSON in an URL's form."""
    return json.loads(unquote(answer["PolicyDocument"]))


TYPES = (AccessKey, Group, InstanceProfile, Role, ServiceLinkedRole, User, UserToGroupAddition)
