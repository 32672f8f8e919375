"""The listening socket over the death of the server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from studiolo.config import Settings
from studiolo.http_server import keeper
from studiolo.listening import Listening
from studiolo.processes import Processes
from studiolo.state import State
from tests.waiting import until


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    processes = Processes(state, tmp_path)
    yield processes
    for child in processes.children():
        processes.stop(child, grace=0.0)
    state.close()


@pytest.fixture
def crashed(processes: Processes, tmp_path: Path) -> int:
    """The port of a server that has died."""
    server = Listening(Settings(data=tmp_path, port=0))
    port: int = server.socket.getsockname()[1]
    server.keep(processes)
    until((tmp_path / "listener.sock").exists)
    server.socket.close()
    assert server._keeper is not None
    server._keeper.close()
    return port


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_who_came_while_there_was_no_server_is_answered_by_the_next(
    crashed: int, processes: Processes, tmp_path: Path
) -> None:
    client = socket.create_connection(("127.0.0.1", crashed))
    client.sendall(b"hello")
    with client, Listening(Settings(data=tmp_path, port=crashed)) as server:
        server.keep(processes)
        connection, _ = server.socket.accept()
        with connection:
            assert connection.recv(5) == b"hello"
        server.close()
    until(lambda: refused(crashed))
    assert processes.children() == []


def test_a_server_that_is_to_answer_elsewhere_lets_the_old_address_go(
    crashed: int, processes: Processes, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        other = probe.getsockname()[1]
    with Listening(Settings(data=tmp_path, port=other)) as server:
        assert server.endpoint == f"http://127.0.0.1:{other}"
        until(lambda: refused(crashed))
        server.keep(processes)
        server.close()


def test_the_address_is_let_go_when_no_server_comes_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keeper, "KEPT_SECONDS", 0.05)
    listener, door = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
    door.bind(str(tmp_path / "door"))
    door.listen()
    server, theirs = socket.socketpair()
    keeping = threading.Thread(target=keeper.keep, args=(listener, theirs, door))
    keeping.start()
    with contextlib.closing(server):
        keeping.join(0.2)
        assert keeping.is_alive()
    keeping.join(10)
    assert not keeping.is_alive()
