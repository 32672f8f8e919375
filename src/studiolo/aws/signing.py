"""AWS Signature Version 4 itself, of requests of ours and of those that are verified (sigv4.py).

After "Create a signed AWS API request" (IAM User Guide).
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs the requests of one day to one service. amz_date: the moment, as `20150830T123600Z`."""

    key: bytes
    amz_date: str
    scope: str

    def signature(self, method: str, path: str, query: str, headers: str, names: str, content_sha256: str) -> str:
        """The signature, in hex, of a canonical request. headers: `name:value` lines; names: joined by semicolons."""
        request = f"{method}\n{path}\n{query}\n{headers}\n{names}\n{content_sha256}"
        to_sign = f"{ALGORITHM}\n{self.amz_date}\n{self.scope}\n{sha256(encoded(request)).hexdigest()}"
        # Not hmac.digest, which gives the interpreter away: taking it back costs many times what is computed.
        keyed = _keyed(self.key).copy()
        keyed.update(encoded(to_sign))
        return keyed.hexdigest()


def signing_key(secret_key: str, amz_date: str, region: str, service: str) -> SigningKey:
    """The key for a request that is signed at `amz_date`."""
    date = amz_date[:8]
    key = _derived(secret_key, date, region, service)
    return SigningKey(key, amz_date, f"{date}/{region}/{service}/aws4_request")


def s3_signature(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    *,
    access_key: str,
    secret_key: str,
    region: str,
    at: datetime,
    content_sha256: str,
) -> dict[str, str]:
    """The headers that sign a request to S3. path and query: as they are sent; headers: all that is to be signed."""
    amz_date = at.strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "x-amz-date": amz_date, "x-amz-content-sha256": content_sha256}
    ordered = sorted(signed)
    names = ";".join(ordered)
    lines = "".join(f"{name}:{canonical_header(signed[name])}\n" for name in ordered)
    key = signing_key(secret_key, amz_date, region, "s3")
    signature = key.signature(method, path, canonical_queries(query)[1], lines, names, content_sha256)
    return {
        "authorization": f"{ALGORITHM} Credential={access_key}/{key.scope}, SignedHeaders={names}, "
        f"Signature={signature}",
        "x-amz-date": amz_date,
        "x-amz-content-sha256": content_sha256,
    }


def canonical_header(value: str) -> str:
    """A header's value without the spaces that do not count."""
    return " ".join(value.split())


def canonical_queries(query: str) -> tuple[str, str]:
    """The parameters in order, but for the signature: as they were sent, and as they are to be escaped."""
    if not query:
        return "", ""
    split = (pair.partition("=") for pair in query.split("&") if pair)
    pairs = [(name, value) for name, _, value in split if name != "X-Amz-Signature"]
    return _joined(pairs), _joined((_escape(name), _escape(value)) for name, value in pairs)


def encoded(text: str) -> bytes:
    """Text of a request as the bytes that are signed."""
    return text.encode("utf-8", "surrogatepass")


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _escape(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe=_UNRESERVED)


@lru_cache(maxsize=4096)
def _keyed(key: bytes) -> hmac.HMAC:
    """What hashes with the key: to be copied."""
    return hmac.new(key, digestmod="sha256")


@lru_cache(maxsize=4096)
def _derived(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = b"AWS4" + secret_key.encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, encoded(part), "sha256")
    return key
