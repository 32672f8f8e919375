"""The way of a call to a model: bytes in, bytes out, over kept connections to the serving processes."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from studiolo.domain import Conflict, Scope
from studiolo.ml.serving.measures import CallMeasures
from studiolo.ml.serving.routes import Instance, Routes
from studiolo.processes import SocketConnector

SECONDS = 60.0
"""What a model has to answer, as SageMaker gives it."""
LARGEST_ANSWER = 25 * 1024 * 1024
"""Bytes of an answer at most, as SageMaker takes them."""
IDLE_SECONDS = 30.0
URL = "http://localhost/invocations"
RETRY = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, and who did: its variant and the process's log stream."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    variant: str
    log_stream_arn: str


class Unavailable(Conflict):
    """The variant does not serve at this moment; a later try may do."""


class _Line:
    """The kept connections to one serving process, and how many calls are under way on them."""

    def __init__(self, socket: str) -> None:
        self.calls = 0
        self.session = aiohttp.ClientSession(
            connector=SocketConnector(socket, limit=0, keepalive_timeout=IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept"),
        )

    async def call(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer."""
        self.calls += 1
        try:
            return await self._post(body, headers)
        except RETRY:
            # A kept connection that the other side has closed meanwhile: a new one tells.
            return await self._post(body, headers)
        finally:
            self.calls -= 1

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        async with self.session.post(URL, data=body, headers=headers, allow_redirects=False) as response:
            content = await _content(response)
            if content is None:
                return 500, {}, f"The model's answer has more than {LARGEST_ANSWER} bytes.".encode()
            return response.status, response.headers, content


async def _content(response: aiohttp.ClientResponse) -> bytes | None:
    """The body of an answer; None for one that is too large, which is not read to its end."""
    length = response.content_length
    if length is not None:
        return await response.read() if length <= LARGEST_ANSWER else None
    taken = bytearray()
    async for piece in response.content.iter_any():
        taken += piece
        if len(taken) > LARGEST_ANSWER:
            return None
    return bytes(taken)


class Invocations:
    """Calls to models. Belongs to one event loop, the one of its first call."""

    def __init__(self, routes: Routes, measures: CallMeasures) -> None:
        self._routes = routes
        self._measures = measures
        # By the socket that they lead to.
        self._lines: dict[str, _Line] = {}
        self._draw = random.Random()  # noqa: S311 - shares calls by weight, keeps no secret

    async def call(
        self, scope: Scope, endpoint: str, variant: str | None, body: bytes, headers: Mapping[str, str], began: float
    ) -> Answer:
        """Have a variant of the endpoint answer. Raises NotFound, and Unavailable where none answers in time.

        began: when the call came, by time.perf_counter.
        """
        target, instance = self._routes.take(scope, endpoint, variant, self._draw)
        sent, status = time.perf_counter(), None
        try:
            if instance is None:
                raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} is being restarted.")
            status, answered, content = await self._ask(instance, body, headers)
            return Answer(status, answered, content, target.variant, instance.log_stream_arn)
        except asyncio.TimeoutError as error:
            raise Unavailable(f"Variant {target.variant} did not answer within {SECONDS:.0f} s.") from error
        except aiohttp.ClientError as error:
            raise Unavailable(f"Variant {target.variant} of endpoint {endpoint} cannot be reached: {error}.") from error
        finally:
            if instance is not None:
                self._routes.leave(instance.socket)
            end = time.perf_counter()
            count = len(target.instances)
            self._measures.add(scope, endpoint, target.variant, count, status, end - sent, end - began)

    async def _ask(
        self, instance: Instance, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        if instance.socket not in self._lines:
            await self._drop_lines_to_what_is_gone()
        if instance.socket not in self._lines:
            self._lines[instance.socket] = _Line(instance.socket)
        return await self._lines[instance.socket].call(body, headers)

    async def close(self) -> None:
        """End the kept connections; a later call opens new ones."""
        await self._drop(list(self._lines))

    async def _drop_lines_to_what_is_gone(self) -> None:
        served = self._routes.sockets
        await self._drop([socket for socket, line in self._lines.items() if socket not in served and not line.calls])

    async def _drop(self, sockets: Sequence[str]) -> None:
        for line in [self._lines.pop(socket) for socket in sockets]:
            await line.session.close()
