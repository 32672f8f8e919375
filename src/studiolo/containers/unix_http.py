"""HTTP by a Unix socket, to programs that serve."""

import http.client

from studiolo.processes import SocketConnection


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
