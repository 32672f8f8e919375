"""Who is at the other end of a connection on this machine."""

import contextlib
import os
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

Address = tuple[str, int]


def is_same_user(peer: Address, own: Address) -> bool:
    """Whether the connection from `peer` to `own`, both addresses of IPv4, was made by this process's system user.

    The system's table of connections says so on Linux; elsewhere the processes that this user may look into.
    """
    if sys.platform == "linux":
        return os.getuid() in _users(_hex(peer), _hex(own))
    # Imported here: an interpreter of a runtime may not have it.
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                for each in process.net_connections("tcp4"):
                    if each.laddr == peer and each.raddr == own:
                        return True
    return False


def holder(peer: Address, own: Address) -> "psutil.Process | None":
    """A process that holds the client's end of the connection; None where none that can be looked into does."""
    import psutil

    local, remote = _hex(peer), _hex(own)
    sockets = {f"socket:[{row[9]}]" for row in _rows() if row[1].endswith(local) and row[2].endswith(remote)}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError, psutil.Error):
            for name in os.scandir(folder):
                if os.readlink(name.path) in sockets:  # noqa: PTH115 (some thousands, for each request)
                    return psutil.Process(int(folder.parent.name))
    return None


def _users(local: str, remote: str) -> set[int]:
    """The users who have a socket of that local and remote address: a client's, whose local one is our peer."""
    return owners(_rows(), local, remote)


def _rows() -> list[list[str]]:
    """The system's table of connections."""
    found: list[list[str]] = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            found += [line.split() for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]]
    return found


def owners(rows: list[list[str]], local: str, remote: str) -> set[int]:
    """The users of the sockets with these addresses, in the rows of a table as /proc/net/tcp has it.

    What was closed already has no owner, but is shown as root's: such a row has no inode.
    """
    # An address of IPv4 is the end of IPv6's that stands for it.
    return {int(row[7]) for row in rows if row[1].endswith(local) and row[2].endswith(remote) and row[9] != "0"}


def _hex(address: Address) -> str:
    host, port = address
    [number] = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
