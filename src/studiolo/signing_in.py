"""The doors to the console for who has keys: a signed request, and getSigninToken as custom identity brokers ask it.

After "Enabling custom identity broker access to the AWS console" (IAM User Guide). A token is worth what its key is.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from studiolo.aws import sigv4
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.domain import Clock
from studiolo.identity import AccessKey, Identity
from studiolo.signers import Signers
from studiolo.signin import CONSOLE, LONGEST, Offer, SignIns

SERVICE = "sts"
"""For which the request for a link is signed."""

LINK = timedelta(minutes=5)
BROKERED = timedelta(minutes=15)
SHORTEST_SECONDS = 900


class SigningIn:
    """Gives out tokens for the console at `address`."""

    def __init__(self, identity: Identity, sign_ins: SignIns, address: str, clock: Clock) -> None:
        self._identity = identity
        self._sign_ins = sign_ins
        self._address = address
        self._clock = clock

    def link(self, request: HttpRequest) -> str:
        """A link for whoever signed the request. Raises ServiceError."""
        verified = sigv4.verify(request, Signers(self._identity).find, self._clock(), service=SERVICE)
        return self._link(self._sign_ins.offer(Offer(CONSOLE, verified.access_key), LINK))

    def broker(self, asked: Mapping[str, str]) -> Mapping[str, str] | str:
        """The answer to a broker: a token, or for `Action=login` the address to go to. Raises ServiceError."""
        if asked.get("Action") == "login":
            return self._link(asked.get("SigninToken", ""))
        if asked.get("Action") != "getSigninToken":
            raise ServiceError("InvalidAction", "The Action is getSigninToken, or login.", 400)
        try:
            given = json.loads(asked.get("Session") or asked.get("SessionToken") or "")
            identifier, secret, token = (str(given[name]) for name in ("sessionId", "sessionKey", "sessionToken"))
            # JSON can say half a character, which no key has and no database takes.
            f"{identifier}{secret}{token}".encode()
            seconds = int(asked.get("SessionDuration", LONGEST.total_seconds()))
        except (ValueError, KeyError, TypeError):
            message = "Session must be JSON with sessionId, sessionKey and sessionToken; SessionDuration a number."
            raise ServiceError("MalformedInput", message, 400) from None
        if not SHORTEST_SECONDS <= seconds <= LONGEST.total_seconds():
            raise ServiceError("MalformedInput", "SessionDuration must be of 900 to 43200 seconds.", 400)
        key = self._key(identifier)
        if key is None or not (_same(key.secret, secret) and _same(key.session_token or "", token)):
            raise ServiceError("AccessDenied", "The session's credentials are not valid.", 403)
        offer = Offer(CONSOLE, key.id, lasts=timedelta(seconds=seconds))
        return {"SigninToken": self._sign_ins.offer(offer, BROKERED)}

    def known(self, identifier: str) -> tuple[AccessKey, str, datetime | None] | None:
        """The key of an id that is valid now, the ARN it acts as, and when it ends."""
        found = self._identity.find_key(identifier)
        if found is None or (found[0].expires is not None and found[0].expires <= self._clock()):
            return None
        return found[0], found[1].arn, found[0].expires

    def _key(self, identifier: str) -> AccessKey | None:
        known = self.known(identifier)
        return known[0] if known is not None and known[0].session_token else None

    def _link(self, token: str) -> str:
        return f"{self._address}/sign-in?token={quote(token, safe='')}"


def console_address(endpoint: str) -> str:
    """The console's own name at an endpoint: names below localhost lead to this machine in every browser."""
    return f"http://console.localhost:{urlsplit(endpoint).port}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
