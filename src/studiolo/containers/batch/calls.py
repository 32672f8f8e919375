"""Calls to the serving programs of a batch transform, on kept connections, tried again where that may help."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from studiolo.containers.unix_http import pings
from studiolo.processes import SocketConnection

POLL_SECONDS = 0.02
BACKOFF_SECONDS = 0.2
LONGEST_WORDS = 400


class CallFailed(Exception):
    """A request had no answer of status 200. client: whether the request was to blame, and not the model."""

    def __init__(self, words: str, *, client: bool) -> None:
        super().__init__(words)
        self.client = client


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str


class Server:
    """One serving program. Its connections are kept, one a thread."""

    def __init__(self, path: str, timeout: float, retries: int, proceed: Callable[[], None]) -> None:
        self._path = path
        self._timeout = timeout
        self._retries = retries
        self._proceed = proceed
        self._kept = threading.local()

    def await_ping(self, seconds: float) -> bool:
        """Whether it answers /ping in so long."""
        deadline = time.monotonic() + seconds
        while not pings(self._path):
            self._proceed()
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def parameters(self) -> Mapping[str, Any]:
        """What it says at /execution-parameters; nothing where it does not know that."""
        connection = SocketConnection(self._path)
        try:
            connection.request("GET", "/execution-parameters")
            answer = connection.getresponse()
            said = json.loads(answer.read()) if answer.status == 200 else {}
            return said if isinstance(said, dict) else {}
        except (OSError, ValueError, http.client.HTTPException):
            return {}
        finally:
            connection.close()

    def invoke(self, body: "bytes | Iterable[bytes]", headers: Mapping[str, str]) -> Answer:
        """The answer to a body; one that is given piece by piece is sent in chunks, once. Raises CallFailed."""
        retries = self._retries if isinstance(body, bytes) else 0
        for attempt in range(retries + 1):
            self._proceed()
            try:
                return self._ask(body, headers)
            except CallFailed as error:
                if error.client or attempt == retries:
                    raise
            time.sleep(BACKOFF_SECONDS * 2**attempt)
        raise AssertionError

    def _ask(self, body: "bytes | Iterable[bytes]", headers: Mapping[str, str]) -> Answer:
        connection = self._connection()
        try:
            connection.request("POST", "/invocations", body, dict(headers), encode_chunked=not isinstance(body, bytes))
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError as error:
            self._drop()
            raise CallFailed(f"The model did not answer within {self._timeout:.0f} s", client=False) from error
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise CallFailed(f"The model's server cannot be reached: {error!r}", client=False) from error
        if answer.will_close:
            self._drop()
        if answer.status != 200:
            said = content[:LONGEST_WORDS].decode(errors="replace").strip()
            raise CallFailed(
                f"Bad HTTP status received from algorithm: {answer.status}: {said}", client=400 <= answer.status < 500
            )
        return Answer(content, answer.headers.get("Content-Type", ""))

    def _connection(self) -> SocketConnection:
        found: SocketConnection | None = getattr(self._kept, "connection", None)
        if found is None:
            found = self._kept.connection = SocketConnection(self._path, self._timeout)
        return found

    def _drop(self) -> None:
        self._connection().close()
        self._kept.connection = None
