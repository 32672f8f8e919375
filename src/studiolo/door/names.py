"""What an S3 request names: one value that both the question to IAM and the request to the store are made from.

IAM is asked for the key as the client means it. Our store does not know all of S3's keys apart, and gets each under a
name of its own (`studiolo.storage.keys`), so that no two keys are one object there; what has no name there is refused.
Found by sending SeaweedFS 4.48 every spelling of a key, signed, at its own door.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote_to_bytes

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.storage import keys

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
_POSITIONS = ("prefix", "marker", "start-after", "key-marker")
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

    bucket, key: empty where the request is for none. parameters: the query without signatures; headers: lower-case
    names, with those that a presigned URL carries in its query. others: further keys that a store unknown to us might
    take the key for.
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

    def as_stored(self) -> "Named":
        """The same in the names of our store. Raises ServiceError (400) for a token that we did not give."""
        key, source, parameters = keys.stored(self.key), self.source, self.parameters
        if source is not None:
            source = replace(source, key=keys.stored(source.key))
        if parameters and not self.key:
            parameters = _stored_positions(parameters)
        if key == self.key and source is None and parameters is self.parameters:
            return self
        return replace(self, key=key, source=source, parameters=parameters)


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
    key, others = checked_key(spelled, ours=ours)
    # A browser asks for leave with the whole address of the request to come.
    query = request.query if request.method != "OPTIONS" else ""
    parameters, hoisted = _parameters(query, ours=ours)
    headers = {**hoisted, **request.headers}
    copied = headers.get("x-amz-copy-source")
    source = None if copied is None else _source(copied, ours=ours)
    return Named(request.method, bucket, key, parameters, headers, source, others)


def checked_key(spelled: str, *, ours: bool) -> tuple[str, tuple[str, ...]]:
    """The key, and the others that a store unknown to us might take it for.

    Raises ServiceError (400) for a key that the store cannot keep.
    """
    if "\0" in spelled:
        raise _invalid_uri("a key cannot have a NUL")
    if len(spelled) * 4 > MAX_KEY and len(spelled.encode("utf-8", "surrogatepass")) > MAX_KEY:
        raise ServiceError("KeyTooLongError", "Your key is too long", 400)
    if not ours:
        plain = _SLASHES.sub("/", spelled).lstrip("/")
        if spelled and not plain:
            raise _invalid_uri("a key cannot be made of slashes alone")
        _check_parts(plain.split("/"))
        return spelled, () if spelled == plain else (plain,)
    if "." in spelled:
        parts = spelled.split("/")
        _check_parts(parts)
        if parts[0] == ".uploads" or any(part.endswith(".versions") for part in parts[:-1]):
            message = "Keys below .uploads/ and below a part that ends in .versions are the object store's own."
            raise ServiceError("InvalidArgument", message, 400)
    _check_characters(spelled)
    return spelled, ()


def _check_parts(parts: list[str]) -> None:
    if "." in parts or ".." in parts:
        raise _invalid_uri("a part of the path is . or ..")


def _check_characters(text: str) -> None:
    if keys.has_store_characters(text):
        message = "Keys cannot have U+F02F and U+F05C, by which the object store names slashes and backslashes."
        raise ServiceError("InvalidArgument", message, 400)


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
    if ours:
        for name in _POSITIONS:
            if name in parameters:
                _check_position(parameters[name])
    return parameters, hoisted


def _check_position(value: str) -> None:
    """Raise ServiceError (400) where a prefix or marker is in the store's own names."""
    if value.startswith(".uploads/"):
        raise ServiceError("InvalidArgument", "Keys below .uploads/ are the object store's own.", 400)
    _check_characters(value)


def _stored_positions(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters of a list, with its prefix as the store names keys."""
    prefix = parameters.get("prefix", "")
    return {**parameters, "prefix": keys.stored_prefix(prefix)} if prefix else parameters


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
    key, others = checked_key(spelled, ours=ours)
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
