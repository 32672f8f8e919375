"""Opening a tracking server in a browser: addresses that sign in once, and who is signed in then."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from studiolo.domain import Scope
from studiolo.mlflow.records import TrackingServer
from studiolo.signin import Offer, SignIns

if TYPE_CHECKING:
    from studiolo.mlflow.servers import TrackingServers


class Opening:
    """Makes the addresses, and finds the server behind one."""

    def __init__(self, servers: "TrackingServers", sign_ins: SignIns, endpoint: str) -> None:
        self._servers = servers
        self._sign_ins = sign_ins
        self._port = urlsplit(endpoint).port or 80

    def address(self, server: TrackingServer) -> str:
        """The server's own name, below localhost."""
        return f"http://{server.id}.mlflow.{server.scope.region}.localhost:{self._port}"

    def presigned(self, scope: Scope, name: str, lives: int, lasts: int) -> str:
        """An address that signs in once; lives, lasts: of it and of the visit, in seconds. Raises NoServer."""
        server = self._servers.get(scope, name)
        token = self._sign_ins.offer(Offer(server.id, None, {}, timedelta(seconds=lasts)), timedelta(seconds=lives))
        return f"{self.address(server)}/auth?authToken={quote(token, safe='')}"

    def redeem(self, identifier: str, token: str) -> str:
        """The cookie for the token of an address. Raises Denied."""
        return self._sign_ins.redeem(token, identifier)[0]

    def opened(self, identifier: str, cookie: str) -> TrackingServer | None:
        """The server that a cookie opens at its name. Raises NoServer."""
        if not cookie or self._sign_ins.find(cookie, identifier) is None:
            return None
        return self._servers.of_id(identifier)
