"""A session's system log, downloaded: what Spark's driver said, and what became of the session.

It is a stream of CloudWatch Logs, and there is a URL for it that is good for an hour and needs no signature of AWS's.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from studiolo.domain import Clock, Denied, Scope
from studiolo.logs import EventPage, Logs

GROUP = "/aws-glue/sessions/error"

PATH = "/_studiolo/system-logs/"
"""Below the endpoint; a token follows."""

GOOD_FOR = timedelta(hours=1)


class SystemLog:
    """The system logs of all sessions. `secret` signs the URLs."""

    def __init__(self, logs: Logs, endpoint: str, secret: str, clock: Clock) -> None:
        self._logs = logs
        self._endpoint = endpoint
        self._secret = hashlib.sha256(b"system logs\0" + secret.encode()).digest()
        self._clock = clock

    def url(self, scope: Scope, session: str) -> str:
        """Where the session's log can be downloaded."""
        until = int((self._clock() + GOOD_FOR).timestamp())
        told = json.dumps([scope.account, scope.region, session, until]).encode()
        return f"{self._endpoint}{PATH}{_encode(told)}.{_encode(self._signature(told))}"

    def lines(self, token: str) -> Iterator[bytes]:
        """The log that a URL with this token is for. Raises Denied, and NotFound where nothing was logged."""
        scope, session = self._session(token)
        page = self._logs.head(scope, GROUP, session)
        return self._lines(scope, session, page)

    def _lines(self, scope: Scope, session: str, page: EventPage) -> Iterator[bytes]:
        while page.events:
            for event in page.events:
                moment = datetime.fromtimestamp(event.timestamp / 1000, timezone.utc)
                yield f"{moment.isoformat(timespec='milliseconds')} {event.message}\n".encode()
            page = self._logs.head(scope, GROUP, session, page.after)

    def _session(self, token: str) -> tuple[Scope, str]:
        try:
            told, signature = (base64.urlsafe_b64decode(part) for part in token.split("."))
            if not hmac.compare_digest(signature, self._signature(told)):
                raise ValueError
            account, region, session, until = json.loads(told)
        except (ValueError, binascii.Error):
            raise Denied("This address was not made by GetSystemLogsForSession.") from None
        if self._clock().timestamp() > until:
            raise Denied("This address was good for an hour: ask GetSystemLogsForSession for another.")
        return Scope(account, region), session

    def _signature(self, told: bytes) -> bytes:
        return hmac.digest(self._secret, told, "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
