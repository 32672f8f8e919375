"""Running an ASGI app in uvicorn."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from studiolo.http_server.hosts import Hosts
from studiolo.http_server.limits import Limits
from studiolo.http_server.protocol import BoundedHttp

LONGEST_TICK = 0.5
"""Seconds that count at most between two looks at the connections: when we were late, no client was."""


LARGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes of one message of a WebSocket: a notebook's cell with its output."""


def serve(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    hosts: Collection[str] = (),
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT. `hosts` are further names that requests may be for (see `Hosts`).

    stopping: called in the event loop when the server begins to stop, which waits for the requests under way.
    """
    # uvicorn raises the signal that stopped it once more: by then it has done its work, and ours is the clean-up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server(app, sockets, hosts, Limits(), stopping).run(sockets=list(sockets))


def server(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    hosts: Collection[str],
    limits: Limits,
    stopping: Callable[[], None] = lambda: None,
) -> uvicorn.Server:
    """The server; its sockets are bound and listening."""
    # One line of warning for every malformed request would let anybody fill the disk.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        Hosts(app, [each.getsockname()[0] for each in sockets], hosts),
        http=partial(BoundedHttp, limits),  # type: ignore[arg-type]  # it is only called
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        date_header=True,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=2,
        lifespan="on",
    )
    return _Server(config, limits, stopping)


class _Server(uvicorn.Server):
    """uvicorn's server; its tick of a tenth of a second is the clock of the connections."""

    def __init__(self, config: uvicorn.Config, limits: Limits, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._limits = limits
        self._ticked: float | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        present = asyncio.get_running_loop().time()
        passed = 0.0 if self._ticked is None else min(present - self._ticked, LONGEST_TICK)
        self._ticked = present
        tick([each for each in self.server_state.connections if isinstance(each, BoundedHttp)], passed, self._limits)
        return await super().on_tick(counter)


def tick(connections: list[BoundedHttp], passed: float, limits: Limits) -> None:
    """So many seconds have passed; where too much lies unread in all, those who leave the most lose their answers."""
    for connection in connections:
        connection.tick(passed)
    behind: list[tuple[int, Any]] = [(size, each) for each in connections if (size := each.unread())]
    unread = sum(size for size, _ in behind)
    for size, connection in sorted(behind, key=lambda pair: -pair[0]):
        if unread <= limits.unread:
            return
        connection.transport.abort()
        unread -= size
