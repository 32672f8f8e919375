"""Who signed an S3 request: Signature Version 4, or the older presigned URL that SDKs still make for us-east-1."""

import hmac
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import HeadersDict
from botocore.credentials import Credentials

from studiolo.aws import sigv4
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.payloads import UNSIGNED, ChunkSigner
from studiolo.aws.sigv4 import Credential, Verified
from studiolo.door.target import bucket_of_host

_SIGNED_HEADERS = ("content-md5", "content-type")


def verify_s3(request: HttpRequest, secret_for: Callable[[str], Credential | None], now: datetime) -> Verified | None:
    """Who signed the request, None where nobody did: the store then says whether anyone may.

    secret_for: finds an access key; now: aware. Raises ServiceError for a signature that does not hold.
    """
    if "authorization" in request.headers or "X-Amz-Signature=" in request.query or "X-Amz-Algorithm=" in request.query:
        return sigv4.verify(request, secret_for, now, protocol="rest-xml", service="s3")
    if "AWSAccessKeyId=" in request.query:
        return _verify_version_2(request, secret_for, now)
    return None


def _verify_version_2(request: HttpRequest, secret_for: Callable[[str], Credential | None], now: datetime) -> Verified:
    """After "Signing and Authenticating REST Requests (AWS signature version 2)", query string authentication."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    expires = query.get("Expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12 and query.get("Signature")):
        message = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        raise ServiceError("AccessDenied", message, 403)
    if now.timestamp() > int(expires):
        raise ServiceError("AccessDenied", "Request has expired", 403)
    access_key, token = query["AWSAccessKeyId"], query.get("x-amz-security-token")
    known = secret_for(access_key)
    if known is None:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise ServiceError("InvalidAccessKeyId", message, 403)
    signature = _signature_of_version_2(request, query, Credentials(access_key, known.secret_key, token), expires)
    if not hmac.compare_digest(signature.encode(), query["Signature"].encode()):
        message = "The request signature we calculated does not match the signature you provided. Check your key."
        raise ServiceError("SignatureDoesNotMatch", message, 403)
    if not hmac.compare_digest((token or "").encode(), (known.session_token or "").encode()):
        raise ServiceError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
    if known.expires is not None and now >= known.expires:
        raise ServiceError("ExpiredToken", "The provided token has expired.", 400)
    signed_at = now.astimezone(timezone.utc)
    return Verified(access_key, "us-east-1", "s3", signed_at, UNSIGNED, ChunkSigner(b"", "", "", ""))


def _signature_of_version_2(request: HttpRequest, query: dict[str, str], credentials: Credentials, expires: str) -> str:
    headers = HeadersDict()
    for name, value in {**query, **request.headers}.items():
        if name in _SIGNED_HEADERS or name.startswith("x-amz-"):
            headers[name] = value
    signer = HmacV1QueryAuth(credentials)
    # botocore signs what is to come; here the moment of expiry is given.
    signer._get_date = lambda: expires
    bucket = bucket_of_host(request.host)
    path = request.path if bucket is None else f"/{bucket}{request.path}"
    return str(signer.get_signature(request.method, urlsplit(request.url), headers, auth_path=path))
