"""The door before a cluster's HiveServer2."""

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from studiolo.clusters.hive_door import HiveDoors
from studiolo.domain import Conflict, Denied

PLAIN = b"\x01\0\0\0\x05PLAIN"


def message(status: int, content: bytes) -> bytes:
    return struct.pack(">BI", status, len(content)) + content


class Gate:
    """Admits everybody, until it has a reason not to."""

    reason: str | None = None

    def check(self, *_: Any) -> None:
        if self.reason is not None:
            raise Denied(self.reason)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def address(gate: Any, heard: list[bytes]) -> Iterator[tuple[str, int]]:
    """Where the door is; the server behind it says in capitals what it hears after the greeting, which it keeps."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listening.accept()
        with link:
            taken = b""
            while not taken.endswith(b"the token"):
                taken += link.recv(100)
            heard.append(taken)
            link.sendall(message(5, b""))
            while block := link.recv(100):
                link.sendall(block.upper())

    threading.Thread(target=serve, daemon=True).start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = ("127.0.0.1", int(probe.getsockname()[1]))
    doors = HiveDoors(gate)
    doors.open("j-1", place, listening.getsockname(), "the token")
    doors.open("j-1", place, listening.getsockname(), "the token")
    yield place
    doors.close("j-1")
    listening.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(place, 5)


def answer(link: socket.socket) -> tuple[int, bytes]:
    with link.makefile("rb") as stream:
        status, length = struct.unpack(">BI", stream.read(5))
        return status, stream.read(length)


def test_who_is_admitted_is_passed_on_with_the_password_of_the_door(
    address: tuple[str, int], heard: list[bytes]
) -> None:
    with socket.create_connection(address, 20) as link:
        link.sendall(PLAIN + message(2, b"\0ana\0whatever"))
        assert answer(link) == (5, b"")
        assert heard == [PLAIN + message(2, b"\0ana\0the token")]
        link.sendall(b"select")
        assert link.recv(6, socket.MSG_WAITALL) == b"SELECT"
        link.shutdown(socket.SHUT_WR)
        assert link.recv(1) == b""


def test_who_is_not_is_told_why_in_the_protocol(address: tuple[str, int], gate: Gate, heard: list[bytes]) -> None:
    gate.reason = "Not for you."
    with socket.create_connection(address, 20) as link:
        link.sendall(PLAIN + message(2, b"\0ana\0the token"))
        assert answer(link) == (3, b"Not for you.")
    assert heard == []


@pytest.mark.parametrize("said", [message(1, b"GSSAPI") + message(2, b"x"), PLAIN + message(4, b"x")])
def test_another_way_to_sign_in_is_refused_with_the_way_that_there_is(address: tuple[str, int], said: bytes) -> None:
    with socket.create_connection(address, 20) as link:
        link.sendall(said)
        status, words = answer(link)
    assert status == 3
    assert b"authentication NONE" in words


def test_what_is_no_negotiation_is_closed(address: tuple[str, int]) -> None:
    with socket.create_connection(address, 20) as link:
        link.sendall(b"GET /")
        assert link.recv(1) == b""


def test_a_port_that_is_taken_is_said(address: tuple[str, int], gate: Any) -> None:
    with pytest.raises(Conflict, match="Hive cannot listen"):
        HiveDoors(gate).open("j-2", address, address, "x")
