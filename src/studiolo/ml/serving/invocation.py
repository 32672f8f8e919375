"""The way of a call to a model: bytes in, bytes out, over kept connections to the serving processes."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from studiolo.domain import Conflict, NotFound, Scope
from studiolo.ml.serving.routes import Routes, Target

SECONDS = 60.0
"""What a model has to answer, as SageMaker gives it."""
IDLE_SECONDS = 30.0
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


class Invocations:
    """Calls to models. Belongs to one event loop, the one of its first call."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._session: aiohttp.ClientSession | None = None
        self._draw = random.Random()  # noqa: S311 - shares calls by weight, keeps no secret

    async def call(
        self, scope: Scope, endpoint: str, variant: str | None, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Have a variant of the endpoint answer. Raises NotFound, and Unavailable where none answers in time."""
        route = self._routes.find(scope, endpoint)
        if route is None:
            raise NotFound(f"Endpoint {endpoint} of account {scope.account} not found.")
        target = route.choose(variant, self._draw)
        if target.port is None:
            raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} is being restarted.")
        try:
            try:
                return await self._post(target, body, headers)
            except RETRY:
                # A kept connection that the other side has closed meanwhile: a new one tells.
                return await self._post(target, body, headers)
        except asyncio.TimeoutError as error:
            raise Unavailable(f"Variant {target.variant} did not answer within {SECONDS:.0f} s.") from error
        except aiohttp.ClientError as error:
            raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} cannot be reached: {error}.") from error

    async def close(self) -> None:
        """End the kept connections; a later call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        url = f"http://127.0.0.1:{target.port}/invocations"
        async with self._pool().post(url, data=body, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read(), target)

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept"),
            )
        return self._session
