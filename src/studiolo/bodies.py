"""The bodies of requests in memory: each of them bounded, and all of them together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from studiolo.asgi import Disconnected, Receive

FREE = 64 * 1024
"""Bytes of any body that are not counted, so that small requests pass while large ones wait."""

PATIENCE = 5.0
"""Seconds that a body waits for others to go."""


class TooLarge(Exception):
    """A body is larger than the server takes."""


class Crowded(Exception):
    """The bodies of other requests left no room in time."""


class Bodies:
    """Room for bodies of `largest` bytes at most, and of `most` bytes in all."""

    def __init__(self, largest: int, most: int, patience: float = PATIENCE) -> None:
        self.largest = largest
        self._left = max(most, largest)
        self._patience = patience
        self._given_back = asyncio.Condition()

    @asynccontextmanager
    async def body(self, receive: Receive, length: int | None) -> AsyncIterator[bytes]:
        """The whole body; its room is taken until the block ends.

        length: as announced, None where it is not. Raises TooLarge, Crowded, and Disconnected when it does not end.
        """
        if length is not None and length > self.largest:
            raise TooLarge
        chunks: list[bytes] = []
        size = taken = 0
        more = True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunk = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(chunk)
                if size > self.largest:
                    raise TooLarge
                if size > FREE + taken:
                    # All of it at once where the client said how much: two that are half here could not both end.
                    wanted = max(size, length or 0) - taken
                    await self._take(wanted)
                    taken += wanted
                chunks.append(chunk)
            yield b"".join(chunks) if len(chunks) > 1 else chunks[0]
        finally:
            if taken:
                await self._give_back(taken)

    async def _take(self, size: int) -> None:
        async with self._given_back:
            try:
                await asyncio.wait_for(self._given_back.wait_for(lambda: self._left >= size), self._patience)
            except asyncio.TimeoutError:
                raise Crowded from None
            self._left -= size

    async def _give_back(self, size: int) -> None:
        async with self._given_back:
            self._left += size
            self._given_back.notify_all()
