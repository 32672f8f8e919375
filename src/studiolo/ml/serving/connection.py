"""HTTP by a Unix socket, for threads."""

import http.client
import socket


class SocketConnection(http.client.HTTPConnection):
    """A connection to what serves at the socket of that path."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
