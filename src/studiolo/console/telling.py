"""What the server itself tells, beside AWS's APIs: asked with the person's key, as `studiolo why` does."""

import json
import urllib.error
import urllib.request
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from studiolo.console.visit import Refused, Visit

_CODES = {400: "InvalidInput", 403: "AccessDenied"}


def told(visit: Visit, service: str, path: str) -> dict[str, Any] | Refused:
    """The answer of one of the server's own pages, for which a request is signed as one of that service."""
    address = visit.client("sts").meta.endpoint_url.rstrip("/")
    asked = AWSRequest("GET", f"{address}/_studiolo/{path}")
    key = visit.person.key
    SigV4Auth(Credentials(key.id, key.secret, key.token), service, visit.region).add_auth(asked)
    signed = urllib.request.Request(asked.url, headers=dict(asked.headers.items()))  # noqa: S310 (our own address)
    try:
        with urllib.request.urlopen(signed, timeout=10) as answer:  # noqa: S310 (as above)
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        return Refused(_CODES.get(error.code, "NotFound"), json.load(error)["message"], error.code)
