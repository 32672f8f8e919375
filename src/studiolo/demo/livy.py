"""A look at data on a cluster: a session of Livy, as the notebooks of SageMaker Studio hold one."""

import json
import time
from types import TracebackType
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from studiolo.demo.errors import StoryError

PORT = 8998
POLL_SECONDS = 0.2
ANSWER_SECONDS = 60
READY_SECONDS = 300
IDLE = "15m"  # should this program die, Livy ends the session itself


class LivySession:
    """A session of PySpark on a cluster; deleted when the `with` block ends, however it ends."""

    def __init__(self, host: str, conf: dict[str, str]) -> None:
        """host: the cluster's master, which this machine must reach (at AWS from the cluster's network alone)."""
        self._livy = f"http://{host}:{PORT}"
        self._wanted = {"kind": "pyspark", "conf": conf, "idleTimeout": IDLE}
        self._session = ""

    def __enter__(self) -> "LivySession":
        self._session = f"/sessions/{self._ask('POST', '/sessions', self._wanted)['id']}"
        try:
            self._wait_until_idle()
        except BaseException:
            self._ask("DELETE", self._session)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask("DELETE", self._session)

    def run(self, code: str) -> str:
        """Run a statement to its end; what it printed. Raises StoryError with the traceback when it fails."""
        number = self._ask("POST", f"{self._session}/statements", {"code": code})["id"]
        while True:
            statement = self._ask("GET", f"{self._session}/statements/{number}")
            if statement["state"] not in ("waiting", "running"):
                break
            time.sleep(POLL_SECONDS)
        output = statement.get("output") or {}
        if output.get("status") != "ok":
            trace = "".join(output.get("traceback") or [])
            what = f"{output.get('ename', statement['state'])}: {output.get('evalue', 'no reason was given')}"
            raise StoryError(f"A statement failed in the session of Livy.\n{trace}\n{what}")
        return str(output["data"].get("text/plain", ""))

    def _wait_until_idle(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while (session := self._ask("GET", self._session))["state"] != "idle":
            if session["state"] != "starting":
                raise StoryError(f"The session of Livy is {session['state']}: {' '.join(session['log'][-3:])}")
            if time.monotonic() > deadline:
                raise StoryError(f"The session of Livy was not ready after {READY_SECONDS} s.")
            time.sleep(POLL_SECONDS)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises StoryError with what Livy, or the network, said."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._livy + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        try:
            with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 (http, of the cluster's own address)
                said: dict[str, Any] = json.load(answer)
        except URLError as error:
            raise StoryError(f"Livy at {self._livy} does not answer: {error}") from error
        return said
