"""The network of its own in which a program serves on a port, and the ways out of it: to Studiolo, and nowhere else."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from studiolo.containers.scripts import port as door

ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
"""The variables that name what a container calls, at addresses of this machine."""
OURS = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Network:
    """The network of a program that listens at `port`. folder: where its socket is, and those of the ways out."""

    port: int
    folder: Path
    ways: tuple[int, ...]

    @classmethod
    def of(cls, port: int, folder: Path, environment: Mapping[str, str]) -> "Network":
        """The one from which what the environment names can be called."""
        named = [urlsplit(environment[name]) for name in ENDPOINTS if name in environment]
        ports = {each.port for each in named if each.hostname in OURS and each.port is not None}
        return cls(port, folder, tuple(sorted(ports - {port})))

    def around(self, python: Path, socket: str, command: Sequence[str]) -> list[str]:
        """The command, run so that what comes at the socket is handed to its port."""
        ways = [f"{way}={self._way(way)}" for way in self.ways]
        return [str(python), "-I", str(Path(door.__file__)), socket, str(self.port), *ways, "--", *command]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Carry what comes out, until the end of the context."""
        loop = asyncio.new_event_loop()
        loop.run_until_complete(self._listen())
        thread = threading.Thread(target=loop.run_forever, name="ways-out", daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    async def _listen(self) -> None:
        for way in self.ways:
            accept = door.joined(partial(asyncio.open_connection, door.HOST, way))
            await asyncio.start_unix_server(accept, str(self._way(way)))

    def _way(self, port: int) -> Path:
        return self.folder / str(port)
