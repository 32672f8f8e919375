"""The doors before clusters' HiveServer2s: they say who connects, which those, in their fences, cannot see.

HiveServer2 asks for a password that only its door knows, and puts in the place of what a client says: SASL's PLAIN by
Thrift's framing, in which a client sends the mechanism and then user and password, each with a status and a length.
What follows is passed on as it is.
"""

import logging
import socket
import struct
import threading
from contextlib import suppress

from studiolo.clusters.admission import Admission
from studiolo.domain import Conflict, DomainError
from studiolo.socket_table import Address

log = logging.getLogger(__name__)

START, OK, BAD, COMPLETE = 1, 2, 3, 5
"""Statuses of Thrift's negotiation by SASL."""

HEAD = struct.Struct(">BI")
LONGEST = 64 * 1024
BLOCK = 64 * 1024
GREETING_SECONDS = 20.0
MOST = 200
"""Connections of a cluster at a time."""

PLAIN = "HiveServer2 is spoken to here by SASL's PLAIN, which is what clients do with the authentication NONE."


class HiveDoors:
    """The doors of all clusters."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._lock = threading.Lock()
        self._open: dict[str, _Door] = {}

    def open(self, cluster: str, address: Address, server: Address, password: str) -> None:
        """Pass on who may use the cluster from `address` to `server`, if it is not done already. Raises Conflict."""
        with self._lock:
            if cluster not in self._open:
                self._open[cluster] = _Door(self._admission, cluster, address, server, password)

    def close(self, cluster: str) -> None:
        with self._lock:
            door = self._open.pop(cluster, None)
        if door is not None:
            door.close()


class _Door:
    def __init__(self, admission: Admission, cluster: str, address: Address, server: Address, password: str) -> None:
        self._admission = admission
        self._cluster = cluster
        self._server = server
        self._password = password.encode()
        self._room = threading.BoundedSemaphore(MOST)
        self._connections: set[socket.socket] = set()
        try:
            self._listener = socket.create_server(address, backlog=128)
        except OSError as error:
            raise Conflict(f"Hive cannot listen at {address[0]}:{address[1]} ({error.strerror}).") from error
        threading.Thread(target=self._listen, name=f"hive {cluster}", daemon=True).start()

    def close(self) -> None:
        for each in (self._listener, *list(self._connections)):
            _end(each)

    def _listen(self) -> None:
        with self._listener:
            while True:
                try:
                    client, peer = self._listener.accept()
                except OSError:
                    return
                if not self._room.acquire(blocking=False):
                    client.close()
                    continue
                self._connections.add(client)
                threading.Thread(target=self._serve, args=(client, peer), name="hive client", daemon=True).start()

    def _serve(self, client: socket.socket, peer: Address) -> None:
        try:
            with client, suppress(OSError):
                client.settimeout(GREETING_SECONDS)
                refusal = self._refusal(peer, client.getsockname())
                first, second = _message(client), _message(client)
                if refusal is None and (first != (START, b"PLAIN") or second[0] not in (OK, COMPLETE)):
                    refusal = PLAIN
                if refusal is not None:
                    log.info("HiveServer2 of %s: a connection was refused: %s", self._cluster, refusal)
                    _send(client, BAD, refusal.encode())
                    client.shutdown(socket.SHUT_WR)
                    client.recv(1)
                    return
                who = second[1].rpartition(b"\0")[0]
                with socket.create_connection(self._server, GREETING_SECONDS) as server:
                    _send(server, *first)
                    _send(server, second[0], who + b"\0" + self._password)
                    for each in (client, server):
                        each.settimeout(None)
                    back = threading.Thread(target=_copy, args=(server, client), name="hive answers", daemon=True)
                    back.start()
                    _copy(client, server)
                    back.join()
        finally:
            self._connections.discard(client)
            self._room.release()

    def _refusal(self, peer: Address, own: Address) -> str | None:
        try:
            self._admission.check(self._cluster, peer, own)
        except DomainError as error:
            return str(error)
        return None


def _message(link: socket.socket) -> tuple[int, bytes]:
    """A message of the negotiation: its status and content. Raises OSError for what is none."""
    status, length = HEAD.unpack(_exactly(link, HEAD.size))
    if length > LONGEST:
        raise OSError("no negotiation by SASL")
    return status, _exactly(link, length)


def _exactly(link: socket.socket, size: int) -> bytes:
    taken = b""
    while len(taken) < size:
        block = link.recv(size - len(taken))
        if not block:
            raise OSError("the client went away")
        taken += block
    return taken


def _send(link: socket.socket, status: int, content: bytes) -> None:
    link.sendall(HEAD.pack(status, len(content)) + content)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes, until it ends."""
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    _end(target, socket.SHUT_WR)


def _end(link: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    with suppress(OSError):
        link.shutdown(how)
