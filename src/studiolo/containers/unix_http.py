"""HTTP by a Unix socket, to programs that serve."""

import http.client
import socket


class SocketConnection(http.client.HTTPConnection):
    """A connection to what listens at the socket of that path. timeout: seconds for each wait."""

    def __init__(self, path: str, timeout: float = 2.0) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def pings(path: str, target: str = "/ping", timeout: float = 2.0) -> bool:
    """Whether what listens there answers GET of the target with 200."""
    connection = SocketConnection(path, timeout)
    try:
        connection.request("GET", target)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
