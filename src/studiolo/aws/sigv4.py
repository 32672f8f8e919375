"""Verifies AWS Signature Version 4, in the Authorization header or in a presigned URL.

After "Create a signed AWS API request" (IAM User Guide) and "Authenticating Requests (AWS Signature Version 4)"
(Amazon S3 API Reference). The payload of an S3 request is not looked at here: `Verified.payload_reader` checks it
as it streams.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.models import S3_SIGNING_NAMES, service_model
from studiolo.aws.payloads import UNSIGNED, ChunkSigner, PayloadReader, payload_reader
from studiolo.aws.refusals import Refusals, refusals
from studiolo.aws.signing import ALGORITHM, SigningKey, canonical_header, canonical_queries, encoded, signing_key

__all__ = ["Claim", "Credential", "PayloadReader", "Verified", "claimed", "prove", "verify"]

SecretFor = Callable[[str], "Credential | None"]
"""Finds an access key."""

MAX_EXPIRES = 7 * 24 * 3600
SKEW = timedelta(minutes=5)
S3_SKEW = timedelta(minutes=15)
_AMZ_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_HEX_HASH = re.compile(r"[0-9a-f]{64}")
_PATH_SAFE = "/-_.~"


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key the server knows; `session_token` for temporary ones, which may have an end."""

    access_key: str
    secret_key: str
    session_token: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request claims about its signature; `expires` (seconds) only in presigned URLs."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    amz_date: str
    token: str | None
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """Who signed a request, for which region and service (signing name), and when.

    content_sha256: the payload's hash as signed, or one of the words S3 has instead.
    """

    access_key: str
    region: str
    service: str
    signed_at: datetime
    content_sha256: str
    signer: ChunkSigner

    def payload_reader(self, request: HttpRequest) -> PayloadReader:
        """What an S3 request's body must go through, chunk by chunk: checks it, and takes aws-chunked framing off."""
        return payload_reader(self.content_sha256, request.headers, self.signer)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the head of a request says of its signature: well-formed and timely, and not proven."""

    signature: Signature
    signed_at: datetime
    refuse: Refusals

    @property
    def is_s3(self) -> bool:
        return self.signature.service in S3_SIGNING_NAMES

    def credential(self, secret_for: SecretFor) -> Credential:
        """The key that the request says it is signed with. Raises ServiceError for one that is not known."""
        credential = secret_for(self.signature.access_key)
        if credential is None or not credential.secret_key:
            raise self.refuse.error("unknown_key", _UNKNOWN_S3 if self.is_s3 else _UNKNOWN)
        return credential

    def check_scope(self, service: str, protocol: str) -> None:
        """Raises ServiceError, in the words of the service as routed, unless the signature is for that service."""
        _check_scope(self.signature, service, refusals(protocol, service))


def claimed(request: HttpRequest, now: datetime, *, protocol: str = "json", service: str | None = None) -> Claim:
    """All that can be refused by the head alone, without its body, is refused here.

    now: aware; protocol, service: as far as the head tells them, they decide the error codes, and the service the
    scope must name. Raises ServiceError.
    """
    refuse = refusals(protocol, service)
    signature = _claimed(request, refuse)
    if service is not None:
        _check_scope(signature, service, refuse)
    signed_at = _check_time(signature, now, S3_SKEW if signature.service in S3_SIGNING_NAMES else SKEW, refuse)
    _check_signed_headers(request, signature, refuse)
    return Claim(signature, signed_at, refuse)


def prove(
    request: HttpRequest, claim: Claim, secret_for: SecretFor, now: datetime, *, body_sha256: str | None = None
) -> Verified:
    """Check a claimed signature and, except for S3, the body it covers.

    body_sha256: the body's hash in hex where the caller has it already. Raises ServiceError.
    """
    signature, refuse = claim.signature, claim.refuse
    credential = claim.credential(secret_for)
    key = signing_key(credential.secret_key, signature.amz_date, signature.region, signature.service)
    content_sha256 = _content_sha256(request, signature, claim.is_s3, body_sha256, refuse)
    _check_signature(request, signature, key, content_sha256, claim.is_s3, refuse)
    _check_token(signature, credential, now, refuse)
    signer = ChunkSigner(key.key, key.amz_date, key.scope, signature.signature)
    return Verified(signature.access_key, signature.region, signature.service, claim.signed_at, content_sha256, signer)


def verify(
    request: HttpRequest,
    secret_for: SecretFor,
    now: datetime,
    *,
    protocol: str = "json",
    service: str | None = None,
    body_sha256: str | None = None,
) -> Verified:
    """`claimed` and `prove` in one, for a request whose body is at hand or does not count. Raises ServiceError."""
    claim = claimed(request, now, protocol=protocol, service=service)
    return prove(request, claim, secret_for, now, body_sha256=body_sha256)


_UNKNOWN = "The security token included in the request is invalid."
_UNKNOWN_S3 = "The AWS Access Key Id you provided does not exist in our records."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def _check_scope(claim: Signature, service: str, refuse: Refusals) -> None:
    names = S3_SIGNING_NAMES if service == "s3" else (service_model(service).signing_name,)
    if claim.service not in names:
        raise refuse.error("mismatch", f"Credential should be scoped to correct service: '{names[0]}'.")


def _claimed(request: HttpRequest, refuse: Refusals) -> Signature:
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return _from_header(authorization, request, refuse)
    if "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        return _from_query(request, refuse)
    raise refuse.error("missing", "Missing Authentication Token")


def _from_header(authorization: str, request: HttpRequest, refuse: Refusals) -> Signature:
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise refuse.error("incomplete", f"The authorization mechanism must be {ALGORITHM}.")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not parts.get(name):
            raise refuse.error("incomplete", f"Authorization header requires '{name}' parameter.")
    amz_date = request.headers.get("x-amz-date") or _from_date_header(request, refuse)
    token = request.headers.get("x-amz-security-token")
    return _signature(parts["Credential"], parts["SignedHeaders"], parts["Signature"], amz_date, token, None, refuse)


def _from_date_header(request: HttpRequest, refuse: Refusals) -> str:
    date = request.headers.get("date")
    if date is None:
        raise refuse.error(
            "incomplete", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if _AMZ_DATE.fullmatch(date):
        return date
    try:
        return timestamps.from_rfc822(date).strftime("%Y%m%dT%H%M%SZ")
    except MalformedError as error:
        raise refuse.error("incomplete", f"The Date header {date!r} is not a date.") from error


def _from_query(request: HttpRequest, refuse: Refusals) -> Signature:
    values: dict[str, str] = {}
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        if name.startswith("X-Amz-"):
            values[name] = unquote_to_bytes(value).decode("utf-8", "replace")
    if values.get("X-Amz-Algorithm") != ALGORITHM:
        raise refuse.error("incomplete_query", f"X-Amz-Algorithm must be {ALGORITHM}.")
    for name in ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"):
        if not values.get(name):
            raise refuse.error("incomplete_query", f"The query string must include {name}.")
    expires = values.get("X-Amz-Expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 8 and int(expires) <= MAX_EXPIRES):
        message = f"X-Amz-Expires must be a number of seconds, at most a week ({MAX_EXPIRES})."
        raise refuse.error("incomplete_query", message)
    return _signature(
        values["X-Amz-Credential"],
        values["X-Amz-SignedHeaders"],
        values["X-Amz-Signature"],
        values["X-Amz-Date"],
        values.get("X-Amz-Security-Token", request.headers.get("x-amz-security-token")),
        int(expires),
        refuse,
    )


def _signature(
    credential: str,
    headers: str,
    signature: str,
    amz_date: str,
    token: str | None,
    expires: int | None,
    refuse: Refusals,
) -> Signature:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        raise refuse.error("incomplete", "Credential must be <access key>/<date>/<region>/<service>/aws4_request.")
    access_key, date, region, service, _ = parts
    signed_headers = tuple(sorted(name.strip().lower() for name in headers.split(";")))
    return Signature(access_key, date, region, service, signed_headers, signature, amz_date, token, expires)


def _check_time(claim: Signature, now: datetime, skew: timedelta, refuse: Refusals) -> datetime:
    match = _AMZ_DATE.fullmatch(claim.amz_date)
    try:
        signed_at = datetime(*map(int, match.groups()), tzinfo=timezone.utc) if match else None  # type: ignore[arg-type,misc]
    except ValueError:
        signed_at = None
    if signed_at is None:
        raise refuse.error("incomplete", "Date must be in ISO-8601 'basic format' (20150830T123600Z).")
    if claim.amz_date[:8] != claim.date:
        message = (
            f"Date in Credential scope does not match the date of the request: {claim.date} != {claim.amz_date[:8]}."
        )
        raise refuse.error("mismatch", message)
    lifetime = skew if claim.expires is None else timedelta(seconds=claim.expires)
    if not -skew <= now - signed_at <= lifetime:
        raise _untimely(claim, signed_at > now, now, skew, refuse)
    return signed_at


def _untimely(claim: Signature, early: bool, now: datetime, skew: timedelta, refuse: Refusals) -> ServiceError:
    minutes = int(skew.total_seconds()) // 60
    clock = now.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    if early:
        message = f"Signature not yet current: {claim.amz_date} is still later than {clock} + {minutes} min."
    elif claim.expires is None:
        message = f"Signature expired: {claim.amz_date} is now earlier than {clock} - {minutes} min."
    else:
        message = f"Request has expired: signed at {claim.amz_date} for {claim.expires} seconds, it is now {clock}."
        return refuse.error("expired", message)
    return refuse.error("skewed", message)


def _check_signed_headers(request: HttpRequest, claim: Signature, refuse: Refusals) -> None:
    if "host" not in claim.signed_headers:
        raise refuse.error("mismatch", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    for name in request.headers:
        if name.startswith("x-amz-") and name not in claim.signed_headers:
            if claim.expires is not None and name in ("x-amz-security-token", "x-amz-content-sha256"):
                continue
            raise refuse.error("mismatch", f"The header {name} is present in the request, and it is not signed.")


def _content_sha256(
    request: HttpRequest, claim: Signature, is_s3: bool, body_sha256: str | None, refuse: Refusals
) -> str:
    declared = request.headers.get("x-amz-content-sha256")
    if is_s3:
        if declared is None:
            if claim.expires is not None:
                return UNSIGNED
            raise ServiceError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", 400)
        if not declared.startswith("STREAMING-") and declared != UNSIGNED and not _HEX_HASH.fullmatch(declared):
            message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING- word, or a valid sha256 value."
            raise ServiceError("InvalidArgument", message, 400)
        return declared
    if declared == UNSIGNED:
        return declared
    if body_sha256 is None:
        if not isinstance(request.body, bytes):
            raise TypeError("a body that streams needs its body_sha256")
        body_sha256 = sha256(request.body).hexdigest()
    if declared is not None and not _same(declared, body_sha256):
        raise refuse.error("wrong_hash", "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return body_sha256


def _check_signature(
    request: HttpRequest, claim: Signature, key: SigningKey, content_sha256: str, is_s3: bool, refuse: Refusals
) -> None:
    headers = "".join(f"{name}:{_header(request, name)}\n" for name in claim.signed_headers)
    names, method = ";".join(claim.signed_headers), request.method.upper()
    for path, query in _canonical_targets(request, is_s3):
        if _same(key.signature(method, path, query, headers, names, content_sha256), claim.signature):
            return
    raise refuse.error("mismatch", _MISMATCH)


def _header(request: HttpRequest, name: str) -> str:
    return canonical_header(request.host if name == "host" else request.headers.get(name, ""))


def _canonical_targets(request: HttpRequest, is_s3: bool) -> Iterator[tuple[str, str]]:
    """The canonical path and query; where a client may have escaped differently than it signed, each reading."""
    sent, escaped = canonical_queries(request.query)
    queries = (escaped,) if sent == escaped else (escaped, sent)
    if is_s3:
        path = request.path
        other = quote(unquote_to_bytes(path), safe=_PATH_SAFE)
    else:
        path = quote(encoded(_without_dots(request.path)), safe=_PATH_SAFE)
        other = path if path == request.path else quote(encoded(request.path), safe=_PATH_SAFE)
    yield from ((path, query) for query in queries)
    if other != path:
        yield from ((other, query) for query in queries)


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4, and runs of slashes as one."""
    if "//" not in path and "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")


def _check_token(claim: Signature, credential: Credential, now: datetime, refuse: Refusals) -> None:
    if not _same(claim.token or "", credential.session_token or ""):
        raise refuse.error("wrong_token", "The security token included in the request is invalid.")
    if credential.expires is not None and now >= credential.expires:
        raise refuse.error("expired_token", "The security token included in the request is expired")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(encoded(one), encoded(other))
