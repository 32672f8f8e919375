"""HTTP by the socket files of fenced programs, with Python's own client."""

import http.client
import socket

from studiolo.processes.sockets import left_socket


class SocketConnection(http.client.HTTPConnection):
    """A connection by the socket file at `path`. timeout: seconds for each wait."""

    def __init__(self, path: str, timeout: float = 2.0) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        with left_socket(self._path) as path:
            self.sock.connect(path)
