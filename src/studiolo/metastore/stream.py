"""A connection's socket as Thrift reads and writes it, with bounds on how long and how much."""

import socket
import time
from dataclasses import dataclass

from thrift.transport.TTransport import TTransportBase, TTransportException

CHUNK = 1 << 20
"""Bytes asked of the socket at once: memory for a text is taken as it arrives, whatever length it announces."""


@dataclass(frozen=True)
class Limits:
    """How long, and how many. Seconds, bytes and connections.

    Clients say who they are as they connect: a stranger is one that has not. Clients of Hive connect anew by
    themselves when a connection has ended that they did not use.
    """

    strangers: int = 64
    stranger_seconds: float = 10.0
    stranger_bytes: int = 64 * 1024
    idle_seconds: float = 30 * 60.0
    message_bytes: int = 100 * 1024 * 1024
    """Of one call, as Hive's own metastore has it (metastore.server.max.message.size)."""
    connections: int = 1000
    connections_each: int = 400
    """Of one role or user. A Spark driver keeps one or two."""


LIMITS = Limits()


class Stream(TTransportBase):  # type: ignore[misc]  # thrift has no types
    """The socket. Raises TTransportException and OSError at its end, and past its bounds."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._socket = connection
        self._limits = limits
        # Small answers wait 40 ms for an acknowledgment without it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_stranger = False
        self.distrust()

    def distrust(self) -> None:
        """From now on, a stranger's bounds hold: on all that it sends, and until when."""
        if not self._is_stranger:
            self._is_stranger = True
            self._ends = time.monotonic() + self._limits.stranger_seconds
            self._left = self._limits.stranger_bytes
            self._socket.settimeout(self._limits.stranger_seconds)

    def trust(self) -> None:
        """From now on, only a pause ends the connection, or a call that is too long."""
        if self._is_stranger:
            self._is_stranger = False
            self._socket.settimeout(self._limits.idle_seconds)
        self._left = self._limits.message_bytes

    def read(self, size: int) -> bytes:
        if self._is_stranger:
            self._socket.settimeout(max(0.001, self._ends - time.monotonic()))
        data = self._socket.recv(min(size, self._left, CHUNK))
        if not data:
            raise TTransportException(TTransportException.END_OF_FILE, "the client went away, or said too much")
        self._left -= len(data)
        return data

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def flush(self) -> None:
        """Nothing waits here to be sent."""
