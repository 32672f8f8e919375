"""The address at which the server answers, and who keeps it open while the server is away after a crash."""

import contextlib
import logging
import os
import socket
import sys

from studiolo.config import Settings, addresses
from studiolo.domain import Conflict
from studiolo.http_server import keeper
from studiolo.processes import Processes, child_environment
from studiolo.processes.sockets import LONGEST

log = logging.getLogger("studiolo")

NAME = "listener"
TAKING_SECONDS = 2.0


class Listening:
    """The listening socket: the one that a crashed server left with its keeper, else a new one.

    Used as a context manager, it is closed in the end.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises Conflict where the address cannot be had."""
        self._settings = settings
        self._path = settings.folder / f"{NAME}.sock"
        self._keeper: socket.socket | None = None
        self._processes: Processes | None = None
        self.socket = self._taken_over() or _bound(settings.host, settings.port)
        port = self.socket.getsockname()[1]
        # Names below `localhost`, which browsers are led to, are 127.0.0.1 wherever else the server listens.
        self.sockets = (self.socket, *(_bound(near, port) for near in addresses(settings.host)[1:]))

    @property
    def endpoint(self) -> str:
        host = self._settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.socket.getsockname()[1]}"

    def keep(self, processes: Processes) -> None:
        """Have the socket kept open, should this process be killed, until the next server takes it over."""
        self._processes = processes
        if (old := processes.find(NAME)) is not None:
            if self._keeper is not None and old.alive:
                return
            processes.stop(old, grace=0.0)
        if len(os.fsencode(self._path)) > LONGEST:
            log.info("The path of the data folder is long: a restart after a crash refuses clients for a moment.")
            return
        self._keeper, theirs = socket.socketpair()
        inherited = (self.socket.fileno(), theirs.fileno())
        with theirs:
            processes.start(
                NAME,
                NAME,
                [sys.executable, "-I", "-S", keeper.__file__, *map(str, inherited), str(self._path)],
                environment=child_environment({}),
                folder=self._settings.folder,
                inherited=inherited,
            )

    def end(self) -> None:
        """Let new clients be refused from now on: the server ends on purpose."""
        if self._keeper is not None:
            with contextlib.suppress(OSError):
                self._keeper.send(keeper.END)

    def close(self) -> None:
        """End the keeper."""
        self.end()
        if self._processes is not None and (child := self._processes.find(NAME)) is not None:
            self._processes.stop(child, grace=1.0)

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.sockets:
            each.close()

    def _taken_over(self) -> socket.socket | None:
        """The socket of a keeper that is there, if it listens where this server is to listen; else the keeper ends."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TAKING_SECONDS)
        try:
            connection.connect(str(self._path))
            _, [descriptor], _, _ = socket.recv_fds(connection, 1, 1)
        except (OSError, ValueError):
            connection.close()
            return None
        taken = socket.socket(_family(self._settings.host), socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=descriptor)
        host, port = taken.getsockname()[:2]
        wanted = socket.getaddrinfo(self._settings.host, None, _family(self._settings.host))[0][4][0]
        if host != wanted or self._settings.port not in (0, port):
            taken.close()
            with connection, contextlib.suppress(OSError):
                connection.send(keeper.END)
                connection.recv(1)  # until it has ended, and its address is free
            return None
        self._keeper = connection
        return taken


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _bound(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY, without which answers wait 40 ms, only where it is.
    listener = socket.socket(_family(host), proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Conflict(
            f"Port {port} of {host} cannot be used ({error.strerror}): end what listens there, or give another with --port."
        ) from error
    listener.listen(1024)
    return listener
