"""Where requests run: in threads, and the quickest in the event loop itself."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 40

LONG = 0.01
"""Seconds after which what runs in the lane is long, and nothing waits behind it."""
HELD_UP, SPARED = 0.05, 1.0
"""Seconds after which a call has held up the event loop, and for which that is then given none."""


class Lanes:
    """One thread for what is quick, and many for the rest.

    One thread answers half as many reads again as many do, which compete for the interpreter (measured). What turns out
    not to be quick keeps the lane to itself: those behind it go to the many.
    """

    def __init__(self, threads: int = THREADS, long: float = LONG) -> None:
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="lane")
        self._many = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._long = long
        self._began: float | None = None
        self._spared = 0.0

    async def at_once(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that takes less than to be handed to a thread: it runs in the event loop.

        Where one has held that up after all, those that follow it go to the many for a while.
        """
        began = time.monotonic()
        if began < self._spared:
            return await self.run(call, *args, **kwargs)
        try:
            return call(*args, **kwargs)
        finally:
            if time.monotonic() - began > HELD_UP:
                self._spared = time.monotonic() + SPARED

    async def quick(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that should be quick."""
        if not self._held():
            waiting = self._lane.submit(self._timed, partial(call, *args, **kwargs))
            overtakes = asyncio.Event()
            look = asyncio.get_running_loop().call_later(self._long, self._look, waiting, overtakes)
            try:
                return await asyncio.wrap_future(waiting)
            except asyncio.CancelledError:
                if not overtakes.is_set():
                    raise
            finally:
                look.cancel()
        return await self.run(call, *args, **kwargs)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that may take its time."""
        return await asyncio.wrap_future(self._many.submit(call, *args, **kwargs))

    def close(self) -> None:
        """Take no more calls; what has begun goes on."""
        self._lane.shutdown(wait=False)
        self._many.shutdown(wait=False)

    def _timed(self, call: Callable[[], T]) -> T:
        self._began = time.monotonic()
        try:
            return call()
        finally:
            self._began = None

    def _look(self, waiting: "Future[T]", overtakes: asyncio.Event) -> None:
        """Take a call out of the lane if that is held; look again later where it is merely busy."""
        if waiting.running() or waiting.done():
            return
        if self._held() and waiting.cancel():
            overtakes.set()
        else:
            asyncio.get_running_loop().call_later(self._long, self._look, waiting, overtakes)

    def _held(self) -> bool:
        """Whether what runs in the lane is long."""
        began = self._began
        return began is not None and time.monotonic() - began > self._long
