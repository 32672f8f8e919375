"""Which S3 operation a request is: the list of all that pass, and what IAM calls each.

After botocore's S3 model and "Actions, resources, and condition keys for Amazon S3" (Service Authorization Reference).
A sub-resource that is not in the list does not pass: SeaweedFS would take it for what the request is without it, so
that `DELETE /bucket?acl` deletes the bucket.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from studiolo.aws.errors import ServiceError
from studiolo.door.names import Named

_LIST = "delimiter encoding-type max-keys prefix"
_RESPONSE = (
    "response-cache-control response-content-disposition response-content-encoding response-content-language "
    "response-content-type response-expires"
)

# What the value of a parameter must be: SeaweedFS overlooks those that it cannot read.
_VALUES = {
    "list-type": re.compile(r"2"),
    "continuation-token": re.compile(r".+", re.DOTALL),
    **dict.fromkeys(("max-keys", "max-parts", "max-uploads", "part-number-marker"), re.compile(r"[0-9]{0,10}")),
    "partNumber": re.compile(r"0*(?:[1-9][0-9]{0,3}|10000)"),
    "uploadId": re.compile(r"[^/\\\s]+"),
    "versionId": re.compile(r"[^/\\\s]+"),
}
_WRONG = {
    "continuation-token": "The continuation token provided is incorrect",
    "max-keys": "Argument maxKeys must be an integer between 0 and 2147483647",
    "max-parts": "Argument max-parts must be an integer between 0 and 2147483647",
    "max-uploads": "Argument max-uploads must be an integer between 0 and 2147483647",
    "partNumber": "Part number must be an integer between 1 and 10000, inclusive",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of S3.

    name: botocore's; actions: what IAM must allow on the bucket or object, `of_version` where a versionId is given;
    required, parameters: the query parameters that it must and may have beside its sub-resource.
    """

    name: str
    actions: tuple[str, ...]
    of_version: tuple[str, ...]
    required: frozenset[str]
    parameters: frozenset[str]


def _operation(
    name: str, actions: str, parameters: str = "", *, of_version: str | None = None, required: str = ""
) -> Operation:
    versioned = "versionId" if of_version is not None else ""
    may = frozenset(f"{parameters} {required} {versioned}".split())
    own = tuple(actions.split())
    return Operation(name, own, tuple(of_version.split()) if of_version else own, frozenset(required.split()), may)


OBJECTS: Mapping[tuple[str, str], Operation] = {
    ("GET", ""): _operation("GetObject", "GetObject", f"partNumber {_RESPONSE}", of_version="GetObjectVersion"),
    ("GET", "acl"): _operation("GetObjectAcl", "GetObjectAcl", of_version="GetObjectVersionAcl"),
    ("GET", "attributes"): _operation(
        "GetObjectAttributes", "GetObject GetObjectAttributes", of_version="GetObjectVersion GetObjectVersionAttributes"
    ),
    ("GET", "legal-hold"): _operation("GetObjectLegalHold", "GetObjectLegalHold", of_version=""),
    ("GET", "retention"): _operation("GetObjectRetention", "GetObjectRetention", of_version=""),
    ("GET", "tagging"): _operation("GetObjectTagging", "GetObjectTagging", of_version="GetObjectVersionTagging"),
    ("GET", "torrent"): _operation("GetObjectTorrent", "GetObjectTorrent"),
    ("GET", "uploadId"): _operation("ListParts", "ListMultipartUploadParts", "max-parts part-number-marker"),
    ("HEAD", ""): _operation("HeadObject", "GetObject", f"partNumber {_RESPONSE}", of_version="GetObjectVersion"),
    ("PUT", ""): _operation("PutObject", "PutObject"),
    ("PUT", "acl"): _operation("PutObjectAcl", "PutObjectAcl", of_version="PutObjectVersionAcl"),
    ("PUT", "legal-hold"): _operation("PutObjectLegalHold", "PutObjectLegalHold", of_version=""),
    ("PUT", "retention"): _operation("PutObjectRetention", "PutObjectRetention", of_version=""),
    ("PUT", "tagging"): _operation("PutObjectTagging", "PutObjectTagging", of_version="PutObjectVersionTagging"),
    ("PUT", "uploadId"): _operation("UploadPart", "PutObject", required="partNumber"),
    ("POST", "restore"): _operation("RestoreObject", "RestoreObject", of_version=""),
    ("POST", "select"): _operation("SelectObjectContent", "GetObject", required="select-type"),
    ("POST", "uploadId"): _operation("CompleteMultipartUpload", "PutObject"),
    ("POST", "uploads"): _operation("CreateMultipartUpload", "PutObject"),
    ("DELETE", ""): _operation("DeleteObject", "DeleteObject", of_version="DeleteObjectVersion"),
    ("DELETE", "tagging"): _operation(
        "DeleteObjectTagging", "DeleteObjectTagging", of_version="DeleteObjectVersionTagging"
    ),
    ("DELETE", "uploadId"): _operation("AbortMultipartUpload", "AbortMultipartUpload"),
    ("OPTIONS", ""): _operation("Preflight", ""),
}
"""Of objects, by method and sub-resource. `OPTIONS` is a browser's question by which rules of CORS it may go on."""


def _settings() -> Iterator[tuple[tuple[str, str], Operation]]:
    """Sub-resources of buckets that are read, set and, where IAM has no own word for it, deleted as they are set."""
    table = """
        accelerate           AccelerateConfiguration        GetBucketAccelerateConfiguration PutBucketAccelerateConfiguration
        acl                  BucketAcl                      GetBucketAcl PutBucketAcl
        cors                 BucketCORS                     GetBucketCors PutBucketCors DeleteBucketCors
        encryption           EncryptionConfiguration        GetBucketEncryption PutBucketEncryption DeleteBucketEncryption
        lifecycle            LifecycleConfiguration         GetBucketLifecycleConfiguration PutBucketLifecycleConfiguration DeleteBucketLifecycle
        logging              BucketLogging                  GetBucketLogging PutBucketLogging
        notification         BucketNotification             GetBucketNotificationConfiguration PutBucketNotificationConfiguration
        object-lock          BucketObjectLockConfiguration  GetObjectLockConfiguration PutObjectLockConfiguration
        ownershipControls    BucketOwnershipControls        GetBucketOwnershipControls PutBucketOwnershipControls DeleteBucketOwnershipControls
        publicAccessBlock    BucketPublicAccessBlock        GetPublicAccessBlock PutPublicAccessBlock DeletePublicAccessBlock
        replication          ReplicationConfiguration       GetBucketReplication PutBucketReplication DeleteBucketReplication
        requestPayment       BucketRequestPayment           GetBucketRequestPayment PutBucketRequestPayment
        tagging              BucketTagging                  GetBucketTagging PutBucketTagging DeleteBucketTagging
        versioning           BucketVersioning               GetBucketVersioning PutBucketVersioning
    """  # noqa: E501 (a table)
    for line in table.strip().splitlines():
        name, word, *operations = line.split()
        for method, operation in zip(("GET", "PUT", "DELETE"), operations, strict=False):
            yield (method, name), _operation(operation, f"{'Get' if method == 'GET' else 'Put'}{word}")
    # Of these a bucket can have many, each with an id; without it all are listed.
    for name, word in (
        ("analytics", "Analytics"), ("intelligent-tiering", "IntelligentTiering"), ("inventory", "Inventory"),
        ("metrics", "Metrics"),
    ):  # fmt: skip
        operation, action = f"Bucket{word}Configuration", f"{word}Configuration"
        yield ("GET", name), _operation(f"Get{operation}", f"Get{action}", "id continuation-token")
        yield ("PUT", name), _operation(f"Put{operation}", f"Put{action}", required="id")
        yield ("DELETE", name), _operation(f"Delete{operation}", f"Put{action}", required="id")


BUCKETS: Mapping[tuple[str, str], Operation] = {
    ("GET", ""): _operation("ListObjects", "ListBucket", f"{_LIST} marker"),
    ("GET", "list-type"): _operation(
        "ListObjectsV2", "ListBucket", f"{_LIST} continuation-token fetch-owner start-after"
    ),
    ("GET", "location"): _operation("GetBucketLocation", "GetBucketLocation"),
    ("GET", "policy"): _operation("GetBucketPolicy", "GetBucketPolicy"),
    ("GET", "policyStatus"): _operation("GetBucketPolicyStatus", "GetBucketPolicyStatus"),
    ("GET", "uploads"): _operation(
        "ListMultipartUploads",
        "ListBucketMultipartUploads",
        "delimiter encoding-type key-marker max-uploads prefix upload-id-marker",
    ),
    ("GET", "versions"): _operation(
        "ListObjectVersions", "ListBucketVersions", f"{_LIST} key-marker version-id-marker"
    ),
    ("GET", "website"): _operation("GetBucketWebsite", "GetBucketWebsite"),
    ("HEAD", ""): _operation("HeadBucket", "ListBucket"),
    ("PUT", ""): _operation("CreateBucket", "CreateBucket"),
    ("PUT", "policy"): _operation("PutBucketPolicy", "PutBucketPolicy"),
    ("PUT", "website"): _operation("PutBucketWebsite", "PutBucketWebsite"),
    # What it deletes is in its body, and asked for there; a form says in its body who signed it.
    ("POST", "delete"): _operation("DeleteObjects", ""),
    ("POST", ""): _operation("PostObject", ""),
    ("DELETE", ""): _operation("DeleteBucket", "DeleteBucket"),
    ("DELETE", "policy"): _operation("DeleteBucketPolicy", "DeleteBucketPolicy"),
    ("DELETE", "website"): _operation("DeleteBucketWebsite", "DeleteBucketWebsite"),
    ("OPTIONS", ""): _operation("Preflight", ""),
    **dict(_settings()),
}
"""Of buckets, by method and sub-resource."""

ACCOUNT: Mapping[tuple[str, str], Operation] = {
    ("GET", ""): _operation("ListBuckets", "ListAllMyBuckets", "max-buckets continuation-token prefix bucket-region"),
}

_OF_OBJECTS, _OF_BUCKETS, _OF_ACCOUNT = (
    (table, frozenset(kind for _, kind in table if kind)) for table in (OBJECTS, BUCKETS, ACCOUNT)
)


def operation_of(named: Named) -> Operation:
    """The operation that a request is.

    Raises ServiceError: MethodNotAllowed (405), NotImplemented (501), InvalidArgument (400) where a parameter has no
    right value, or the request is for two sub-resources at once.
    """
    table, kinds = _OF_OBJECTS if named.key else _OF_BUCKETS if named.bucket else _OF_ACCOUNT
    asked = [name for name in named.parameters if name in kinds]
    if len(asked) > 1:
        raise ServiceError("InvalidArgument", f"Conflicting query parameters: {', '.join(sorted(asked))}", 400)
    kind = asked[0] if asked else ""
    operation = table.get((named.method, kind))
    if operation is None:
        what = f"{named.method[:16]} ?{kind}" if kind else named.method[:16]
        raise ServiceError("MethodNotAllowed", f"{what} is not allowed against this resource.", 405)
    _check(operation, kind, named.parameters)
    if named.source is not None and operation.name not in ("PutObject", "UploadPart"):
        raise ServiceError("InvalidArgument", f"{operation.name} does not take x-amz-copy-source.", 400)
    return operation


def _check(operation: Operation, kind: str, parameters: Mapping[str, str]) -> None:
    for name in parameters:
        if name != kind and name not in operation.parameters:
            raise ServiceError("NotImplemented", f"{operation.name} ?{name[:80]} is not implemented.", 501)
    if kind and kind not in _VALUES and parameters[kind]:
        raise ServiceError("InvalidArgument", f"The query parameter {kind} takes no value.", 400)
    for name in operation.required:
        if name not in parameters:
            raise ServiceError("InvalidArgument", f"{operation.name} needs the query parameter {name}.", 400)
    for name, value in parameters.items():
        if name in _VALUES and not _VALUES[name].fullmatch(value):
            raise ServiceError("InvalidArgument", _WRONG.get(name, f"The value of {name} is not valid."), 400)
