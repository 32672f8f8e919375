"""A port that is closed to all but who is connected already."""

import socket
import subprocess
import sys
from contextlib import closing

import pytest

from studiolo.kernel.seal import Intruded, seal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what seals a port is Linux's")


@pytest.fixture
def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_a_sealed_port_takes_nobody_and_keeps_whom_it_had(listening: socket.socket) -> None:
    place = listening.getsockname()
    with listening, socket.create_connection(place) as client, closing(listening.accept()[0]) as accepted:
        seal(place[1])
        client.sendall(b"a word")
        assert accepted.recv(10) == b"a word"
        accepted.sendall(b"another")
        assert client.recv(10) == b"another"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place, timeout=5)


def test_who_waits_to_be_taken_is_sent_away(listening: socket.socket) -> None:
    place = listening.getsockname()
    with listening, socket.create_connection(place) as early:
        seal(place[1])
        early.settimeout(5)
        with pytest.raises(ConnectionResetError):
            early.recv(1)


def test_somebody_else_who_was_taken_before_is_told_of(listening: socket.socket) -> None:
    place = listening.getsockname()
    stranger = f"import socket, sys; s = socket.create_connection({place}); print(flush=True); sys.stdin.read()"
    with (
        listening,
        subprocess.Popen([sys.executable, "-c", stranger], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        with closing(listening.accept()[0]), pytest.raises(Intruded, match="somebody else is connected"):
            seal(place[1])
        process.kill()
