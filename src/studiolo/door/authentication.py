"""Who signed an S3 request: Signature Version 4, or the older presigned URL that SDKs still make for us-east-1."""

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from urllib.parse import SplitResult, unquote_to_bytes

from botocore.auth import HmacV1QueryAuth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from studiolo.aws import sigv4
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.payloads import UNSIGNED, ChunkSigner
from studiolo.aws.sigv4 import Credential, Verified
from studiolo.door.names import bucket_of_host

SecretFor = Callable[[str], Credential | None]

_SIGNED_HEADERS = ("content-md5", "content-type")
_OF_VERSION_2 = frozenset({"AWSAccessKeyId", "Expires", "Signature"})
# Version 2 signs values without their escapes, so that one value may read like several parameters.
_LIKE_ANOTHER = re.compile(rf"&(?:{'|'.join(map(re.escape, HmacV1QueryAuth.QSAOfInterest))})(?:=|&|$)")


def verify_s3(request: HttpRequest, secret_for: SecretFor, now: datetime) -> Verified | None:
    """Who signed the request, None where nobody did: the store then says whether anyone may.

    secret_for: finds an access key; now: aware. Raises ServiceError for a signature that does not hold.
    """
    if "authorization" in request.headers or "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        return sigv4.verify(request, secret_for, now, protocol="rest-xml", service="s3")
    if "AWSAccessKeyId=" in request.query:
        return _verify_version_2(request, secret_for, now)
    return None


def check_key(known: Credential, token: str | None, now: datetime) -> None:
    """Raise ServiceError where a key's session token is not the one given, or the key has expired."""
    if not _same(token or "", known.session_token or ""):
        raise ServiceError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
    if known.expires is not None and now >= known.expires:
        raise ServiceError("ExpiredToken", "The provided token has expired.", 400)


def found(access_key: str, secret_for: SecretFor) -> Credential:
    """The key of that id. Raises ServiceError."""
    known = secret_for(access_key)
    if known is None:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise ServiceError("InvalidAccessKeyId", message, 403)
    return known


def check_signature(calculated: str, given: str) -> None:
    """Raise ServiceError where they differ."""
    if not _same(calculated, given):
        message = "The request signature we calculated does not match the signature you provided. Check your key."
        raise ServiceError("SignatureDoesNotMatch", message, 403)


def verified_by_query(access_key: str, region: str, now: datetime) -> Verified:
    """What is known of a signature that does not cover the body."""
    return Verified(access_key, region, "s3", now.astimezone(timezone.utc), UNSIGNED, ChunkSigner(b"", "", "", ""))


def _verify_version_2(request: HttpRequest, secret_for: SecretFor, now: datetime) -> Verified:
    """After "Signing and Authenticating REST Requests (AWS signature version 2)", query string authentication."""
    query = _signed_query(request.query)
    expires = query.get("Expires", "")
    given = query.get("Signature") and query.get("AWSAccessKeyId")
    if not (given and expires.isascii() and expires.isdigit() and len(expires) < 12):
        message = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        raise ServiceError("AccessDenied", message, 403)
    if now.timestamp() > int(expires):
        raise ServiceError("AccessDenied", "Request has expired", 403)
    access_key, token = query["AWSAccessKeyId"], query.get("x-amz-security-token")
    known = found(access_key, secret_for)
    signature = _signature_of_version_2(request, query, Credentials(access_key, known.secret_key, token), expires)
    check_signature(signature, query["Signature"])
    check_key(known, token, now)
    return verified_by_query(access_key, "us-east-1", now)


def _signed_query(query: str) -> dict[str, str]:
    """The parameters, all of which the signature covers: as names that it knows, and spelled as it knows them."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        signed = name in _OF_VERSION_2 or name in HmacV1QueryAuth.QSAOfInterest
        if not (signed or name.startswith("x-amz-") or name in _SIGNED_HEADERS):
            message = f"The signature of a version 2 URL does not cover the query parameter {name[:80]}."
            raise ServiceError("AccessDenied", message, 403)
        values[name] = unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "replace")
        if _LIKE_ANOTHER.search(values[name]):
            raise ServiceError("AccessDenied", f"The value of {name} reads like further query parameters.", 403)
    return values


def _signature_of_version_2(
    request: HttpRequest, query: Mapping[str, str], credentials: Credentials, expires: str
) -> str:
    headers = HTTPHeaders()
    for name, value in {**query, **request.headers}.items():
        if name in _SIGNED_HEADERS or name.startswith("x-amz-"):
            headers[name] = value
    signer = HmacV1QueryAuth(credentials)
    # botocore signs what is to come; here the moment of expiry is given.
    signer._get_date = lambda: expires
    bucket = bucket_of_host(request.host)
    path = request.path if bucket is None else f"/{bucket}{request.path}"
    url = SplitResult("", "", path, request.query, "")
    return str(signer.get_signature(request.method, url, headers, auth_path=path))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
