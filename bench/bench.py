"""What every row is given: a folder, comparison environments, and servers that end with the run."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.environments import Environments
from bench.server import Server


class Bench:
    """One run. Used as a context manager, it ends every server and removes its folder."""

    def __init__(self, environments: Environments, source: Path | None) -> None:
        self.environments = environments
        self.source = source
        self._ends = ExitStack()
        self._servers: dict[int, Server] = {}

    def __enter__(self) -> "Bench":
        self.folder = Path(self._ends.enter_context(tempfile.TemporaryDirectory(prefix="studiolo-bench-")))
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def server(self, warm: int = 0) -> Server:
        """The run's server with so many warm sessions: started at its first use, shared by the rows."""
        if warm not in self._servers:
            server = Server(self.folder / f"warm-{warm}", warm)
            self._ends.callback(server.down)
            self._servers[warm] = server.up("--prepare")
        return self._servers[warm]

    def end(self, warm: int) -> None:
        """End the server with so many warm sessions before the run ends: its sessions would be in the way of others."""
        server = self._servers.pop(warm, None)
        if server is not None:
            server.down()
