"""Between signatures and identity: the key that a request says it is signed with, whose it is, what else it tells."""

from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Credential
from studiolo.identity import Identity, Principal, Values


class Signers:
    """Finds keys for the verification of one request, and keeps whose they are."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.principals: dict[str, Principal] = {}

    def find(self, access_key: str) -> Credential | None:
        known = self._identity.find_key(access_key)
        if known is None:
            return None
        key, self.principals[access_key] = known
        return Credential(key.id, key.secret, key.session_token, key.expires)


def told_by(request: HttpRequest, region: str | None) -> Values:
    """The condition keys of IAM that every request tells. region: that it is for, as signed."""
    keys = {"aws:SecureTransport": "false"}
    if region is not None:
        keys["aws:RequestedRegion"] = region
    if request.peer is not None:
        keys["aws:SourceIp"] = request.peer
    for header, key in (("user-agent", "aws:UserAgent"), ("referer", "aws:Referer")):
        if header in request.headers:
            keys[key] = request.headers[header]
    return keys
