"""Closing a port of this process to all but who is connected already, on Linux.

The listening socket's descriptor is made that of another socket, so that the system closes the port; connections that
were accepted before have sockets of their own. Who listens is not told, and goes on waiting for the next client.
"""

import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

ESTABLISHED, CLOSE_WAIT = "01", "08"
"""The states in /proc/net/tcp of a connection that was accepted, and whose owner may have asked."""

CAN_SEAL = sys.platform == "linux"


class Intruded(Exception):
    """Somebody else is connected to the port."""


def seal(port: int) -> None:
    """Let nobody connect to this process's port of 127.0.0.1 any more. Raises Intruded."""
    ours = set()
    with socket.socket() as deaf:
        for descriptor, sock in _sockets():
            with closing(sock):
                if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    if sock.getsockname()[1] == port:
                        os.dup2(deaf.fileno(), descriptor, inheritable=False)
                else:
                    with suppress(OSError):
                        if sock.getpeername()[1] == port:
                            ours.add(sock.getsockname()[1])
    if strangers := _connected(port) - ours:
        raise Intruded(f"somebody else is connected to port {port}, from {sorted(strangers)}")


def _sockets() -> Iterator[tuple[int, socket.socket]]:
    """This process's TCP sockets: the descriptor, and the socket by another one."""
    for entry in Path("/proc/self/fd").iterdir():
        # The descriptor of the listing itself is gone by now.
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                sock = socket.socket(fileno=os.dup(int(entry.name)))
                # gRPC connects from sockets of IPv6 to addresses of IPv4.
                if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
                    yield int(entry.name), sock
                else:
                    sock.close()


def _connected(port: int) -> set[int]:
    """The ports from which somebody is connected to this one."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return {
        int(remote.rpartition(":")[2], 16)
        for _, local, remote, state, *_ in rows
        if int(local.rpartition(":")[2], 16) == port and state in (ESTABLISHED, CLOSE_WAIT)
    }
