"""Keeps a listening socket open over the death of the server: clients that connect meanwhile wait in its queue.

Run as a program of its own, with Python's own library alone: `keeper.py LISTENER SERVER PATH`. The first two are
inherited descriptors, of the socket and of a connection to the server; the next server takes both at the Unix socket PATH.
"""

import contextlib
import select
import socket
import sys
import time
from pathlib import Path

KEPT_SECONDS = 60.0
"""How long the socket is kept for the next server: as long as clients wait for an answer. Then they are refused."""

END = b"e"
"""What a server sends that ends on purpose."""


def keep(listener: socket.socket, server: "socket.socket | None", door: socket.socket) -> None:
    """Give the listener to every server that comes, until one says that it ends, or none comes in time."""
    left = 0.0
    while True:
        began = time.monotonic()
        ready, _, _ = select.select(
            [door] if server is None else [door, server], [], [], left if server is None else None
        )
        left -= time.monotonic() - began
        if server in ready and server is not None:
            word = server.recv(1)
            if word == END:
                return
            server.close()
            server, left = None, KEPT_SECONDS
        elif door in ready:
            if server is not None:
                server.close()
            server, _ = door.accept()
            with contextlib.suppress(OSError):  # it is gone again, and the next look says so
                socket.send_fds(server, [b"l"], [listener.fileno()])
        elif left <= 0:
            return


def main(listener: int, server: int, path: str) -> None:
    Path(path).unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen()
    try:
        keep(socket.socket(fileno=listener), socket.socket(fileno=server), door)
    finally:
        Path(path).unlink(missing_ok=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
