"""The policies of buckets: kept with those of identities, and decided with them, so that the store needs none.

After PutBucketPolicy, GetBucketPolicy, GetBucketPolicyStatus and DeleteBucketPolicy (Amazon S3 API Reference).
"""

from collections.abc import Callable

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION
from studiolo.domain import NotFound
from studiolo.door.public_access import Blocks, is_public, refuse
from studiolo.identity import Identity, MalformedPolicy, check_bucket_policy

OPERATIONS = frozenset({"DeleteBucketPolicy", "GetBucketPolicy", "GetBucketPolicyStatus", "PutBucketPolicy"})
LARGEST = 20 * 1024
"""Bytes of a policy."""

_XML = [(b"content-type", b"application/xml")]
_JSON = [(b"content-type", b"application/json")]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers, body."""


def answer(identity: Identity, operation: str, bucket: str, body: bytes, blocks: Blocks) -> Answer:
    """Carry out one of the operations for a bucket that is there, and blocks so. Raises ServiceError."""
    policies, resource = identity.of(identity.bucket(bucket)[0]).resource_policies, identity.s3_arn(bucket)
    if operation == "PutBucketPolicy":
        document = _checked(body, bucket, policies.check_principals)
        if blocks.policy and is_public(document):
            raise refuse("BlockPublicPolicy", "public policies")
        policies.put(resource, document)
        return 204, [], b""
    if operation == "DeleteBucketPolicy":
        policies.delete(resource)
        return 204, [], b""
    try:
        document = policies.document(resource)
    except NotFound as error:
        raise ServiceError("NoSuchBucketPolicy", "The bucket policy does not exist", 404) from error
    if operation == "GetBucketPolicy":
        return 200, _JSON, document.encode()
    status = f"{DECLARATION}<PolicyStatus><IsPublic>{str(is_public(document)).lower()}</IsPublic></PolicyStatus>"
    return 200, _XML, status.encode()


def _checked(body: bytes, bucket: str, check_principals: Callable[[str], None]) -> str:
    try:
        document = body.decode()
        check_bucket_policy(document, bucket)
        check_principals(document)
    except UnicodeDecodeError as error:
        raise ServiceError("MalformedPolicy", "This policy contains invalid Json", 400) from error
    except MalformedPolicy as error:
        raise ServiceError("MalformedPolicy", str(error), 400) from error
    return document
