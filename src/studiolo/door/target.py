"""What a request becomes on its way to the store: path style, without the client's signature, with ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from studiolo.aws.errors import ServiceError
from studiolo.aws.payloads import UNSIGNED, UNSIGNED_CHUNKS_TRAILER
from studiolo.aws.signing import s3_signature
from studiolo.aws.sigv4 import Verified
from studiolo.domain import now
from studiolo.door.names import Named, bucket_of_host
from studiolo.storage import StoreAccess

# The headers that may go on: what S3 knows, and neither what SeaweedFS would take orders from (Seaweed-*, X-Forwarded-*,
# X-Real-IP), nor what a signature says of itself.
_SENT = frozenset(
    {
        "accept", "accept-encoding", "access-control-request-headers", "access-control-request-method", "cache-control",
        "content-disposition", "content-encoding", "content-language", "content-md5", "content-type", "expires",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "origin", "range",
        "referer", "user-agent",
    }
)  # fmt: skip
_SENT_OF_AMAZON = re.compile(
    r"x-amz-(?:acl|bucket-object-lock-enabled|bypass-governance-retention|checksum-.+|copy-source-.+|"
    r"decoded-content-length|expected-bucket-owner|grant-.+|if-match-.+|max-parts|meta-.+|metadata-directive|mfa|"
    r"mp-object-size|object-attributes|object-lock-.+|object-ownership|optional-object-attributes|part-number-marker|"
    r"request-payer|sdk-checksum-algorithm|server-side-encryption.*|source-expected-bucket-owner|storage-class|"
    r"tagging|tagging-directive|trailer|website-redirect-location)"
)
_ALSO_SIGNED = frozenset({"host", "content-md5", "content-type"})


@dataclass(frozen=True)
class Target:
    """The request to the store: an escaped URL, and headers that are complete but for the length of the body."""

    method: str
    url: str
    headers: dict[str, str]
    length: int | None
    framed: bool


def target(named: Named, host: str, verified: Verified | None, access: StoreAccess, *, ours: bool) -> Target:
    """The request as it goes to the store, in the names that it has there; the rest as in `target_as_named`."""
    return target_as_named(named.as_stored() if ours else named, host, verified, access, ours=ours)


def target_as_named(named: Named, host: str, verified: Verified | None, access: StoreAccess, *, ours: bool) -> Target:
    """The request as it goes to the store, signed with the store's key; one that nobody signed goes on unsigned.

    host: the client's Host header. ours: the store is our SeaweedFS: it sees the client's own host name, so that the
    addresses in its answers are the client's. Raises ServiceError for aws-chunked framing without a length.
    """
    endpoint = urlsplit(access.endpoint)
    path, query = f"{endpoint.path}{named.path}", named.query
    url = f"{endpoint.scheme}://{endpoint.netloc}{path}{'?' if query else ''}{query}"
    headers = {name: value for name, value in named.headers.items() if _is_sent(name)}
    if named.source is not None:
        headers["x-amz-copy-source"] = named.source.header
    bucket = bucket_of_host(host)
    host = host[len(bucket) + 1 :] if bucket is not None else host
    headers["host"] = host if ours and host else endpoint.netloc
    length = _content_length(named.headers)
    if verified is None:
        if "x-amz-content-sha256" in named.headers:
            headers["x-amz-content-sha256"] = named.headers["x-amz-content-sha256"]
        return Target(named.method, url, headers, length, framed=False)
    if "aws-chunked" in headers.get("content-encoding", ""):
        # As a coding of the way it is not kept, be the body framed so or not.
        headers = _without_framing(headers)
    framed = False
    if verified.content_sha256.startswith("STREAMING-"):
        length = _number(named.headers.get("x-amz-decoded-content-length"))
        framed = verified.content_sha256.endswith("-TRAILER")
        headers = _without_framing(headers)
        if framed:
            _frame(headers)
    signed = {name: value for name, value in headers.items() if name in _ALSO_SIGNED or name.startswith("x-amz-")}
    headers |= s3_signature(
        named.method,
        path,
        query,
        signed,
        access_key=access.access_key,
        secret_key=access.secret_key,
        region=verified.region,
        at=now(),
        # The payload itself is not signed: we have checked it.
        content_sha256=UNSIGNED_CHUNKS_TRAILER if framed else UNSIGNED,
    )
    return Target(named.method, url, headers, length, framed)


@lru_cache(maxsize=1024)
def _is_sent(name: str) -> bool:
    return name in _SENT or _SENT_OF_AMAZON.fullmatch(name) is not None


def _content_length(headers: Mapping[str, str]) -> int | None:
    if "content-length" not in headers and "transfer-encoding" not in headers:
        return 0
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _number(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
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
