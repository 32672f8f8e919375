"""The daemon of an application that somebody must knock for."""

import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from studiolo.node.applications import Application
from tests.conftest import free_port
from tests.waiting import until


@pytest.fixture
def entry() -> dict[str, Any]:
    command = [sys.executable, "-c", "import sys; sys.exit('There are no jars.')"]
    return {
        "name": "Hadoop",
        "command": command,
        "environment": {},
        "port": free_port(),
        "doors": [free_port()],
        "answer": None,
    }


def test_one_that_does_not_start_says_why_and_lets_go_who_knocked(tmp_path: Path, entry: dict[str, Any]) -> None:
    woken = threading.Event()
    application = Application(entry, tmp_path, "127.0.0.1", woken.set)
    assert application.state() == "dormant"
    with socket.create_connection(("127.0.0.1", entry["doors"][0]), 10) as guest:
        assert woken.wait(20)
        until(lambda: application.state().startswith("failed"))
        assert guest.recv(1) == b""
    assert application.state() == "failed: it ended with status 1, and last said: There are no jars."
    assert application.note == ""
