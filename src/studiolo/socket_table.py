"""The system's table of connections, as Linux shows it in /proc: needs Python's own library alone."""

import contextlib
import os
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

Address = tuple[str, int]
"""An IPv4 address and a port."""

Row = list[str]
"""The columns of /proc/net/tcp: [1] the local address, [2] the remote one, [3] the state, [7] the user, [9] the inode."""

LISTENS = "0A"
"""The state of what listens."""
LOOKS = 3
"""The table may miss a row while others come and go."""


def rows() -> list[Row]:
    """All of the table; empty where the system has none."""
    found: list[Row] = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            found += [line.split() for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]]
    return found


def client_rows(peer: Address, own: Address) -> list[Row]:
    """The rows of the client's end, whose local address is our peer."""
    for _ in range(LOOKS):
        if found := between(rows(), _hex(peer), _hex(own)):
            return found
    return []


def between(table: Sequence[Row], local: str, remote: str) -> list[Row]:
    """The rows with these addresses.

    What was closed already has no owner, but is shown as root's: such a row has no inode.
    """
    # An address of IPv4 is the end of IPv6's that stands for it.
    return [row for row in table if row[1].endswith(local) and row[2].endswith(remote) and row[9] != "0"]


def owners(table: Sequence[Row]) -> set[int]:
    """The users who have these sockets."""
    return {int(row[7]) for row in table}


def holders(table: Sequence[Row]) -> list[int]:
    """The processes that hold these sockets, of those that can be looked into."""
    sockets = {f"socket:[{row[9]}]" for row in table}
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            # PTH115: there are some thousands, for each connection.
            if any(os.readlink(name.path) in sockets for name in os.scandir(folder)):  # noqa: PTH115
                found.append(int(folder.parent.name))
    return found


def _hex(address: Address) -> str:
    host, port = address
    [number] = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
