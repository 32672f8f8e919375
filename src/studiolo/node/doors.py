"""Listening at the ports of a daemon that is started when the first one connects, and is had by that one too."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from studiolo.node.asking import may_come

WAIT_SECONDS = 300.0
"""How long those who knocked are held until the daemon is ready."""

LOOK_AGAIN = 0.2
BLOCK = 64 * 1024


class Doors:
    """The ports, until somebody who may connects to one; then they are the daemon's.

    Those who connected before are passed on to it when `ready` is set; on_open is called when the ports are free.
    """

    def __init__(
        self, host: str, ports: Sequence[int], ready: threading.Event, on_open: Callable[[], object] = lambda: None
    ) -> None:
        self._ready = ready
        self._on_open = on_open
        self._opened = threading.Event()
        self._closed = threading.Event()
        self._listening = [socket.create_server((host, port)) for port in ports]
        threading.Thread(target=self._wait, name="doors", daemon=True).start()

    @property
    def opened(self) -> bool:
        """Whether somebody has come; the ports are free from then on."""
        return self._opened.is_set()

    def close(self) -> None:
        """Wait for nobody any more, and let go those who wait."""
        self._closed.set()

    def _wait(self) -> None:
        come: list[tuple[socket.socket, tuple[str, int]]] = []
        with selectors.DefaultSelector() as selector:
            for listening in self._listening:
                listening.setblocking(False)
                selector.register(listening, selectors.EVENT_READ)
            while not come and not self._closed.is_set():
                for key, _ in selector.select(1.0):
                    assert isinstance(key.fileobj, socket.socket)
                    come += self._accepted(key.fileobj)
        for listening in self._listening:
            listening.close()
        self._opened.set()
        self._on_open()
        for client, place in come:
            threading.Thread(target=self._pass_on, args=(client, place), name="guest", daemon=True).start()

    def _accepted(self, listening: socket.socket) -> list[tuple[socket.socket, tuple[str, int]]]:
        """All who wait at a port and may come in."""
        found = []
        with suppress(BlockingIOError):
            while True:
                client, peer = listening.accept()
                client.setblocking(True)
                if may_come(peer, client.getsockname()):
                    found.append((client, client.getsockname()))
                else:
                    client.close()
        return found

    def _pass_on(self, client: socket.socket, place: tuple[str, int]) -> None:
        with client:
            until = time.monotonic() + WAIT_SECONDS
            while not self._ready.wait(LOOK_AGAIN):
                if self._closed.is_set() or time.monotonic() > until:
                    return
            with suppress(OSError), socket.create_connection(place, WAIT_SECONDS) as server:
                server.settimeout(None)
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
