"""HTML forms that upload an object: who signed the form's policy, and whether the form keeps to it.

After "Browser-Based Uploads Using POST" (Amazon S3 API Reference): POST Policy, Calculating a Signature; and "AWS
signature version 2", which SDKs still use for us-east-1.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from botocore.auth import HmacV1Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION, xml_text
from studiolo.aws.sigv4 import Verified
from studiolo.door.authentication import SecretFor, check_key, check_signature, found, verified_by_query
from studiolo.door.form_data import MAX_FILE

_UNCOVERED = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
"""Fields that a policy need not speak of; nor of those that begin with x-ignore-."""

_AS_HEADERS = frozenset({"cache-control", "content-disposition", "content-encoding", "content-type", "expires"})
_OF_SIGNATURES = frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a policy says of the file: the fewest and most bytes."""

    fewest: int
    most: int


def verify_form(fields: Mapping[str, str], secret_for: SecretFor, now: datetime) -> Verified:
    """Who signed the policy of a form, by its fields in lower case. Raises ServiceError."""
    policy = fields.get("policy")
    if policy is None:
        raise ServiceError("AccessDenied", "Access Denied: the form has no signed policy.", 403)
    token = fields.get("x-amz-security-token")
    if "x-amz-signature" in fields:
        parts = fields.get("x-amz-credential", "").rsplit("/", 4)
        if (
            fields.get("x-amz-algorithm") != "AWS4-HMAC-SHA256"
            or len(parts) != 5
            or parts[3:] != ["s3", "aws4_request"]
        ):
            message = "A form needs x-amz-algorithm AWS4-HMAC-SHA256 and x-amz-credential <key>/<date>/<region>/s3/…"
            raise ServiceError("InvalidArgument", message, 400)
        access_key, date, region = parts[:3]
        known = found(access_key, secret_for)
        signed = AWSRequest()
        signed.context["timestamp"] = date
        signer = SigV4Auth(Credentials(access_key, known.secret_key), "s3", region)
        check_signature(signer.signature(policy, signed), fields["x-amz-signature"])
    else:
        access_key, region = fields.get("awsaccesskeyid", ""), "us-east-1"
        known = found(access_key, secret_for)
        signature = HmacV1Auth(Credentials(access_key, known.secret_key)).sign_string(policy)
        check_signature(signature, fields.get("signature", ""))
    check_key(known, token, now)
    return verified_by_query(access_key, region, now)


def check_policy(fields: Mapping[str, str], bucket: str, now: datetime) -> Allowed:
    """Raise ServiceError (AccessDenied) unless the form's fields are as its policy says; the bounds of the file."""
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        conditions = [condition for given in policy["conditions"] for condition in _conditions(given)]
        expires = timestamps.from_iso8601(policy["expiration"])
    except (binascii.Error, ValueError, KeyError, TypeError, MalformedError, RecursionError) as error:
        message = "Invalid Policy: it must be the base64 of a JSON object with expiration and conditions."
        raise ServiceError("InvalidPolicyDocument", message, 400) from error
    if now >= expires:
        raise _invalid("Policy expired.")
    fewest, most = 0, MAX_FILE
    values = {**fields, "bucket": bucket}
    covered = {"bucket"}
    for operator, name, value in conditions:
        if operator == "content-length-range":
            fewest, most = max(fewest, int(name)), min(most, int(value))
            continue
        covered.add(name)
        held = values.get(name, "")
        if not (held.startswith(value) if operator == "starts-with" else held == value):
            raise _invalid(f'Policy Condition failed: ["{operator}", "${name}", "{value}"]')
    extra = [name for name in fields if name not in covered | _UNCOVERED and not name.startswith("x-ignore-")]
    if extra:
        raise _invalid(f"Extra input fields: {', '.join(sorted(extra))[:200]}")
    return Allowed(fewest, most)


def headers_of(fields: Mapping[str, str]) -> dict[str, str]:
    """The headers of the PutObject that a form stands for. Raises ServiceError (501) for what is not done here."""
    if "tagging" in fields:
        raise ServiceError("NotImplemented", "The field tagging of a form is not implemented.", 501)
    headers = {
        name: value
        for name, value in fields.items()
        if name in _AS_HEADERS or (name.startswith("x-amz-") and name not in _OF_SIGNATURES | {"x-amz-signature"})
    }
    if "acl" in fields:
        headers["x-amz-acl"] = fields["acl"]
    if any(character in value for value in headers.values() for character in "\r\n\0"):
        raise ServiceError("InvalidArgument", "A field of the form has a line break.", 400)
    return headers


def success(
    fields: Mapping[str, str], bucket: str, location: str, etag: str
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """How a form says that its upload shall be answered: status, headers, body."""
    key = fields["key"]
    redirect = fields.get("success_action_redirect", fields.get("redirect", ""))
    if redirect.startswith(("http://", "https://")) and redirect.isascii() and redirect.isprintable():
        query = urlencode({"bucket": bucket, "key": key, "etag": etag})
        return 303, [(b"location", f"{redirect}{'&' if '?' in redirect else '?'}{query}".encode())], b""
    headers = [(b"location", location.encode())]
    status = fields.get("success_action_status")
    if status != "201":
        return (200 if status == "200" else 204), headers, b""
    values = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
    members = "".join(f"<{name}>{xml_text(value)}</{name}>" for name, value in values.items())
    body = f"{DECLARATION}<PostResponse>{members}</PostResponse>"
    return 201, [*headers, (b"content-type", b"application/xml")], body.encode()


def _conditions(given: Any) -> list[tuple[str, str, str]]:
    """As (operator, field in lower case, value). Raises ValueError for what is none."""
    if isinstance(given, dict):
        return [("eq", name.lower(), str(value)) for name, value in given.items()]
    operator, name, value = given
    operator = str(operator).lower()
    if operator == "content-length-range":
        return [(operator, str(int(name)), str(int(value)))]
    if operator not in ("eq", "starts-with") or not str(name).startswith("$"):
        raise ValueError(f"{operator} {name} is no condition")
    return [(operator, str(name)[1:].lower(), str(value))]


def _invalid(reason: str) -> ServiceError:
    return ServiceError("AccessDenied", f"Invalid according to Policy: {reason}", 403)
