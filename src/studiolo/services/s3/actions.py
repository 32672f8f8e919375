"""What IAM calls an S3 request: the action and the resource that a policy names."""

from urllib.parse import parse_qsl, unquote

from studiolo.aws.http import HttpRequest
from studiolo.services.s3.target import bucket_of_host

_BUCKET = {"GET": "s3:ListBucket", "HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket", "DELETE": "s3:DeleteBucket"}
_OBJECT = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
_VERBS = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Put", "POST": "Put"}
# Parameters whose requests have actions of their own, with what the action says after its verb.
_SUBRESOURCES = {
    "acl": "Acl", "policy": "Policy", "tagging": "Tagging", "versioning": "Versioning", "cors": "CORS",
    "encryption": "EncryptionConfiguration", "lifecycle": "LifecycleConfiguration", "location": "Location",
    "notification": "Notification", "object-lock": "ObjectLockConfiguration", "retention": "Retention",
    "legal-hold": "LegalHold", "website": "Website", "publicAccessBlock": "PublicAccessBlock",
}  # fmt: skip


def action_of(request: HttpRequest) -> tuple[str, str]:
    """The IAM action and resource ARN of a request, after "Actions, resources, and condition keys for Amazon S3"."""
    bucket = bucket_of_host(request.host)
    path = unquote(request.path).lstrip("/")
    if bucket is None:
        bucket, _, key = path.partition("/")
    else:
        key = path
    parameters = dict(parse_qsl(request.query, keep_blank_values=True))
    if not bucket:
        return "s3:ListAllMyBuckets", "arn:aws:s3:::*"
    return _action(request.method, key, parameters), f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _action(method: str, key: str, parameters: dict[str, str]) -> str:
    for parameter, name in _SUBRESOURCES.items():
        if parameter in parameters:
            return f"s3:{_VERBS.get(method, 'Put')}{'Object' if key else 'Bucket'}{name}"
    if "uploadId" in parameters and method in ("GET", "DELETE"):
        return "s3:ListMultipartUploadParts" if method == "GET" else "s3:AbortMultipartUpload"
    if not key and "uploads" in parameters:
        return "s3:ListBucketMultipartUploads"
    if not key and "versions" in parameters:
        return "s3:ListBucketVersions"
    if not key and "delete" in parameters:
        return "s3:DeleteObject"
    return (_OBJECT if key else _BUCKET).get(method, "s3:PutObject")
