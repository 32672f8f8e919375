"""HTTP by a Unix socket, to programs that serve."""

import http.client

from studiolo.processes import SocketConnection


def pings(path: str) -> bool:
    """Whether what listens there answers GET /ping with 200."""
    connection = SocketConnection(path)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
