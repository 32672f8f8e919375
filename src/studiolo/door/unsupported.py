"""S3 operations that SeaweedFS does not know and would take for another: they are answered with 501.

To it `PUT /bucket?website` is CreateBucket, `DELETE /bucket?website` DeleteBucket, `GET /bucket/key?torrent` GetObject.
Found by sending it every operation of botocore's S3 model; its answers to reading a configuration that nobody can
set (there is none) are true, and stay.
"""

from studiolo.aws.errors import ServiceError
from studiolo.door.names import Named
from studiolo.door.operations import Operation

_UNKNOWN = frozenset(
    {
        "DeleteBucketAnalyticsConfiguration", "DeleteBucketIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration", "DeleteBucketMetricsConfiguration", "DeleteBucketReplication",
        "DeleteBucketWebsite", "GetObjectTorrent", "PutBucketAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration", "PutBucketIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration", "PutBucketLogging", "PutBucketMetricsConfiguration",
        "PutBucketNotificationConfiguration", "PutBucketReplication", "PutBucketWebsite", "RestoreObject",
        "SelectObjectContent",
    }
)  # fmt: skip
# To append, SeaweedFS would overwrite.
_UNKNOWN_HEADERS = ("x-amz-write-offset-bytes",)


# All that it does with a key that ends in a slash, and a key without it is not taken for.
_OF_FOLDERS = frozenset({"DeleteObject", "GetObject", "HeadObject", "Preflight", "PutObject"})


def refuse_unsupported(named: Named, operation: Operation) -> None:
    """Raise ServiceError for what SeaweedFS would misunderstand (501), or take for another object (400)."""
    if operation.name in _UNKNOWN:
        raise _not_implemented(operation.name)
    for name in _UNKNOWN_HEADERS:
        if name in named.headers:
            raise _not_implemented(f"{operation.name} with the header {name}")
    folder = named.key.endswith("/") and operation.name not in _OF_FOLDERS
    part = named.source is not None and named.source.key.endswith("/") and operation.name != "PutObject"
    if folder or part:
        message = "A key that ends in / is a folder of the object store: it has no parts and tags of its own."
        raise ServiceError("InvalidArgument", message, 400)


def _not_implemented(what: str) -> ServiceError:
    return ServiceError("NotImplemented", f"{what} is not implemented by the object store.", 501)
