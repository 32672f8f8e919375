"""What is looked up before a request goes on to our store, which takes what S3 refuses.

After PutObjectAcl, CreateBucket, AbortMultipartUpload and CompleteMultipartUpload (Amazon S3 API Reference) and
"Controlling ownership of objects" (Amazon S3 User Guide).
"""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols.xml_values import local_name
from studiolo.domain import now
from studiolo.door import locks
from studiolo.door.access_lists import document
from studiolo.door.calls import Calls
from studiolo.door.mending import ACLS
from studiolo.door.names import Named
from studiolo.door.operations import Operation
from studiolo.door.parts import text_of
from studiolo.storage.checksums import UPLOAD

_SET_ACLS = frozenset({"PutBucketAcl", "PutObjectAcl"})
_MAY_SET_ACLS = frozenset({"CreateMultipartUpload", "PutObject"})
OPERATIONS = frozenset({"AbortMultipartUpload", "CreateBucket"}) | _SET_ACLS | _MAY_SET_ACLS
_ENFORCED = "BucketOwnerEnforced"
_OWNERSHIPS = frozenset({_ENFORCED, "BucketOwnerPreferred", "ObjectWriter"})
_SIZE = "x-amz-mp-object-size"


async def check(calls: Calls, request: HttpRequest, named: Named, operation: Operation) -> None:
    """Raise ServiceError for an access list where there is none, and where an upload to be given up is gone."""
    name, headers = operation.name, named.headers
    if name in _MAY_SET_ACLS:
        locks.check_headers(headers, now())
    acl = headers.get("x-amz-acl")
    grants = any(header.startswith("x-amz-grant-") for header in headers)
    if name == "CreateBucket":
        ownership = headers.get("x-amz-object-ownership", _ENFORCED)
        if ownership not in _OWNERSHIPS:
            raise ServiceError("InvalidArgument", f"Invalid x-amz-object-ownership header: {ownership[:80]}", 400)
        if ownership == _ENFORCED and (grants or acl not in (None, "private")):
            message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
            raise ServiceError("InvalidBucketAclWithObjectOwnership", message, 400)
    elif name in _SET_ACLS or (name in _MAY_SET_ACLS and (grants or acl in ACLS)):
        if name in _SET_ACLS and acl is not None:
            if acl not in ACLS:
                raise ServiceError("InvalidArgument", f"{acl[:80]!r} is none of the canned ACLs.", 400)
            if grants:
                message = "Specifying both Canned ACLs and Header Grants is not allowed"
                raise ServiceError("InvalidRequest", message, 400)
        if (grants or acl != "bucket-owner-full-control") and await calls.is_owner_enforced(request, named.bucket):
            raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
        if acl == "aws-exec-read":
            raise ServiceError("NotImplemented", "The canned ACL aws-exec-read is not implemented.", 501)
        document(headers)
    elif name == "AbortMultipartUpload" and await calls.parts(request, named, most=1) is None:
        message = (
            "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been "
            "aborted or completed."
        )
        raise ServiceError("NoSuchUpload", message, 404)


def check_completion(named: Named, root: Element, known: Mapping[int, tuple[str, str]]) -> None:
    """Raise ServiceError (400) where the checksums of parts are not those of the upload.

    known: the algorithm and value of each part, by its number, and of UPLOAD the algorithm and type.
    """
    if UPLOAD not in known:
        return
    algorithm, kind = known[UPLOAD]
    asked = named.headers.get("x-amz-checksum-type", kind)
    if asked != kind:
        message = f"The upload was created using the {kind} checksum type, not {asked[:80]}."
        raise ServiceError("BadDigest", message, 400)
    for part in root:
        if local_name(part.tag) != "Part":
            continue
        number, value = text_of(part, "PartNumber").strip(), text_of(part, f"Checksum{algorithm}").strip()
        if not value and kind == "COMPOSITE":
            message = (
                f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the "
                f"checksum for each part. It was missing for part {number} in the request."
            )
            raise ServiceError("InvalidRequest", message, 400)
        given = known.get(int(number)) if number.isascii() and number.isdigit() else None
        if value and given is not None and given != (algorithm, value):
            message = f"The {algorithm.lower()} you specified for part {number} did not match the calculated checksum."
            raise ServiceError("BadDigest", message, 400)


async def check_size(calls: Calls, request: HttpRequest, named: Named, root: Element) -> None:
    """Raise ServiceError (400) where the parts are together not as large as the request says."""
    asked = named.headers.get(_SIZE)
    if asked is None:
        return
    sizes = await calls.parts(request, named)
    if sizes is None:
        return
    numbers = [text_of(part, "PartNumber").strip() for part in root if local_name(part.tag) == "Part"]
    if not all(number in sizes for number in numbers):
        return
    size = sum(sizes[number] for number in numbers)
    if asked != str(size):
        message = f"The provided '{_SIZE}' header value {asked[:40]} does not match what was computed: {size}"
        raise ServiceError("InvalidRequest", message, 400)
