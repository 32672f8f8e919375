"""Patient answers: a read of what is on its way is held until that has arrived.

Clients look in fixed steps of 1 to 30 s, so what takes 0.1 s would feel as long as the step. Which reads are held, and
how long, is said at the operations (`services.patience`). Held reads take no thread: they wait in the event loop, and
are carried out again, from their signature on, when what they read has changed and when their time is over.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from studiolo.asgi import Disconnected, Receive, gone
from studiolo.aws.http import HttpResponse
from studiolo.state import Listener

HEADER = "x-studiolo-patience"
"""A request with `none` in this header is answered at once."""

_WAITER = re.compile(r"(?:^| )m/(?:[^ ,]+,)*B(?:,| |$)")
"""How botocore says in its User-Agent that one of its waiters asks."""

LOOK_AGAIN = 0.01
"""Seconds at least between two looks of one read, however often its thing changes."""


@dataclass(slots=True)
class OnItsWay:
    """An answer that tells of something on its way; `listener` hears when there is another.

    The answer is dropped while it is held: it would be most of what a held read takes of memory. pause: the seconds until
    there may be another though nothing has changed.
    """

    answer: HttpResponse | None
    listener: Listener
    seconds: float
    pause: float | None = None


def is_patient(headers: Mapping[str, str]) -> bool:
    """Whether the client lets a read be held."""
    return headers.get(HEADER) != "none"


def is_waiter(headers: Mapping[str, str]) -> bool:
    """Whether a waiter asks, of boto3 or the aws CLI, which has nothing else to do."""
    return _WAITER.search(headers.get("user-agent", "")) is not None


class Holds:
    """The reads that are held, of which there are `most`: further ones are answered at once.

    To be used in the event loop.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: set[asyncio.Future[None]] = set()
        self._ended = False

    async def hold(self, first: OnItsWay, look: Callable[[], Awaitable[Any]], receive: Receive) -> HttpResponse:
        """What `look` gives once nothing is on its way any more, or the time is over.

        Raises Disconnected when the client goes away.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + first.seconds
        going = loop.create_task(gone(receive))
        found: HttpResponse | OnItsWay = first
        try:
            while isinstance(found, OnItsWay):
                left = deadline - loop.time()
                if found.answer is not None and (left <= 0 or self._ended or len(self._held) >= self._most):
                    return found.answer
                found.answer = None
                await self._wait(found.listener, going, left if found.pause is None else min(left, found.pause))
                if going.done():
                    raise Disconnected
                found.listener.close()
                found = await look()
                if isinstance(found, OnItsWay):
                    await asyncio.sleep(LOOK_AGAIN)
            return found
        finally:
            going.cancel()
            if isinstance(found, OnItsWay):
                found.listener.close()

    async def _wait(self, listener: Listener, going: "asyncio.Task[None]", seconds: float) -> None:
        """Wait until the listener hears, the client goes, the server ends, or the time is over."""
        loop = asyncio.get_running_loop()
        changed: asyncio.Future[None] = loop.create_future()
        self._held.add(changed)
        listener.call(partial(_tell, loop, changed))
        # One future for all of it: what asyncio.wait keeps would be a tenth of what a held read takes of memory.
        gone = partial(_settle, changed)
        going.add_done_callback(gone)
        over = loop.call_later(seconds, gone)
        try:
            await changed
        finally:
            over.cancel()
            going.remove_done_callback(gone)
            self._held.discard(changed)

    def end(self) -> None:
        """Answer all that are held with what they have, and hold none any more."""
        self._ended = True
        for changed in self._held:
            _settle(changed)


def _tell(loop: asyncio.AbstractEventLoop, changed: "asyncio.Future[None]") -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and with it who waited
        loop.call_soon_threadsafe(_settle, changed)


def _settle(changed: "asyncio.Future[None]", _: object = None) -> None:
    if not changed.done():
        changed.set_result(None)
