"""The names at the one address that browsers know: the console's, and those of what runs users' code.

Each is an origin of its own, so that nothing which a user's program shows can act in the console. `console.localhost`,
`d-….studio.REGION.localhost`, `NAME-….notebook.REGION.localhost`, `s-….spark.REGION.localhost` and
`t-….mlflow.REGION.localhost` come before S3's names of buckets.
"""

import re
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp

from studiolo.asgi import Message, Receive, Send
from studiolo.mlflow_door import NAME as MLFLOW
from studiolo.mlflow_door import MlflowSite
from studiolo.spark_site import NAME as SPARK
from studiolo.spark_site import SparkSite
from studiolo.studio_site import NAME as STUDIO
from studiolo.studio_site import StudioSite

CONSOLE = "console.localhost"
PATH = "/_studiolo/console"
"""Where the console is for browsers that do not know names below localhost."""

_PLAIN = re.compile(rb"localhost|127\.[\d.]+|\[::1\]")


class Sites:
    """Finds the site that a request is for.

    studio: answers for the names of Studio domains and notebook instances, spark: of Spark's pages, mlflow: of tracking
    servers.
    """

    def __init__(self, console: ASGIApp, studio: StudioSite, spark: SparkSite, mlflow: MlflowSite) -> None:
        self._console = console
        self._studio = studio
        self._spark = spark
        self._mlflow = mlflow

    async def close(self) -> None:
        """End what belongs to the event loop."""
        await self._studio.close()
        await self._spark.close()

    def of(self, scope: Message) -> ASGIApp | None:
        """The site; None for what is of the AWS APIs."""
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").lower()
        if b".localhost" in host:
            name = host.partition(b":")[0]
            if name == CONSOLE.encode():
                return self._console
            if STUDIO.fullmatch(name.decode("latin-1")):
                return self._studio
            if SPARK.fullmatch(name.decode("latin-1")):
                return self._spark
            if MLFLOW.fullmatch(name.decode("latin-1")):
                return self._mlflow
        path = scope["path"]
        if path.startswith(PATH):
            # Not at 127.0.0.1: the cookie would go to every other port there.
            return _Below(self._console, PATH) if host.partition(b":")[0] == b"localhost" else _refused
        if path == "/" and scope["type"] == "http" and scope["method"] == "GET":
            return _to_console if _is_a_visit(scope, host) else None
        return None


class _Below:
    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] == self._path:
            await _redirect(send, f"{self._path}/")
            return
        await self._app({**scope, "root_path": self._path}, receive, send)


def _is_a_visit(scope: Message, host: bytes) -> bool:
    """Whether a person has typed the bare address: not signed, and asking for a page."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    name = host.rpartition(b":")[0] or host
    if b"authorization" in headers or scope["query_string"] or not _PLAIN.fullmatch(name):
        return False
    return headers.get(b"sec-fetch-mode") == b"navigate" or b"text/html" in headers.get(b"accept", b"")


async def _to_console(scope: Message, receive: Receive, send: Send) -> None:
    await _redirect(send, f"http://{CONSOLE}:{scope['server'][1]}/")


async def _refused(scope: Message, receive: Receive, send: Send) -> None:
    body = b"The console is at console.localhost, or where that name is not known, at localhost."
    await send({"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


async def _redirect(send: Send, location: str) -> None:
    headers: list[Any] = [(b"location", location.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
