"""What an S3 request names: one value that both the question to IAM and the request to the store are made from.

SeaweedFS does not know all of S3's keys apart: it drops empty parts of a key and takes a backslash for a slash. A key
is therefore brought to the form in which the store keeps it before anybody is asked; what cannot be brought to one
form is refused. Found by sending SeaweedFS 4.48 every spelling of a key, signed, at its own door.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest

MAX_KEY = 1024
"""Bytes of a key (S3 User Guide, "Naming Amazon S3 objects")."""

# The bucket before s3, s3.<region>, s3-<region> or s3.dualstack.<region> of AWS or localhost; or before localhost.
_S3_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?"
    r"\.(?:amazonaws\.com(?:\.cn)?|localhost(?:\.localstack\.cloud)?)"
)
_LOCAL_HOST = re.compile(r"(?P<bucket>.+)\.localhost")
# Upper case, underscores and 255 characters are of old buckets in us-east-1.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SLASHES = re.compile(r"[/\\]+")

# What a presigned URL's signature says of itself, of version 4 and version 2.
_OF_SIGNATURES = frozenset(
    {
        "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
        "x-amz-security-token", "x-amz-content-sha256", "awsaccesskeyid", "signature", "expires",
    }
)  # fmt: skip
_ALSO_HEADERS = frozenset({"content-md5", "content-type"})
_POSITIONS = ("prefix", "marker", "start-after", "continuation-token", "key-marker")
"""Parameters of lists that say where in the keys."""


@dataclass(frozen=True, slots=True)
class Source:
    """The object that a request copies; `others` as in Named."""

    bucket: str
    key: str
    version: str | None = None
    others: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """As `x-amz-copy-source`."""
        version = f"?versionId={escaped(self.version)}" if self.version is not None else ""
        return f"/{self.bucket}/{quote(self.key, safe='/-_.~')}{version}"


@dataclass(frozen=True, slots=True)
class Named:
    """What a request is about, free of how it was spelled.

    bucket, key: empty where the request is for none; the key is as the store keeps it. parameters: the query without
    signatures; headers: lower-case names, with those that a presigned URL carries in its query. others: further keys
    that a store unknown to us might take the key for.
    """

    method: str
    bucket: str
    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None
    others: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Path style, in the one escaping that signatures know."""
        bucket = f"/{self.bucket}" if self.bucket else "/"
        return f"{bucket}/{quote(self.key, safe='/-_.~')}" if self.key else bucket

    @property
    def query(self) -> str:
        return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in self.parameters.items())


def bucket_of_host(host: str) -> str | None:
    """The bucket in a virtual-host style Host header: `air.s3.eu-west-1.localhost:4566` is bucket `air`."""
    name = host.lower()
    if ":" in name:
        name = name.rpartition(":")[0]
    name = name.removesuffix(".")
    match = _S3_HOST.fullmatch(name) or _LOCAL_HOST.fullmatch(name)
    return match["bucket"] if match else None


def names_of(request: HttpRequest, *, ours: bool) -> Named:
    """What a request names. ours: the store is our SeaweedFS, whose ways with keys are known.

    Raises ServiceError (400) for what no key, bucket or parameter can be spelled like, and for what the store could
    not tell from another.
    """
    path = _decoded(request.path)[1:]
    bucket = bucket_of_host(request.host)
    if bucket is None:
        bucket, _, spelled = path.partition("/")
    else:
        spelled = path
    if spelled or bucket:
        _check_bucket(bucket)
    elif request.path != "/":
        raise _invalid_uri("it names no bucket")
    key, others = stored_key(spelled, ours=ours)
    # A browser asks for leave with the whole address of the request to come.
    query = request.query if request.method != "OPTIONS" else ""
    parameters, hoisted = _parameters(query, ours=ours)
    headers = {**hoisted, **request.headers}
    copied = headers.get("x-amz-copy-source")
    source = None if copied is None else _source(copied, ours=ours)
    return Named(request.method, bucket, key, parameters, headers, source, others)


def stored_key(spelled: str, *, ours: bool) -> tuple[str, tuple[str, ...]]:
    """The key as the store keeps it, and the others that a store unknown to us might take it for.

    Raises ServiceError (400) for a key that the store cannot keep.
    """
    plain = _SLASHES.sub("/", spelled).lstrip("/")
    if spelled and not plain:
        raise _invalid_uri("a key cannot be made of slashes alone")
    if "\0" in plain:
        raise _invalid_uri("a key cannot have a NUL")
    if len(spelled.encode("utf-8", "surrogatepass")) > MAX_KEY:
        raise ServiceError("KeyTooLongError", "Your key is too long", 400)
    parts = plain.split("/")
    if "." in parts or ".." in parts:
        raise _invalid_uri("a part of the path is . or ..")
    if not ours:
        return spelled, () if spelled == plain else (plain,)
    if parts[0] == ".uploads" or any(part.endswith(".versions") for part in parts[:-1]):
        message = "Keys below .uploads/ and below a part that ends in .versions are the object store's own."
        raise ServiceError("InvalidArgument", message, 400)
    return plain, ()


def escaped(text: str) -> str:
    return quote(text, safe="-_.~")


def _parameters(query: str, *, ours: bool) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters of a query without its signature, and the headers that presigned URLs carry in it."""
    parameters: dict[str, str] = {}
    hoisted: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, _, value = (_decoded(part.replace("+", " ")) for part in pair.partition("="))
        lower = name.lower()
        into, name = (hoisted, lower) if lower.startswith("x-") or lower in _ALSO_HEADERS else (parameters, name)
        if into is hoisted and _CONTROL.search(value):
            raise ServiceError("InvalidArgument", f"The value of {name[:80]} has a control character.", 400)
        if name in into:
            raise ServiceError("InvalidArgument", f"The query parameter {name[:80]} is there more than once.", 400)
        if name and lower not in _OF_SIGNATURES:
            into[name] = value
    for name in _POSITIONS:
        if ours and name in parameters:
            parameters[name] = _position(name, parameters[name])
    return parameters, hoisted


def _position(name: str, value: str) -> str:
    """A prefix or marker as the store's keys are spelled."""
    plain = _SLASHES.sub("/", value).lstrip("/")
    if plain.startswith(".uploads/"):
        raise ServiceError("InvalidArgument", "Keys below .uploads/ are the object store's own.", 400)
    if name != "prefix":
        return value
    # A prefix of slashes alone names nothing here, as it does in S3 where no key begins with one. It is not the
    # empty prefix: who deletes what is below it would lose the whole bucket.
    return plain if plain or not value else "/"


def _source(header: str, *, ours: bool) -> Source:
    """What `x-amz-copy-source` names. Raises ServiceError (400)."""
    path, query, rest = header.strip().partition("?")
    name, _, version = rest.partition("=")
    if query and (name != "versionId" or not version or "&" in version):
        raise ServiceError("InvalidArgument", "Copy Source may have ?versionId=<id> behind its key, and no more.", 400)
    bucket, _, spelled = _decoded(path, ascii_only=False).removeprefix("/").partition("/")
    if not (_BUCKET.fullmatch(bucket) and spelled):
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise ServiceError("InvalidArgument", message, 400)
    key, others = stored_key(spelled, ours=ours)
    return Source(bucket, key, _decoded(version) if query else None, others)


def _decoded(text: str, *, ascii_only: bool = True) -> str:
    if ascii_only and not text.isascii():
        raise _invalid_uri("what is not ASCII must be escaped by percents")
    if "%" in text:
        try:
            text = unquote_to_bytes(text).decode()
        except UnicodeDecodeError as error:
            raise _invalid_uri("its escapes are not UTF-8") from error
    if "\0" in text:
        raise _invalid_uri("it has a NUL")
    return text


def _check_bucket(bucket: str) -> None:
    if not _BUCKET.fullmatch(bucket):
        raise ServiceError("InvalidBucketName", f"The specified bucket is not valid: {bucket[:80]!r}", 400)


def _invalid_uri(reason: str) -> ServiceError:
    return ServiceError("InvalidURI", f"Couldn't parse the specified URI: {reason}.", 400)
