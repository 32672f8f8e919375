"""Closing a port of this process to all but who is connected already, on Linux.

A classic BPF filter that drops every packet is attached to the listening socket. It needs no rights, and connections
that were accepted before have sockets of their own, which it does not concern.
"""

import ctypes
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

SO_ATTACH_FILTER, SO_LOCK_FILTER = 26, 44
"""Of asm-generic/socket.h: Python has no names for them."""

DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""The program, of one instruction: return, and of the packet keep 0 bytes."""

ESTABLISHED, CLOSE_WAIT = "01", "08"
"""The states in /proc/net/tcp of a connection that was accepted, or will be, and whose owner may have asked."""

CAN_SEAL = sys.platform == "linux"


class Intruded(Exception):
    """Somebody else is connected to the port."""


def seal(port: int) -> None:
    """Let nobody connect to this process's port of 127.0.0.1 any more. Raises Intruded."""
    ours = set()
    program = ctypes.create_string_buffer(DROP)
    for sock in _sockets():
        with closing(sock):
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                if sock.getsockname()[1] == port:
                    pointer = struct.pack("HP", 1, ctypes.addressof(program))
                    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, pointer)
                    sock.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)
            else:
                with suppress(OSError):
                    if sock.getpeername()[1] == port:
                        ours.add(sock.getsockname()[1])
    if strangers := _connected(port) - ours:
        raise Intruded(f"somebody else is connected to port {port}, from {sorted(strangers)}")


def _sockets() -> Iterator[socket.socket]:
    """This process's TCP sockets, each by a descriptor of its own."""
    for entry in Path("/proc/self/fd").iterdir():
        # The descriptor of the listing itself is gone by now.
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                sock = socket.socket(fileno=os.dup(int(entry.name)))
                # gRPC connects from sockets of IPv6 to addresses of IPv4.
                if sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM:
                    yield sock
                else:
                    sock.close()


def _connected(port: int) -> set[int]:
    """The ports from which somebody is connected to this one, accepted or not yet."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return {
        int(remote.rpartition(":")[2], 16)
        for _, local, remote, state, *_ in rows
        if int(local.rpartition(":")[2], 16) == port and state in (ESTABLISHED, CLOSE_WAIT)
    }
