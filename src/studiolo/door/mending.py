"""Where our store asks or answers otherwise than S3: what it is asked instead, and what the client is answered.

After the pages of PutObject, CopyObject, CreateBucket and HeadBucket in the Amazon S3 API Reference. What the store has
no place for, it keeps among an object's metadata, in entries that the client does not see.
"""

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from types import MappingProxyType

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION
from studiolo.door import locks, ranges
from studiolo.door.names import Named, escaped
from studiolo.door.operations import Operation
from studiolo.door.uploads import ALGORITHMS, listed
from studiolo.governance import VIEWS
from studiolo.storage import keys

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
Headers = list[tuple[bytes, bytes]]

READS = frozenset({"GetObject", "HeadObject"})
OF_BUCKETS = frozenset({"CreateBucket", "GetBucketLocation", "HeadBucket"})
"""Operations in which it counts where a bucket was made."""

_WRITES = frozenset({"CreateMultipartUpload", "PutObject"})
_META = "x-amz-meta-"
MAX_METADATA = 2048
"""Bytes of the names and values of an object's metadata."""
_OF_CHECKSUMS = frozenset({"x-amz-checksum-algorithm", "x-amz-checksum-type"})
_BYTES_OF_CHECKSUMS = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}
_BYTES_OF_MD5, _NO_DIGEST = 16, "A" * 22 + "=="
_RESERVED = ("amzn-s3-demo-", "sthree-", "xn--"), ("--ol-s3", "--table-s3", "--x-s3", "-s3alias", ".mrap")
"""How names of buckets may not begin and end (Amazon S3 User Guide, "General purpose bucket naming rules")."""
ACLS = frozenset(
    {
        "authenticated-read", "aws-exec-read", "bucket-owner-full-control", "bucket-owner-read", "private", "public-read",
        "public-read-write",
    }
)  # fmt: skip
"""Canned ones, of objects."""
_EMPTY = "=?studiolo-empty?="
"""The value of an entry that has none: the store would drop it."""
_OURS = "x-amz-meta-studiolo-encryption"
_REDIRECTED = "x-amz-meta-studiolo-redirect"
"""Where a website leads that is asked for an object, behind what tells of which object it is: copies have it not."""
_REDIRECT = "x-amz-website-redirect-location"
_ENCRYPTION = "x-amz-server-side-encryption"
_KEY_ID, _BUCKET_KEY = f"{_ENCRYPTION}-aws-kms-key-id", f"{_ENCRYPTION}-bucket-key-enabled"
_ALGORITHMS = frozenset({"AES256", "aws:kms", "aws:kms:dsse"})
_CHANGES = ("x-amz-metadata-directive", "x-amz-storage-class", "x-amz-website-redirect-location", _ENCRYPTION)


def asked(named: Named, operation: Operation) -> Named:
    """The request as our store is to get it. Raises ServiceError (400)."""
    if operation.name in READS:
        _refuse_ciphered_range(named.headers)
        return ranges.read(named)
    if operation.name == "UploadPart":
        ranges.check_copied(named)
        _check_checksum(named.headers)
        _check_digest(named.headers)
    if operation.name not in _WRITES:
        return named
    headers = dict(named.headers)
    if operation.name == "CreateMultipartUpload" and f"{_ENCRYPTION}-customer-algorithm" in headers:
        # The store takes it, and cannot read it again.
        message = "An upload in parts under a customer's key is not implemented: put the object in one piece."
        raise ServiceError("NotImplemented", message, 501)
    _check_checksum(headers)
    _check_digest(headers)
    _check_headers(headers)
    source = named.source
    if source is not None and source.version is None and (source.bucket, source.key) == (named.bucket, named.key):
        _check_changes(headers)
    kept = source is not None and headers.get("x-amz-metadata-directive", "COPY") == "COPY"
    if not kept and not headers.get("content-type"):
        headers["content-type"] = "binary/octet-stream"
    empty = [name for name, value in headers.items() if not value and name.startswith(_META)]
    headers |= dict.fromkeys(empty, _EMPTY)
    headers.pop(_OURS, None)
    headers.pop(_REDIRECTED, None)
    if _REDIRECT in headers:
        if kept:
            message = f"A copy with {_REDIRECT} is implemented with x-amz-metadata-directive: REPLACE alone."
            raise ServiceError("NotImplemented", message, 501)
        headers[_REDIRECTED] = f"{_mark(named)} {_checked_redirect(headers.pop(_REDIRECT))}"
    if _ENCRYPTION in headers:
        _record_encryption(headers)
    if kept:
        # The copy has the metadata of its source, and with them what is recorded there.
        headers.pop(_OURS, None)
    return replace(named, headers=headers)


def tells_checksum(named: Named, operation: str) -> bool:
    """Whether the answer is to have the checksum of the object in its body."""
    if operation == "GetObjectAttributes":
        return "Checksum" in named.headers.get("x-amz-object-attributes", "")
    return operation == "PutObject" and named.source is not None and "x-amz-checksum-algorithm" in named.headers


def _check_checksum(headers: Mapping[str, str]) -> None:
    sums = [name for name in headers if name.startswith("x-amz-checksum-") and name not in _OF_CHECKSUMS]
    if len(sums) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise ServiceError("InvalidRequest", message, 400)
    for name in sums:
        size = _BYTES_OF_CHECKSUMS.get(name.removeprefix("x-amz-checksum-"))
        if size is not None and len(_of_base64(headers[name])) != size:
            raise ServiceError("InvalidRequest", f"Value for {name} header is invalid.", 400)


def _refuse_ciphered_range(headers: Mapping[str, str]) -> None:
    if "range" in headers and f"{_ENCRYPTION}-customer-algorithm" in headers:
        message = (
            "Reading a range of an object that is encrypted with a customer's key is not implemented: read it whole."
        )
        raise ServiceError("NotImplemented", message, 501)


def _check_digest(headers: Mapping[str, str]) -> None:
    if len(_of_base64(headers.get("content-md5", _NO_DIGEST))) != _BYTES_OF_MD5:
        raise ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.", 400)


def _of_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _check_headers(headers: dict[str, str]) -> None:
    acl = headers.get("x-amz-acl")
    if acl is not None and acl not in ACLS:
        raise ServiceError(
            "InvalidArgument", f"{acl[:80]!r} is none of the canned ACLs: {', '.join(sorted(ACLS))}", 400
        )
    if headers.get("if-none-match", "*") != "*":
        message = "A header you provided implies functionality that is not implemented: If-None-Match other than *"
        raise ServiceError("NotImplemented", message, 501)
    told = sum(len(name) - len(_META) + len(value) for name, value in headers.items() if name.startswith(_META))
    if told > MAX_METADATA:
        raise ServiceError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400)


def _check_changes(headers: dict[str, str]) -> None:
    if headers.get("x-amz-metadata-directive", "COPY") == "COPY" and not any(name in headers for name in _CHANGES[1:]):
        message = (
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
        raise ServiceError("InvalidRequest", message, 400)


def _checked_redirect(location: str) -> str:
    if not location.startswith(("/", "http://", "https://")):
        message = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'."
        raise ServiceError("InvalidRedirectLocation", message, 400)
    return location


def _mark(named: Named) -> str:
    """What tells an object from others, in one word."""
    return hashlib.sha256(f"{named.bucket}/{named.key}".encode()).hexdigest()[:16]


def _record_encryption(headers: dict[str, str]) -> None:
    """Keep what the headers say as an entry of the metadata: the store has no KMS, and reads no ranges of AES256."""
    if headers[_ENCRYPTION] not in _ALGORITHMS:
        raise ServiceError("InvalidArgument", "The encryption method specified is not supported", 400)
    values = (headers.pop(name, "") for name in (_ENCRYPTION, _KEY_ID, _BUCKET_KEY))
    headers.pop(f"{_ENCRYPTION}-context", None)
    headers[_OURS] = " ".join(value or "-" for value in values)


class Mending:
    """The answer to one request. region: of the bucket; marker: the delete marker by which an object is gone.

    owns: whether a bucket is one of the account that asks; parts: the checksums of an upload's, by number; allows:
    whether the store names methods that a browser may use.
    """

    def __init__(
        self,
        named: Named,
        operation: Operation,
        region: str,
        marker: str | None = None,
        checksum: bytes = b"",
        owns: Callable[[str], bool] = lambda _: True,
        parts: Mapping[int, tuple[str, str]] = MappingProxyType({}),
        *,
        allows: bool = False,
    ) -> None:
        self._owns = owns
        self._allows = allows
        self._named, self._operation, self._region = named, operation, region
        self._marker, self._checksum, self._parts = marker, checksum, parts

    def status(self, status: int) -> int:
        """As the client gets it."""
        if self._makes_again(status):
            return HTTPStatus.OK
        if self._forbidden(status):
            return HTTPStatus.FORBIDDEN
        return HTTPStatus.METHOD_NOT_ALLOWED if self._reads_marker else status

    def _forbidden(self, status: int) -> bool:
        """Whether a browser asked for a method that no rule allows its origin, of which the store says nothing."""
        asked = self._operation.name == "Preflight" and "access-control-request-method" in self._named.headers
        return asked and status == HTTPStatus.OK and not self._allows

    @property
    def _reads_marker(self) -> bool:
        """Whether the version that is read is a delete marker."""
        return self._marker is not None and "versionId" in self._named.parameters

    def _makes_again(self, status: int) -> bool:
        """Whether it makes a bucket that is there, which is fine in us-east-1: another account's is refused before."""
        again = status == HTTPStatus.CONFLICT and self._operation.name == "CreateBucket"
        return again and self._region == "us-east-1"

    def headers(self, status: int, headers: Headers) -> Headers:
        """As the client gets them."""
        name = self._operation.name
        if self._makes_again(status):
            return [(b"location", f"/{escaped(self._named.bucket)}".encode())]
        if self._forbidden(status):
            return [each for each in headers if not each[0].startswith(b"access-control-")]
        if self._reads_marker:
            return [*headers, (b"x-amz-delete-marker", b"true"), (b"allow", b"DELETE")]
        if self._marker is not None:
            return [*headers, (b"x-amz-delete-marker", b"true"), (b"x-amz-version-id", self._marker.encode())]
        if name in READS:
            return _as_read(headers, self._named)
        if status >= HTTPStatus.BAD_REQUEST:
            return headers
        if name.endswith("ObjectTagging") and "versionId" in self._named.parameters:
            return [*headers, (b"x-amz-version-id", self._named.parameters["versionId"].encode())]
        if name == "HeadBucket":
            return [*headers, (b"x-amz-bucket-region", self._region.encode())]
        if name in _WRITES:
            return [*_with_type(headers), *self._of_writes()]
        return headers

    def _of_writes(self) -> Headers:
        given = self._named.headers
        more: Headers = []
        if given.get(_ENCRYPTION) in _ALGORITHMS:
            more = [
                (name.encode(), given[name].encode()) for name in (_ENCRYPTION, _KEY_ID, _BUCKET_KEY) if name in given
            ]
        source = self._named.source
        if source is not None and source.version is not None:
            more.append((b"x-amz-copy-source-version-id", source.version.encode()))
        return more

    def body(self, status: int) -> Callable[[bytes], bytes] | None:
        """What makes the client's body of the store's; None where it is the same."""
        if self._makes_again(status):
            return lambda _: b""
        if self._forbidden(status):
            return lambda _: _FORBIDDEN
        if self._reads_marker:
            return lambda _: b"" if self._named.method == "HEAD" else _refused(self._named.method)
        if self._checksum and status < HTTPStatus.BAD_REQUEST:
            return self._with_checksum
        if status < HTTPStatus.BAD_REQUEST and self._operation.name == "GetBucketLocation":
            return lambda _: _location(self._region)
        if status < HTTPStatus.BAD_REQUEST and self._operation.name == "ListBuckets":
            return lambda body: _owned(body, self._owns)
        if status < HTTPStatus.BAD_REQUEST and self._named.source is not None:
            return _with_quotes
        if status == HTTPStatus.FORBIDDEN and self._operation.name == "Preflight":
            return lambda body: body.replace(b"<Code>AccessDenied<", b"<Code>AccessForbidden<")
        if status == HTTPStatus.NOT_FOUND and self._operation.name in locks.READS:
            return locks.named_as_s3_does
        if status == HTTPStatus.OK and self._operation.name == "ListParts":
            return lambda body: keys.shown(listed(body, self._parts))
        if (
            status == HTTPStatus.BAD_REQUEST
            and self._named.method != "HEAD"
            and "content-md5" not in self._named.headers
        ):
            return lambda body: keys.shown(body.replace(_OF_MD5, _of_checksum(self._named)))
        if self._names_keys(status):
            return keys.shown
        return None

    def _with_checksum(self, body: bytes) -> bytes:
        """With the checksum of the object as the last of what its attributes or a copy tell."""
        copied = self._named.source is not None
        told = self._checksum if copied else b"<Checksum>%b</Checksum>" % self._checksum
        body = (told + b"</").join(body.rsplit(b"</", 1))
        return _with_quotes(body) if copied else body

    def _names_keys(self, status: int) -> bool:
        """Whether it is XML that may have keys in it, under the store's names."""
        named = self._named
        if named.method == "HEAD" or keys.stored(named.key) == named.key:
            return False
        return status >= HTTPStatus.BAD_REQUEST or named.method == "POST"


_FORBIDDEN = (
    f"{DECLARATION}<Error><Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not allowed. This is "
    "usually because the evaluation of Origin, request method / Access-Control-Request-Method or "
    "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.</Message></Error>"
).encode()
_TYPE = b"x-amz-checksum-type"
_OF_MD5 = b"The Content-Md5 you specified did not match what we received."
_BUCKET = re.compile(rb"<Bucket>.*?</Bucket>", re.DOTALL)
_NAME = re.compile(rb"<Name>([^<]*)</Name>")
_VIEWS = f"<Name>{VIEWS}".encode()
_EMPTY_BYTES, _OURS_BYTES, _REDIRECTED_BYTES = _EMPTY.encode(), _OURS.encode(), _REDIRECTED.encode()
_OF_OURS = frozenset({_OURS_BYTES, _REDIRECTED_BYTES})


def _as_read(headers: Headers, named: Named) -> Headers:
    """With the entries of the metadata that are ours read again."""
    if any(name in _OF_OURS or value == _EMPTY_BYTES for name, value in headers):
        mended: Headers = []
        for name, value in headers:
            if name == _OURS_BYTES:
                values = zip((_ENCRYPTION, _KEY_ID, _BUCKET_KEY), value.decode().split(), strict=False)
                mended += [(header.encode(), text.encode()) for header, text in values if text != "-"]
            elif name == _REDIRECTED_BYTES:
                mark, _, location = value.partition(b" ")
                mended += [(_REDIRECT.encode(), location)] if mark == _mark(named).encode() else []
            else:
                mended.append((name, b"" if value == _EMPTY_BYTES else value))
        headers = mended
    return _with_type(headers)


def _of_checksum(named: Named) -> bytes:
    """That a checksum is wrong, in S3's words; the store speaks of an MD5 that was not there."""
    given = (*named.headers, *named.headers.get("x-amz-trailer", "").split(","))
    names = (name.strip().removeprefix("x-amz-checksum-").upper() for name in given)
    name = next((name for name in names if name in ALGORITHMS), "checksum")
    return f"The {name} you specified did not match the calculated checksum.".encode()


def _with_type(headers: Headers) -> Headers:
    """With the kind of a checksum, of which the store tells only where parts were put together."""
    names = [name for name, _ in headers if name.startswith(b"x-amz-checksum-")]
    if names and _TYPE not in names and b"x-amz-checksum-algorithm" not in names:
        return [*headers, (_TYPE, b"FULL_OBJECT")]
    return headers


def _owned(body: bytes, owns: Callable[[str], bool]) -> bytes:
    """A list of buckets without those of others, and those of governed views, which are nobody's."""

    def kept(found: re.Match[bytes]) -> bytes:
        name = _NAME.search(found[0])
        mine = _VIEWS not in found[0] and name is not None and owns(name[1].decode())
        return found[0] if mine else b""

    return _BUCKET.sub(kept, body)


def _with_quotes(body: bytes) -> bytes:
    """The result of a copy, with its ETag in quotes."""
    if b"<ETag>&#34;" in body or b"<ETag>&quot;" in body or b'<ETag>"' in body:
        return body
    return body.replace(b"<ETag>", b"<ETag>&quot;").replace(b"</ETag>", b"&quot;</ETag>")


def _location(region: str) -> bytes:
    # Buckets in us-east-1 have none.
    name = "" if region == "us-east-1" else region
    return f'{DECLARATION}<LocationConstraint xmlns="{NAMESPACE}">{name}</LocationConstraint>'.encode()


def _refused(method: str) -> bytes:
    """That a delete marker cannot be read."""
    return (
        f"{DECLARATION}<Error><Code>MethodNotAllowed</Code><Message>The specified method is not allowed against this "
        f"resource.</Message><Method>{method}</Method><ResourceType>DeleteMarker</ResourceType></Error>"
    ).encode()


def check_names(named: Named, operation: Operation) -> None:
    """Raise ServiceError (400) where a bucket is to be made whose name S3 keeps for itself, or a list to be encoded so."""
    bucket = named.bucket
    if named.parameters.get("encoding-type", "url") != "url":
        raise ServiceError("InvalidArgument", "Invalid Encoding Method specified in Request", 400)
    if operation.name == "CreateBucket" and (bucket.startswith(_RESERVED[0]) or bucket.endswith(_RESERVED[1])):
        raise ServiceError("InvalidBucketName", f"The specified bucket is not valid: {bucket!r} is reserved.", 400)


def check_owner(named: Named, owner: Callable[[str], str]) -> None:
    """Raise ServiceError (403) where a bucket is expected to be somebody else's; owner: whose one is."""
    source = named.source.bucket if named.source is not None else ""
    for name, bucket in (
        ("x-amz-expected-bucket-owner", named.bucket),
        ("x-amz-source-expected-bucket-owner", source),
    ):
        if name in named.headers and named.headers[name] != (account := owner(bucket)):
            raise ServiceError(
                "AccessDenied", f"Access Denied: the bucket belongs to {account}, not to who {name} says.", 403
            )
