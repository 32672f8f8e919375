"""The way of a call to a model: bytes in, bytes out, over kept connections to the serving processes."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from studiolo.domain import Conflict, NotFound, Scope
from studiolo.ml.serving.routes import Routes, Target

SECONDS = 60.0
"""What a model has to answer, as SageMaker gives it."""
IDLE_SECONDS = 30.0
URL = "http://localhost/invocations"
RETRY = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    target: Target


class Unavailable(Conflict):
    """The variant does not serve at this moment; a later try may do."""


class _Line:
    """The kept connections to one serving process, and how many calls are under way on them."""

    def __init__(self, socket: str) -> None:
        self.calls = 0
        self.session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(socket, limit=0, keepalive_timeout=IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept"),
        )

    async def call(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.calls += 1
        try:
            return await self._post(target, body, headers)
        except RETRY:
            # A kept connection that the other side has closed meanwhile: a new one tells.
            return await self._post(target, body, headers)
        finally:
            self.calls -= 1

    async def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        async with self.session.post(URL, data=body, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read(), target)


class Invocations:
    """Calls to models. Belongs to one event loop, the one of its first call."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        # By the socket that they lead to.
        self._lines: dict[str, _Line] = {}
        self._draw = random.Random()  # noqa: S311 - shares calls by weight, keeps no secret

    async def call(
        self, scope: Scope, endpoint: str, variant: str | None, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Have a variant of the endpoint answer. Raises NotFound, and Unavailable where none answers in time."""
        route = self._routes.find(scope, endpoint)
        if route is None:
            raise NotFound(f"Endpoint {endpoint} of account {scope.account} not found.")
        target = route.choose(variant, self._draw)
        if target.socket is None:
            raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} is being restarted.")
        if target.socket not in self._lines:
            await self._drop_lines_to_what_is_gone()
        if target.socket not in self._lines:
            self._lines[target.socket] = _Line(target.socket)
        line = self._lines[target.socket]
        try:
            return await line.call(target, body, headers)
        except asyncio.TimeoutError as error:
            raise Unavailable(f"Variant {target.variant} did not answer within {SECONDS:.0f} s.") from error
        except aiohttp.ClientError as error:
            raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} cannot be reached: {error}.") from error

    async def close(self) -> None:
        """End the kept connections; a later call opens new ones."""
        await self._drop(list(self._lines))

    async def _drop_lines_to_what_is_gone(self) -> None:
        served = self._routes.sockets
        await self._drop([socket for socket, line in self._lines.items() if socket not in served and not line.calls])

    async def _drop(self, sockets: Sequence[str]) -> None:
        for line in [self._lines.pop(socket) for socket in sockets]:
            await line.session.close()
