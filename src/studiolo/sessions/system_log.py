"""A session's system log: what Spark's driver says, and what became of the session, in a stream of CloudWatch Logs.

It can also be downloaded, by a URL that is good for an hour and needs no signature of AWS's.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from studiolo.domain import Clock, Denied, Scope
from studiolo.logs import EventPage, Logs, LogWriter
from studiolo.sessions.store import Key
from studiolo.state import StateUnavailable

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

    def note(self, key: Key, event: str) -> None:
        """Add what became of the session. A full disk keeps nothing of it."""
        with (
            contextlib.suppress(OSError, StateUnavailable),
            LogWriter(self._logs.writer_file(key.scope, GROUP, key.id)) as writer,
        ):
            writer.write(f"Session {key.id}: {event}\n")

    def url(self, key: Key) -> str:
        """Where the session's log can be downloaded."""
        until = int((self._clock() + GOOD_FOR).timestamp())
        told = json.dumps([key.scope.account, key.scope.region, key.id, until]).encode()
        return f"{self._endpoint}{PATH}{_encode(told)}.{_encode(self._signature(told))}"

    def lines(self, token: str) -> Iterator[bytes]:
        """The log that a URL with this token is for. Raises Denied, and NotFound where nothing was logged."""
        key = self._key(token)
        page = self._logs.head(key.scope, GROUP, key.id)
        return self._lines(key, page)

    def _lines(self, key: Key, page: EventPage) -> Iterator[bytes]:
        while page.events:
            for event in page.events:
                moment = datetime.fromtimestamp(event.timestamp / 1000, timezone.utc)
                yield f"{moment.isoformat(timespec='milliseconds')} {event.message}\n".encode()
            page = self._logs.head(key.scope, GROUP, key.id, page.after)

    def _key(self, token: str) -> Key:
        try:
            told, signature = (base64.urlsafe_b64decode(part) for part in token.split("."))
            if not hmac.compare_digest(signature, self._signature(told)):
                raise ValueError
            account, region, session, until = json.loads(told)
        except (ValueError, binascii.Error):
            raise Denied("This address was not made by GetSystemLogsForSession.") from None
        if self._clock().timestamp() > until:
            raise Denied("This address was good for an hour: ask GetSystemLogsForSession for another.")
        return Key(Scope(account, region), session)

    def _signature(self, told: bytes) -> bytes:
        return hmac.digest(self._secret, told, "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
