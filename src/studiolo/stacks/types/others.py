"""AWS::SSM, SecretsManager, KMS, ECR: types of services with one or two each."""

import json
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import (
    At,
    NotUpdatable,
    Properties,
    ResourceType,
    changed,
    differs,
    document,
    existing,
    retag,
)


class Parameter(ResourceType):
    name = "AWS::SSM::Parameter"
    named_by = "Name"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("Name") or at.name())

    def _put(self, at: At, name: str, properties: Properties, *, overwrite: bool) -> None:
        kept = {
            key: properties.get(key)
            for key in ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")
        }
        tags = [] if overwrite else [{"Key": k, "Value": v} for k, v in (properties.get("Tags") or {}).items()]
        at.call("ssm", "PutParameter", Name=name, **kept, Overwrite=overwrite, Tags=tags or None)

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        self._put(at, name, properties, overwrite=False)
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        return None if existing(at.call, service="ssm", operation="GetParameter", Name=name) is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if [name for name in changed(properties, before) if name != "Tags"]:
            self._put(at, physical, properties, overwrite=True)
        tags, had = properties.get("Tags") or {}, before.get("Tags") or {}
        which = {"ResourceType": "Parameter", "ResourceId": physical}
        if gone := [key for key in had if key not in tags]:
            at.call("ssm", "RemoveTagsFromResource", **which, TagKeys=gone)
        if tags != had and tags:
            at.call("ssm", "AddTagsToResource", **which, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        found = at.call("ssm", "GetParameter", Name=physical)["Parameter"]
        return {name: found[name] for name in ("Type", "Value", "DataType")}

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("ssm", "DeleteParameter", Name=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Type": properties["Type"], "Value": properties["Value"]}


class Secret(ResourceType):
    """Ref is its ARN."""

    name = "AWS::SecretsManager::Secret"
    named_by = "Name"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("Name") or at.name())

    def _value(self, at: At, properties: Properties) -> str | None:
        """The value: as given, or one that is generated."""
        if "SecretString" in properties:
            return str(properties["SecretString"])
        given = properties.get("GenerateSecretString")
        if given is None:
            return None
        words = {key: value for key, value in given.items() if key not in ("GenerateStringKey", "SecretStringTemplate")}
        password = str(at.call("secretsmanager", "GetRandomPassword", **words)["RandomPassword"])
        if "SecretStringTemplate" not in given:
            return password
        try:
            return json.dumps({**json.loads(given["SecretStringTemplate"]), given["GenerateStringKey"]: password})
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(
                "InvalidRequest", "SecretStringTemplate must be a JSON object, with GenerateStringKey beside it."
            ) from error

    def create(self, at: At, properties: Properties) -> str:
        if properties.get("ReplicaRegions"):
            raise Refused("InvalidRequest", "A secret has no replicas at Studiolo: leave ReplicaRegions out.")
        made = at.call(
            "secretsmanager",
            "CreateSecret",
            Name=self._name(at, properties),
            Description=properties.get("Description"),
            KmsKeyId=properties.get("KmsKeyId"),
            SecretString=self._value(at, properties),
            Tags=properties.get("Tags"),
            ClientRequestToken=at.token,
        )
        return str(made["ARN"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="secretsmanager", operation="DescribeSecret", SecretId=name)
        return None if found is None else str(found["ARN"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        fresh = None
        if differs(properties, before, "SecretString", "GenerateSecretString"):
            fresh = self._value(at, properties)
        if fresh is not None or differs(properties, before, "Description", "KmsKeyId"):
            described = {name: properties.get(name) for name in ("Description", "KmsKeyId")}
            at.call("secretsmanager", "UpdateSecret", SecretId=physical, **described, SecretString=fresh)
        retag(at, "secretsmanager", {"SecretId": physical}, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("secretsmanager", "DeleteSecret", SecretId=physical, ForceDeleteWithoutRecovery=True)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class SecretPolicy(ResourceType):
    name = "AWS::SecretsManager::ResourcePolicy"

    def create(self, at: At, properties: Properties) -> str:
        policy = document(properties["ResourcePolicy"])
        made = at.call("secretsmanager", "PutResourcePolicy", SecretId=properties["SecretId"], ResourcePolicy=policy)
        return str(made["ARN"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.create(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("secretsmanager", "DeleteResourcePolicy", SecretId=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class Key(ResourceType):
    """Found by its description, or not at all: CreateKey takes no token."""

    name = "AWS::KMS::Key"

    def create(self, at: At, properties: Properties) -> str:
        made = at.call(
            "kms",
            "CreateKey",
            Description=properties.get("Description"),
            KeySpec=properties.get("KeySpec"),
            KeyUsage=properties.get("KeyUsage"),
            MultiRegion=properties.get("MultiRegion"),
            Origin=properties.get("Origin"),
            Policy=document(properties.get("KeyPolicy")),
            Tags=_kms_tags({"Tags": at.all_tags(properties)}),
        )
        physical = str(made["KeyMetadata"]["KeyId"])
        self._set(at, physical, properties, {})
        return physical

    def find(self, at: At, properties: Properties) -> str | None:
        for key in at.call("kms", "ListKeys", Limit=1000)["Keys"]:
            tags = {
                tag["TagKey"]: tag["TagValue"] for tag in at.call("kms", "ListResourceTags", KeyId=key["KeyId"])["Tags"]
            }
            if at.tags.items() <= tags.items():
                return str(key["KeyId"])
        return None

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        fixed = ("KeySpec", "KeyUsage", "MultiRegion", "Origin")
        if names := [name for name in fixed if differs(properties, before, name)]:
            raise NotUpdatable(self.name, ", ".join(names))
        if differs(properties, before, "Description"):
            description = properties.get("Description", "")
            at.call("kms", "UpdateKeyDescription", KeyId=physical, Description=description)
        if differs(properties, before, "KeyPolicy"):
            policy = document(properties.get("KeyPolicy"))
            at.call("kms", "PutKeyPolicy", KeyId=physical, PolicyName="default", Policy=policy)
        self._set(at, physical, properties, before)
        retag(at, "kms", {"KeyId": physical}, properties, before, change=_kms_tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        state = at.call("kms", "DescribeKey", KeyId=physical)["KeyMetadata"]["KeyState"]
        if state != "PendingDeletion":
            days = properties.get("PendingWindowInDays", 30)
            at.call("kms", "ScheduleKeyDeletion", KeyId=physical, PendingWindowInDays=days)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Arn": at.call("kms", "DescribeKey", KeyId=physical)["KeyMetadata"]["Arn"], "KeyId": physical}

    def _set(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        switches = (
            ("EnableKeyRotation", False, "EnableKeyRotation", "DisableKeyRotation"),
            ("Enabled", True, "EnableKey", "DisableKey"),
        )
        for name, default, on, off in switches:
            if properties.get(name, default) != before.get(name, default):
                at.call("kms", on if properties.get(name, default) else off, KeyId=physical)


class Alias(ResourceType):
    name = "AWS::KMS::Alias"
    named_by = "AliasName"

    def create(self, at: At, properties: Properties) -> str:
        at.call("kms", "CreateAlias", **properties)
        return str(properties["AliasName"])

    def find(self, at: At, properties: Properties) -> str | None:
        name = properties["AliasName"]
        return None if existing(at.call, service="kms", operation="DescribeKey", KeyId=name) is None else str(name)

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call("kms", "UpdateAlias", **properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("kms", "DeleteAlias", AliasName=physical)


class Repository(ResourceType):
    name = "AWS::ECR::Repository"
    named_by = "RepositoryName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("RepositoryName") or at.name().lower())

    def create(self, at: At, properties: Properties) -> str:
        name = self._name(at, properties)
        at.call(
            "ecr",
            "CreateRepository",
            repositoryName=name,
            imageTagMutability=properties.get("ImageTagMutability"),
            imageScanningConfiguration=_lower(properties.get("ImageScanningConfiguration")),
            encryptionConfiguration=_lower(properties.get("EncryptionConfiguration")),
            tags=properties.get("Tags"),
        )
        self._documents(at, name, properties, {})
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        found = existing(at.call, service="ecr", operation="DescribeRepositories", repositoryNames=[name])
        return None if found is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        which = {"repositoryName": physical}
        if differs(properties, before, "ImageTagMutability"):
            mutability = properties.get("ImageTagMutability", "MUTABLE")
            at.call("ecr", "PutImageTagMutability", **which, imageTagMutability=mutability)
        if differs(properties, before, "ImageScanningConfiguration"):
            given = _lower(properties.get("ImageScanningConfiguration")) or {"scanOnPush": False}
            at.call("ecr", "PutImageScanningConfiguration", **which, imageScanningConfiguration=given)
        self._documents(at, physical, properties, before)
        if differs(properties, before, "Tags"):
            arn = self.attributes(at, physical, properties)["Arn"]
            tags = properties.get("Tags") or []
            keys = {tag["Key"] for tag in tags}
            if gone := [tag["Key"] for tag in before.get("Tags") or [] if tag["Key"] not in keys]:
                at.call("ecr", "UntagResource", resourceArn=arn, tagKeys=gone)
            if tags:
                at.call("ecr", "TagResource", resourceArn=arn, tags=tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("ecr", "DeleteRepository", repositoryName=physical, force=properties.get("EmptyOnDelete"))

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = at.call("ecr", "DescribeRepositories", repositoryNames=[physical])["repositories"][0]
        return {"Arn": found["repositoryArn"], "RepositoryUri": found["repositoryUri"]}

    def _documents(self, at: At, name: str, properties: Properties, before: Properties) -> None:
        which = {"repositoryName": name}
        if differs(properties, before, "RepositoryPolicyText"):
            if "RepositoryPolicyText" in properties:
                policy = document(properties["RepositoryPolicyText"])
                at.call("ecr", "SetRepositoryPolicy", **which, policyText=policy)
            else:
                existing(at.call, service="ecr", operation="DeleteRepositoryPolicy", **which)
        if differs(properties, before, "LifecyclePolicy"):
            text = (properties.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
            if text is not None:
                at.call("ecr", "PutLifecyclePolicy", **which, lifecyclePolicyText=text)
            else:
                existing(at.call, service="ecr", operation="DeleteLifecyclePolicy", **which)


def _kms_tags(properties: Properties) -> list[dict[str, str]] | None:
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags") or []] or None


def _lower(value: Properties | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {("kmsKey" if name == "KmsKey" else name[:1].lower() + name[1:]): item for name, item in value.items()}


TYPES = (Alias, Key, Parameter, Repository, Secret, SecretPolicy)
