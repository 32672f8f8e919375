"""What a request becomes on its way to the store: path style, without the client's signature, with ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Verified
from studiolo.door.unsupported import refuse_unsupported
from studiolo.forwarding import HOP_BY_HOP
from studiolo.storage import StoreAccess

# The bucket before s3, s3.<region>, s3-<region> or s3.dualstack.<region> of AWS or localhost; or before localhost.
_S3_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?"
    r"\.(?:amazonaws\.com(?:\.cn)?|localhost(?:\.localstack\.cloud)?)"
)
_LOCAL_HOST = re.compile(r"(?P<bucket>.+)\.localhost")

# What a signature says of itself, in the header or in a presigned URL.
_AUTH_HEADERS = frozenset({"authorization", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
_AUTH_PARAMETERS = frozenset(
    {
        "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
        "x-amz-security-token", "x-amz-content-sha256",
        "awsaccesskeyid", "signature", "expires",
    }
)  # fmt: skip
_NOT_SENT_ON = HOP_BY_HOP | {"host", "expect", "content-length"}
_ALSO_SIGNED = frozenset({"host", "content-md5", "content-type"})
_UNSIGNED_PAYLOAD = Config(s3={"payload_signing_enabled": False})


@dataclass(frozen=True)
class Target:
    """The request to the store: an escaped URL, and headers that are complete but for the length of the body."""

    method: str
    url: str
    headers: dict[str, str]
    length: int | None
    framed: bool


def bucket_of_host(host: str) -> str | None:
    """The bucket in a virtual-host style Host header: `air.s3.eu-west-1.localhost:4566` is bucket `air`."""
    name = host.lower().rpartition(":")[0] if ":" in host else host.lower()
    match = _S3_HOST.fullmatch(name) or _LOCAL_HOST.fullmatch(name)
    return match["bucket"] if match else None


def target(request: HttpRequest, verified: Verified | None, access: StoreAccess, *, ours: bool) -> Target:
    """The request as it goes to the store, signed with the store's key; one that nobody signed goes on unsigned.

    ours: the store is our SeaweedFS: it sees the client's own host name, so that the addresses in its answers are the
    client's, and is not sent what it would misunderstand. Raises ServiceError for that (501), for aws-chunked framing
    without a length, and for a path that leaves its bucket.
    """
    bucket = bucket_of_host(request.host)
    path, query = request.path, request.query
    if verified is not None:
        path, query = _escaped_path(path), _own_query(query)
    if bucket is not None:
        path = f"/{bucket}{path}"
    if not {".", ".."}.isdisjoint(unquote_to_bytes(path).decode("utf-8", "replace").split("/")):
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI: a part of the path is . or ..", 400)
    if ours:
        refuse_unsupported(request, path)
    url = f"{access.endpoint}{path}{'?' if query else ''}{query}"
    headers = {name: value for name, value in request.headers.items() if name not in _NOT_SENT_ON}
    host = request.host[len(bucket) + 1 :] if bucket is not None else request.host
    headers["host"] = host if ours and host else urlsplit(access.endpoint).netloc
    length = _content_length(request.headers)
    if verified is None:
        return Target(request.method, url, headers, length, framed=False)
    framed = False
    if verified.content_sha256.startswith("STREAMING-"):
        length = _number(request.headers.get("x-amz-decoded-content-length"))
        framed = verified.content_sha256.endswith("-TRAILER")
        headers = _without_framing(headers)
        if framed:
            _frame(headers)
    headers = {name: value for name, value in headers.items() if name not in _AUTH_HEADERS}
    headers.update(_signature(request.method, url, headers, access, verified.region, framed=framed))
    return Target(request.method, url, headers, length, framed)


def _escaped_path(path: str) -> str:
    """The path with the one escaping that signatures know, whatever the client's was."""
    return quote(unquote_to_bytes(path), safe="/-_.~")


def _own_query(query: str) -> str:
    """The query without a presigned URL's signature, in the one escaping that signatures know."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(
        f"{_escaped(name)}{equals}{_escaped(value)}"
        for name, equals, value in pairs
        if name.lower() not in _AUTH_PARAMETERS
    )


def _escaped(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")


def _content_length(headers: Mapping[str, str]) -> int | None:
    if "content-length" not in headers and "transfer-encoding" not in headers:
        return 0
    return int(headers["content-length"]) if headers.get("content-length", "").isdecimal() else None


def _number(text: str | None) -> int:
    if text is None or not text.isdecimal():
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    return int(text)


def _without_framing(headers: Mapping[str, str]) -> dict[str, str]:
    codings = [coding.strip() for coding in headers.get("content-encoding", "").split(",")]
    others = ",".join(coding for coding in codings if coding and coding.lower() != "aws-chunked")
    kept = {name: value for name, value in headers.items() if name != "content-encoding"}
    if others:
        kept["content-encoding"] = others
    return kept if "x-amz-trailer" in kept else {k: v for k, v in kept.items() if k != "x-amz-decoded-content-length"}


def _frame(headers: dict[str, str]) -> None:
    others = headers.get("content-encoding")
    headers["content-encoding"] = f"aws-chunked,{others}" if others else "aws-chunked"


def _signature(
    method: str, url: str, headers: Mapping[str, str], access: StoreAccess, region: str, *, framed: bool
) -> dict[str, str]:
    """The headers that sign the request with the store's key; the payload itself is not signed: we have checked it."""
    signed = {name: value for name, value in headers.items() if name in _ALSO_SIGNED or name.startswith("x-amz-")}
    request = AWSRequest(method, url, headers=signed)
    request.context["client_config"] = _UNSIGNED_PAYLOAD
    if framed:
        request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
    S3SigV4Auth(Credentials(access.access_key, access.secret_key), "s3", region).add_auth(request)
    names = ("Authorization", "X-Amz-Date", "X-Amz-Content-SHA256")
    return {name: request.headers[name] for name in names}
