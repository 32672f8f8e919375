"""The links that open Spark's pages, and the cookies that they become: signed, so that nothing is kept of them.

Each target has a host name of its own, and with it an origin of its own: a cookie that opens one is never sent to
another, and would not open it.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from studiolo.domain import Clock, Denied, Scope

LINK = timedelta(hours=1)
"""How long a link may be opened, as those of EMR Serverless."""

COOKIE = timedelta(hours=12)
"""How long pages stay open in the browser that has opened a link."""

EXPIRED = Denied("The time of this link is over, or it was changed: ask for another one.")


@dataclass(frozen=True)
class Target:
    """What pages are of; kind: who knows of it, such as `glue session`."""

    kind: str
    scope: Scope
    id: str

    @property
    def name(self) -> str:
        """The first part of its host name."""
        parts = json.dumps([self.kind, self.scope.account, self.scope.region, self.id])
        return f"s-{sha256(parts.encode()).hexdigest()[:24]}"


class Links:
    """Makes and reads them. secret: known to this server alone; port: of the address that browsers use."""

    def __init__(self, secret: str, port: int, clock: Clock) -> None:
        self._secret = hmac.new(secret.encode(), b"links to Spark's pages", sha256).digest()
        self._port = port
        self._clock = clock

    def link(self, target: Target, path: str = "/") -> str:
        """A link to a page of the target."""
        host = f"{target.name}.spark.{target.scope.region}.localhost:{self._port}"
        return f"http://{host}/auth?token={self._sign('link', target, path, LINK)}"

    def redeem(self, name: str, token: str) -> tuple[str, str]:
        """The cookie for a link's token, and the page it leads to. Raises Denied."""
        target, path = self._read("link", name, token)
        return self._sign("cookie", target, "/", COOKIE), path

    def opened(self, name: str, cookie: str) -> Target:
        """What a cookie opens at a name. Raises Denied."""
        return self._read("cookie", name, cookie)[0]

    def _sign(self, use: Literal["link", "cookie"], target: Target, path: str, lasts: timedelta) -> str:
        until = int((self._clock() + lasts).timestamp())
        said = json.dumps([use, target.kind, target.scope.account, target.scope.region, target.id, path, until])
        return f"{_text(said.encode())}.{_text(self._signature(said.encode()))}"

    def _read(self, use: Literal["link", "cookie"], name: str, token: str) -> tuple[Target, str]:
        said, _, signature = token.partition(".")
        try:
            content = _bytes(said)
            if not hmac.compare_digest(self._signature(content), _bytes(signature)):
                raise EXPIRED
        except ValueError:
            raise EXPIRED from None
        found, kind, account, region, identifier, path, until = json.loads(content)
        target = Target(kind, Scope(account, region), identifier)
        if found != use or target.name != name or until <= self._clock().timestamp():
            raise EXPIRED
        return target, path

    def _signature(self, content: bytes) -> bytes:
        return hmac.new(self._secret, content, sha256).digest()


def port_of(endpoint: str) -> int:
    """The port of the server's address."""
    return urlsplit(endpoint).port or 80


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
