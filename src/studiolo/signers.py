"""Between signatures and identity: the key that a request says it is signed with, and whose that is."""

from studiolo.aws.sigv4 import Credential
from studiolo.identity import Identity, Principal


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
