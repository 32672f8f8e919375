"""Between signatures and identity: the key that a request says it is signed with, whose it is, what else it tells."""

from ipaddress import ip_address

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
    keys = {"aws:SecureTransport": "false" if _crosses_a_network(request.peer) else "true"}
    if region is not None:
        keys["aws:RequestedRegion"] = region
    if request.peer is not None:
        keys["aws:SourceIp"] = request.peer
    for header, key in (("user-agent", "aws:UserAgent"), ("referer", "aws:Referer")):
        if header in request.headers:
            keys[key] = request.headers[header]
    return keys


def _crosses_a_network(peer: str | None) -> bool:
    """Whether a request comes from another machine: what loopback carries nobody reads on its way, as with TLS.

    So the buckets of CDK, which deny what is not sent by TLS, are of use here. peer: None for a Unix socket.
    """
    try:
        return peer is not None and not ip_address(peer).is_loopback
    except ValueError:
        return False
