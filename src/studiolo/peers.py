"""Whose the programs at the ends of connections on this machine are: their system user, their processes."""

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

from studiolo.processes import is_ours
from studiolo.socket_table import LISTENS, Address, Row, client_rows, owners, rows
from studiolo.socket_table import holders as pids


def is_same_user(peer: Address, own: Address) -> bool:
    """Whether the connection from `peer` to `own` was made by this process's system user.

    The system's table of connections says so on Linux; elsewhere the processes that this user may look into.
    """
    if sys.platform == "linux":
        return owners(client_rows(peer, own)) == {os.getuid()}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                for each in process.net_connections("tcp4"):
                    if each.laddr == peer and each.raddr == own:
                        return True
    return False


def holders(peer: Address, own: Address) -> list[psutil.Process]:
    """The processes that hold the client's end of the connection, of those that can be looked into; on Linux."""
    return _with(client_rows(peer, own))


def is_of_studiolo(host: str, port: int) -> bool:
    """Whether what listens at that port of an IP address of this machine was started by a server of Studiolo, or is one.

    What a person's request has the server connect to must not be: it would come from within, where much is open.
    """
    if sys.platform == "linux":
        listening = [row for row in rows() if row[3] == LISTENS and int(row[1].rpartition(":")[2], 16) == port]
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


def _with(table: Sequence[Row]) -> list[psutil.Process]:
    """The processes that hold these sockets."""
    found = []
    for pid in pids(table):
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(pid))
    return found
