"""Stateful sessions: each belongs to the process that has opened it, which names it and says when it expires.

After InvokeEndpoint and "Stateful sessions with Amazon SageMaker AI models" (Developer Guide).
"""

import threading
from collections.abc import Mapping
from datetime import datetime, timezone

from studiolo.domain import Scope

NEW = "NEW_SESSION"
"""The id of a session that is to be opened."""
ASKED = "X-Amzn-SageMaker-Session-Id"
OPENED, CLOSED = "X-Amzn-SageMaker-New-Session-Id", "X-Amzn-SageMaker-Closed-Session-Id"
EXPIRES = "%Y-%m-%dT%H:%M:%SZ"
MOST = 100_000
"""Sessions that are remembered: the oldest make room."""

Place = tuple[Scope, str, str]
"""An endpoint, and a name in it."""


class Sessions:
    """Which process has which session, in memory: they end with the server that knows them."""

    def __init__(self) -> None:
        # The socket, and when it expires.
        self._open: dict[Place, tuple[str, datetime | None]] = {}
        self._lock = threading.Lock()

    def find(self, session: Place) -> str | None:
        """The socket of the process that has it; None where none has it any more."""
        with self._lock:
            socket, expires = self._open.get(session, (None, None))
            if expires is not None and expires <= datetime.now(timezone.utc):
                del self._open[session]
                return None
            return socket

    def note(self, scope: Scope, endpoint: str, socket: str, answered: Mapping[str, str]) -> None:
        """Remember what a process says of sessions in the headers of its answer."""
        with self._lock:
            if OPENED in answered:
                name, _, expires = answered[OPENED].partition(";")
                self._open[scope, endpoint, name.strip()] = (socket, _moment(expires))
                if len(self._open) > MOST:
                    del self._open[next(iter(self._open))]
            if CLOSED in answered:
                self._open.pop((scope, endpoint, answered[CLOSED].strip()), None)


def _moment(text: str) -> datetime | None:
    """The moment of `Expires=2024-10-30T13:45:52Z`; None where there is none."""
    try:
        return datetime.strptime(text.strip().removeprefix("Expires="), EXPIRES).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
