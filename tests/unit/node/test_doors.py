"""The ports of a daemon that is started when the first one connects."""

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from studiolo.node.doors import Doors
from tests.conftest import free_port
from tests.stranger import as_another_user
from tests.waiting import until


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def ready() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_who_came_first_is_had_by_the_daemon_once_it_is_ready(port: int, ready: threading.Event) -> None:
    doors = Doors("127.0.0.1", [free_port(), port], ready)
    assert not doors.opened
    with socket.create_connection(("127.0.0.1", port), 10) as guest:
        guest.sendall(b"who is there")
        until(lambda: doors.opened)
        with socket.create_server(("127.0.0.1", port)) as daemon:
            ready.set()
            server, _ = daemon.accept()
            with server:
                assert server.recv(100) == b"who is there"
                server.sendall(b"the daemon")
        assert guest.recv(100) == b"the daemon"
        assert guest.recv(100) == b""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_of_the_machine_wakes_nobody(port: int, ready: threading.Event) -> None:
    doors = Doors("127.0.0.1", [port], ready)

    def knock() -> dict[str, str]:
        with socket.create_connection(("127.0.0.1", port), 10) as stranger:
            return {"said": stranger.recv(100).decode()}

    assert as_another_user(knock) == {"said": ""}
    assert not doors.opened
    doors.close()
    until(lambda: doors.opened)
