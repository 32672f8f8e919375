"""AWS::S3: buckets and their policies."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from studiolo.calling import Refused
from studiolo.stacks.types.base import At, NotUpdatable, Properties, ResourceType, differs, document, existing

Change = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _encryption(value: Properties) -> Any:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        by_default = rule.get("ServerSideEncryptionByDefault")
        made = {} if by_default is None else {"ApplyServerSideEncryptionByDefault": by_default}
        rules.append({**made, **{key: rule[key] for key in ("BucketKeyEnabled",) if key in rule}})
    return {"Rules": rules}


def _renamed(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): item for key, item in value.items()}


def _cors(value: Properties) -> Any:
    names = {"ExposedHeaders": "ExposeHeaders", "Id": "ID", "MaxAge": "MaxAgeSeconds"}
    return {"CORSRules": [_renamed(rule, names) for rule in value["CorsRules"]]}


def _lifecycle(value: Properties) -> Any:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    made: dict[str, Any] = {"Status": rule["Status"]}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    tags = rule.get("TagFilters") or []
    prefix = {"Prefix": rule["Prefix"]} if "Prefix" in rule else {}
    if len(tags) + len(prefix) > 1:
        made["Filter"] = {"And": {**prefix, "Tags": tags}}
    else:
        made["Filter"] = {"Tag": tags[0]} if tags else prefix or {"Prefix": ""}
    days = {
        "ExpirationInDays": "Days",
        "ExpirationDate": "Date",
        "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
    }
    if expiration := {name: rule[key] for key, name in days.items() if key in rule}:
        made["Expiration"] = expiration
    moves = {"TransitionInDays": "Days", "TransitionDate": "Date"}
    transitions = [*(rule.get("Transitions") or []), *([rule["Transition"]] if "Transition" in rule else [])]
    if transitions:
        made["Transitions"] = [_renamed(each, moves) for each in transitions]
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = dict(rule["NoncurrentVersionExpiration"])
    elif "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "NoncurrentVersionTransitions" in rule:
        names = {"TransitionInDays": "NoncurrentDays"}
        made["NoncurrentVersionTransitions"] = [_renamed(each, names) for each in rule["NoncurrentVersionTransitions"]]
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = dict(rule["AbortIncompleteMultipartUpload"])
    return made


def _logging(value: Properties) -> Any:
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    return {"LoggingEnabled": {"TargetPrefix": "", **_renamed(value, names)}}


def _notification(value: Properties) -> Any:
    made: dict[str, Any] = {}
    kinds = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    for name, (list_name, target, arn) in kinds.items():
        for each in value.get(name) or []:
            entry: dict[str, Any] = {"Events": [each["Event"]], arn: each[target]}
            if "Filter" in each:
                rules = each["Filter"]["S3Key"]["Rules"]
                entry["Filter"] = {"Key": {"FilterRules": [{"Name": r["Name"], "Value": r["Value"]} for r in rules]}}
            made.setdefault(list_name, []).append(entry)
    if value.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", "EventBridgeConfiguration" in value):
        made["EventBridgeConfiguration"] = {}
    return made


def _website(value: Properties) -> Any:
    made: dict[str, Any] = {}
    if "IndexDocument" in value:
        made["IndexDocument"] = {"Suffix": value["IndexDocument"]}
    if "ErrorDocument" in value:
        made["ErrorDocument"] = {"Key": value["ErrorDocument"]}
    if "RedirectAllRequestsTo" in value:
        made["RedirectAllRequestsTo"] = dict(value["RedirectAllRequestsTo"])
    if "RoutingRules" in value:
        names = {"RedirectRule": "Redirect", "RoutingRuleCondition": "Condition"}
        made["RoutingRules"] = [_renamed(rule, names) for rule in value["RoutingRules"]]
    return made


SETTINGS: Mapping[str, tuple[str, str, Change, str | None]] = {
    "AccelerateConfiguration": (
        "PutBucketAccelerateConfiguration",
        "AccelerateConfiguration",
        lambda value: {"Status": value["AccelerationStatus"]},
        None,
    ),
    "BucketEncryption": (
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        _encryption,
        "DeleteBucketEncryption",
    ),
    "CorsConfiguration": ("PutBucketCors", "CORSConfiguration", _cors, "DeleteBucketCors"),
    "LifecycleConfiguration": (
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        _lifecycle,
        "DeleteBucketLifecycle",
    ),
    "LoggingConfiguration": ("PutBucketLogging", "BucketLoggingStatus", _logging, None),
    "NotificationConfiguration": (
        "PutBucketNotificationConfiguration",
        "NotificationConfiguration",
        _notification,
        None,
    ),
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        "OwnershipControls",
        _same,
        "DeleteBucketOwnershipControls",
    ),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        _same,
        "DeletePublicAccessBlock",
    ),
    "Tags": ("PutBucketTagging", "Tagging", lambda value: {"TagSet": value}, "DeleteBucketTagging"),
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", _same, None),
    "WebsiteConfiguration": ("PutBucketWebsite", "WebsiteConfiguration", _website, "DeleteBucketWebsite"),
}
"""A bucket's settings: the operation that puts one, its parameter, what the property becomes, what takes it away."""

READ = {
    "PublicAccessBlockConfiguration": ("GetPublicAccessBlock", "PublicAccessBlockConfiguration"),
    "Tags": ("GetBucketTagging", "TagSet"),
    "VersioningConfiguration": ("GetBucketVersioning", None),
}
"""The settings that are read back: the operation, and the member of its answer."""

AT_CREATION = frozenset({"BucketName", "ObjectLockEnabled", "AccessControl"})
EMPTIED: Mapping[str, Any] = {
    "AccelerateConfiguration": {"Status": "Suspended"},
    "LoggingConfiguration": {},
    "NotificationConfiguration": {},
    "VersioningConfiguration": {"Status": "Suspended"},
}


def _ownership(properties: Properties) -> str | None:
    """Who is to own a new bucket's objects: whether it can have access lists at all."""
    rules = (properties.get("OwnershipControls") or {}).get("Rules") or [{}]
    found: str | None = rules[0].get("ObjectOwnership")
    return found


class Bucket(ResourceType):
    name = "AWS::S3::Bucket"
    named_by = "BucketName"

    def _name(self, at: At, properties: Properties) -> str:
        return str(properties.get("BucketName") or at.name(63).lower())

    def create(self, at: At, properties: Properties) -> str:
        unknown = sorted(set(properties) - AT_CREATION - set(SETTINGS))
        if unknown:
            raise Refused("ValidationError", f"Studiolo has no {', '.join(unknown)} of a bucket.")
        name = self._name(at, properties)
        here = {} if at.scope.region == "us-east-1" else {"LocationConstraint": at.scope.region}
        acl = properties.get("AccessControl")
        at.call(
            "s3",
            "CreateBucket",
            Bucket=name,
            CreateBucketConfiguration=here or None,
            ObjectLockEnabledForBucket=properties.get("ObjectLockEnabled"),
            ACL=None if acl is None else _ACLS.get(acl, "private"),
            ObjectOwnership=_ownership(properties),
        )
        self._set(at, name, properties, {})
        return name

    def find(self, at: At, properties: Properties) -> str | None:
        name = self._name(at, properties)
        return None if existing(at.call, service="s3", operation="HeadBucket", Bucket=name) is None else name

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        unknown = sorted(name for name in set(properties) | set(before) if name not in SETTINGS)
        if changed := [name for name in unknown if differs(properties, before, name)]:
            raise NotUpdatable(self.name, ", ".join(changed))
        self._set(at, physical, properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("s3", "DeleteBucket", Bucket=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        region = at.scope.region
        return {
            "Arn": f"arn:{at.scope.partition}:s3:::{physical}",
            "DomainName": f"{physical}.s3.amazonaws.com",
            "DualStackDomainName": f"{physical}.s3.dualstack.{region}.amazonaws.com",
            "RegionalDomainName": f"{physical}.s3.{region}.amazonaws.com",
            "WebsiteURL": f"http://{physical}.s3-website-{region}.amazonaws.com",
        }

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        at.call("s3", "HeadBucket", Bucket=physical)
        found: dict[str, Any] = {}
        for name, (operation, member) in READ.items():
            if name not in properties:
                continue
            try:
                answer = at.call("s3", operation, Bucket=physical)
                found[name] = answer.get(member) if member else {"Status": answer.get("Status", "Suspended")}
            except Refused as error:
                if not error.code.startswith("NoSuch"):
                    raise
                found[name] = None
        return found

    def _set(self, at: At, bucket: str, properties: Properties, before: Properties) -> None:
        for name, (operation, parameter, change, delete) in SETTINGS.items():
            if not differs(properties, before, name):
                continue
            if name in properties:
                at.call("s3", operation, Bucket=bucket, **{parameter: change(properties[name])})
            elif delete is not None:
                at.call("s3", delete, Bucket=bucket)
            else:
                at.call("s3", operation, Bucket=bucket, **{parameter: EMPTIED[name]})


class BucketPolicy(ResourceType):
    name = "AWS::S3::BucketPolicy"

    def create(self, at: At, properties: Properties) -> str:
        self._put(at, properties)
        return str(properties["Bucket"])

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self._put(at, properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("s3", "DeleteBucketPolicy", Bucket=physical)

    def read(self, at: At, physical: str, properties: Properties) -> dict[str, Any] | None:
        return {"PolicyDocument": json.loads(at.call("s3", "GetBucketPolicy", Bucket=physical)["Policy"])}

    def _put(self, at: At, properties: Properties) -> None:
        policy = document(properties["PolicyDocument"])
        at.call("s3", "PutBucketPolicy", Bucket=properties["Bucket"], Policy=policy)


_ACLS = {
    "AuthenticatedRead": "authenticated-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "BucketOwnerRead": "bucket-owner-read",
    "LogDeliveryWrite": "log-delivery-write",
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
}

TYPES = (Bucket, BucketPolicy)
