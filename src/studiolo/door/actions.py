"""What IAM calls an S3 request: the actions it needs, and on what.

After "Actions, resources, and condition keys for Amazon S3" (Service Authorization Reference) and the permissions that
the Amazon S3 API Reference lists for the headers of each operation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from studiolo.door.names import Named, Source
from studiolo.door.operations import Operation
from studiolo.identity import Values


@dataclass(frozen=True, slots=True)
class Need:
    """One question to IAM; `context` has the condition keys that S3 adds. The resource is named as in the partition aws.

    tells: whether who is answered learns of objects.
    """

    action: str
    resource: str
    context: Values = field(default_factory=dict, compare=False)
    tells: bool = field(default=True, compare=False)


# What a header of a write needs beside the write, on the object or bucket that it is for.
_OF_OBJECT_HEADERS = {
    "x-amz-acl": "PutObjectAcl", "x-amz-grant-full-control": "PutObjectAcl", "x-amz-grant-read": "PutObjectAcl",
    "x-amz-grant-read-acp": "PutObjectAcl", "x-amz-grant-write": "PutObjectAcl",
    "x-amz-grant-write-acp": "PutObjectAcl", "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention", "x-amz-object-lock-retain-until-date": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
    "x-amz-bypass-governance-retention": "BypassGovernanceRetention",
}  # fmt: skip
_OF_BUCKET_HEADERS = {
    "x-amz-acl": "PutBucketAcl", "x-amz-grant-full-control": "PutBucketAcl", "x-amz-grant-read": "PutBucketAcl",
    "x-amz-grant-read-acp": "PutBucketAcl", "x-amz-grant-write": "PutBucketAcl",
    "x-amz-grant-write-acp": "PutBucketAcl", "x-amz-object-ownership": "PutBucketOwnershipControls",
    "x-amz-bucket-object-lock-enabled": "PutBucketObjectLockConfiguration PutBucketVersioning",
}  # fmt: skip
_PARAMETERS = {
    "prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys", "versionId": "s3:VersionId",
}  # fmt: skip
_HEADERS = {
    "if-match": "s3:if-match", "if-none-match": "s3:if-none-match", "x-amz-content-sha256": "s3:x-amz-content-sha256",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold", "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    **{
        name: f"s3:{name}"
        for name in (
            "x-amz-acl", "x-amz-copy-source", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp",
            "x-amz-grant-write", "x-amz-grant-write-acp", "x-amz-metadata-directive", "x-amz-object-ownership",
            "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-customer-algorithm", "x-amz-storage-class",
            "x-amz-website-redirect-location",
        )
    },
}  # fmt: skip
"""The condition keys of S3 that a request tells, by parameter and header."""


def actions_of(named: Named, operation: Operation) -> list[Need]:
    """What must all be allowed: the request's own action, what its headers do beside, and reading what it copies.

    Not what DeleteObjects and forms name in their bodies.
    """
    actions = [f"s3:{action}" for action in _own(named, operation)]
    if not named.bucket:
        return [Need(action, "*") for action in actions]
    context = told(named)
    resources = [arn(named.bucket, key) for key in (named.key, *named.others)]
    tells = operation.name != "HeadBucket"
    needs = [Need(action, resource, context, tells) for action in actions for resource in resources]
    if named.source is not None:
        needs += read_source(named.source, "GetObject")
    return needs


def told(named: Named) -> dict[str, str | Sequence[str]]:
    """The condition keys of S3 that a request tells."""
    keys: dict[str, str | Sequence[str]] = {}
    for table, values in ((_PARAMETERS, named.parameters), (_HEADERS, named.headers)):
        keys.update({key: values[name] for name, key in table.items() if name in values})
    tags = parse_qsl(named.headers.get("x-amz-tagging", ""), keep_blank_values=True)
    if tags:
        keys["s3:RequestObjectTagKeys"] = tuple(key for key, _ in tags)
        keys.update({f"s3:RequestObjectTag/{key}": value for key, value in tags})
    return keys


def read_source(source: Source, action: str) -> list[Need]:
    """What must be allowed to read, e.g. by `GetObject`, what is copied."""
    if source.version is not None:
        action = action.replace("Object", "ObjectVersion")
    return [Need(f"s3:{action}", arn(source.bucket, key)) for key in (source.key, *source.others)]


def copied_tags(named: Named, source: Source) -> list[Need]:
    """What must be allowed beside where what is copied has tags."""
    targets = [Need("s3:PutObjectTagging", arn(named.bucket, key)) for key in (named.key, *named.others)]
    return read_source(source, "GetObjectTagging") + targets


BY_TAGS = frozenset(
    {
        f"s3:{verb}Object{version}{what}"
        for verb, whats in (("Get", ("", "Acl", "Tagging")), ("Put", ("Acl", "Tagging")), ("Delete", ("Tagging",)))
        for what in whats
        for version in ("", "Version")
    }
)
"""Actions on what has tags already, which conditions can ask for."""

EXISTING = "s3:ExistingObjectTag/"


def tagged(named: Named, need: Need) -> tuple[str, str, str | None] | None:
    """The bucket, key and version whose tags count for a need of a request; None for what has none."""
    if need.action not in BY_TAGS or "/" not in need.resource:
        return None
    source = named.source
    if source is not None and need.resource in {arn(source.bucket, key) for key in (source.key, *source.others)}:
        return source.bucket, source.key, source.version
    return named.bucket, named.key, named.parameters.get("versionId")


def arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def bucket_arn(resource: str) -> str:
    """Of the bucket that a resource is, or is in."""
    return resource.partition("/")[0]


def _own(named: Named, operation: Operation) -> Iterator[str]:
    actions = operation.of_version if "versionId" in named.parameters else operation.actions
    yield from actions
    if named.method in ("GET", "HEAD", "OPTIONS"):
        return
    table = _OF_OBJECT_HEADERS if named.key else _OF_BUCKET_HEADERS
    beside = {action for name, text in table.items() if name in named.headers for action in text.split()}
    yield from sorted(beside.difference(actions))
