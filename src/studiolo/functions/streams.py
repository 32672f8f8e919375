"""Answers of functions that come piece by piece: from the thread that reads a function's process to the event loop.

After "Response streaming for Lambda functions" and "Building a custom runtime for AWS Lambda" (AWS Lambda Developer
Guide).
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future

from studiolo.functions.model import Result

LARGEST = 200 * 1024 * 1024
"""Bytes of an answer that streams."""
AHEAD = 32
"""Pieces that are read before anybody takes them."""


class Stream:
    """One answer on its way. Made in the event loop, where it is also read; `put` and `begin` are for other threads.

    content_type: what the function has said of it; None where it has answered whole, as functions of Python do; version:
    the function's.
    """

    def __init__(self) -> None:
        self.content_type: str | None = None
        self.version = ""
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._left = False

    def begin(self, content_type: str) -> None:
        self.content_type = content_type

    def put(self, piece: bytes) -> None:
        """Hand a piece on; waits where the reader is behind. What nobody reads any more is thrown away."""
        self._room.acquire()
        if self._left:
            self._room.release()
        else:
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, piece)

    def follow(self, result: "Future[Result]", version: str) -> None:
        """There are no more pieces once that is done."""
        self.version = version
        result.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._pieces.put_nowait, None))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The pieces as they come."""
        try:
            while (piece := await self._pieces.get()) is not None:
                self._room.release()
                yield piece
        finally:
            self._left = True
            self._room.release(AHEAD)
