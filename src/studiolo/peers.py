"""Whose the programs at the ends of connections on this machine are: their system user, their processes."""

import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import psutil

from studiolo.processes import is_ours

Address = tuple[str, int]
"""An IPv4 address and a port."""

LISTENS = "0A"
"""The state of what listens, in the system's table."""
LOOKS = 3
"""The system's table may miss a row while others come and go."""


def is_same_user(peer: Address, own: Address) -> bool:
    """Whether the connection from `peer` to `own` was made by this process's system user.

    The system's table of connections says so on Linux; elsewhere the processes that this user may look into.
    """
    if sys.platform == "linux":
        return owners(_found(peer, own)) == {os.getuid()}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                for each in process.net_connections("tcp4"):
                    if each.laddr == peer and each.raddr == own:
                        return True
    return False


def holders(peer: Address, own: Address) -> list[psutil.Process]:
    """The processes that hold the client's end of the connection, of those that can be looked into; on Linux."""
    return _with(_found(peer, own))


def is_of_studiolo(host: str, port: int) -> bool:
    """Whether what listens at that port of an IP address of this machine was started by a server of Studiolo, or is one.

    What a person's request has the server connect to must not be: it would come from within, where much is open.
    """
    if sys.platform == "linux":
        listening = [row for row in _rows() if row[3] == LISTENS and int(row[1].rpartition(":")[2], 16) == port]
        found = _with(listening)
    else:
        found = [each for each in psutil.process_iter() if _listens(each, port)]
    return _is_here(host) and any(is_ours(process) for process in found)


def askable(host: str, port: int) -> IPv4Address | IPv6Address:
    """The IP address to connect to, where a person's request has the server connect to a host of their choice.

    Raises OSError where there is none, or none that may be asked in this way. Studiolo's own ports, and those of what it
    runs, are answered as where nothing listens: nobody may look for them here.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # Of a machine's own names the one of IPv4 is where servers listen.
    address = ip_address(str(min(found, key=lambda each: each[0] != socket.AF_INET)[4][0]).partition("%")[0])
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise OSError("an address that may not be asked")
    if is_of_studiolo(str(address), port):
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return address


def _is_here(host: str) -> bool:
    """Whether an IP address is one of this machine's."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def _listens(process: psutil.Process, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(each.status == "LISTEN" and each.laddr[1] == port for each in process.net_connections("tcp"))
    return False


def _with(rows: Sequence[list[str]]) -> list[psutil.Process]:
    """The processes that hold these sockets."""
    sockets = {f"socket:[{row[9]}]" for row in rows}
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError, psutil.Error):
            # PTH115: there are some thousands, for each connection.
            if any(os.readlink(name.path) in sockets for name in os.scandir(folder)):  # noqa: PTH115
                found.append(psutil.Process(int(folder.parent.name)))
    return found


def _found(peer: Address, own: Address) -> list[list[str]]:
    """The rows of the client's end, whose local address is our peer."""
    for _ in range(LOOKS):
        if rows := between(_rows(), _hex(peer), _hex(own)):
            return rows
    return []


def _rows() -> list[list[str]]:
    """The system's table of connections."""
    found: list[list[str]] = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            found += [line.split() for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]]
    return found


def between(rows: Sequence[list[str]], local: str, remote: str) -> list[list[str]]:
    """The rows with these addresses, in a table as /proc/net/tcp has it.

    What was closed already has no owner, but is shown as root's: such a row has no inode.
    """
    # An address of IPv4 is the end of IPv6's that stands for it.
    return [row for row in rows if row[1].endswith(local) and row[2].endswith(remote) and row[9] != "0"]


def owners(rows: Sequence[list[str]]) -> set[int]:
    """The users who have these sockets."""
    return {int(row[7]) for row in rows}


def _hex(address: Address) -> str:
    host, port = address
    [number] = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
