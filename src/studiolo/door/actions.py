"""What IAM calls an S3 request: the actions it needs, and on what.

After "Actions, resources, and condition keys for Amazon S3" (Service Authorization Reference).
"""

from urllib.parse import unquote

from studiolo.aws.http import HttpRequest
from studiolo.door.target import bucket_of_host

_OBJECT_READ = {
    "acl": "GetObjectAcl", "attributes": "GetObjectAttributes", "legal-hold": "GetObjectLegalHold",
    "retention": "GetObjectRetention", "tagging": "GetObjectTagging", "uploadId": "ListMultipartUploadParts",
    "versionId": "GetObjectVersion",
}  # fmt: skip
_OBJECT_WRITE = {
    "acl": "PutObjectAcl", "legal-hold": "PutObjectLegalHold", "restore": "RestoreObject",
    "retention": "PutObjectRetention", "select": "GetObject", "tagging": "PutObjectTagging",
}  # fmt: skip
_OBJECT_DELETE = {
    "tagging": "DeleteObjectTagging", "uploadId": "AbortMultipartUpload", "versionId": "DeleteObjectVersion",
}  # fmt: skip
_BUCKET_READ = {
    "location": "GetBucketLocation", "policyStatus": "GetBucketPolicyStatus",
    "uploads": "ListBucketMultipartUploads", "versions": "ListBucketVersions",
}  # fmt: skip
_BUCKET_DELETE = {"policy": "DeleteBucketPolicy", "website": "DeleteBucketWebsite"}
# Of these, reading is Get<name>, and setting and deleting are Put<name>.
_BUCKET_SETTINGS = {
    "accelerate": "AccelerateConfiguration", "acl": "BucketAcl", "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS", "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration", "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration", "logging": "BucketLogging", "metrics": "MetricsConfiguration",
    "notification": "BucketNotification", "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls", "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock", "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment", "tagging": "BucketTagging", "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}  # fmt: skip


def actions_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The (action, resource ARN) pairs that all must be allowed: the request's own, and reading what it copies.

    The keys that DeleteObjects names are in its body: it needs s3:DeleteObject on the whole bucket.
    """
    path = unquote(request.path)[1:]
    of_host = bucket_of_host(request.host)
    bucket, _, key = path.partition("/") if of_host is None else (of_host, "", path)
    names = {unquote(pair.partition("=")[0]) for pair in request.query.split("&")}
    if not bucket:
        return [("s3:ListAllMyBuckets", "*")]
    if not key:
        action, key = _bucket_action(request.method, names)
        return [(f"s3:{action}", _arn(bucket, key))]
    needed = [(f"s3:{_object_action(request.method, names)}", _arn(bucket, key))]
    source = request.headers.get("x-amz-copy-source")
    if source is not None:
        path, _, version = source.partition("?")
        copied, _, copied_key = unquote(path).lstrip("/").partition("/")
        needed.append(("s3:GetObjectVersion" if version else "s3:GetObject", _arn(copied, copied_key)))
    return needed


def _object_action(method: str, names: set[str]) -> str:
    if method in ("GET", "HEAD"):
        return _first(_OBJECT_READ, names, "GetObject")
    if method == "DELETE":
        return _first(_OBJECT_DELETE, names, "DeleteObject")
    return _first(_OBJECT_WRITE, names, "PutObject")


def _bucket_action(method: str, names: set[str]) -> tuple[str, str]:
    """The action, and the key part of its resource: empty where it is the bucket itself."""
    setting = _first(_BUCKET_SETTINGS, names, "")
    if method in ("GET", "HEAD"):
        return f"Get{setting}" if setting else _first(_BUCKET_READ, names, "ListBucket"), ""
    if method == "DELETE":
        return _first(_BUCKET_DELETE, names, f"Put{setting}" if setting else "DeleteBucket"), ""
    if method == "POST":
        return ("DeleteObject" if "delete" in names else "PutObject"), "*"
    return (f"Put{setting}" if setting else "CreateBucket"), ""


def _first(table: dict[str, str], names: set[str], otherwise: str) -> str:
    return next((action for name, action in table.items() if name in names), otherwise)


def _arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
