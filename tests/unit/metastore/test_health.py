"""A metastore that accepts nobody says why."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studiolo.config import Settings
from studiolo.domain import Conflict, Health, Scope
from studiolo.metastore import Metastore, metastore
from studiolo.metastore.listener import Listener
from studiolo.processes import Processes
from studiolo.state import State
from studiolo.storage import Storage
from tests.waiting import until


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Metastore]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    settings = Settings(data=tmp_path)
    storage = Storage(settings, Processes(state, tmp_path / "logs"))
    nobody: Any = None
    door = Metastore(nobody, storage, nobody, nobody, settings)
    yield door
    door.close()
    state.close()


def test_it_is_running_while_its_ports_accept_clients(door: Metastore) -> None:
    door.start()
    assert door.health() == Health("running")


def test_a_port_whose_loop_died_is_told_with_the_error(door: Metastore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Metastore, _scope: Scope) -> None:
        raise ImportError("no bindings")

    monkeypatch.setattr(Metastore, "_conversations", broken)
    door.start()
    port = int(door.home.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        health = until(lambda: door.health() if door.health().status == "failed" else None)
    assert health.reason == f"The metastore's port {port} accepts nobody any more: ImportError('no bindings')."


def test_a_port_that_cannot_be_opened_is_told(door: Metastore, monkeypatch: pytest.MonkeyPatch) -> None:
    def unopened(_port: int) -> Listener:
        raise OSError(24, "Too many open files")

    door.start()
    monkeypatch.setattr(metastore, "Listener", unopened)
    reason = "The metastore of 123456789012 in eu-west-1 could not open a port: Too many open files."
    with pytest.raises(Conflict, match=reason):
        door.uri(Scope("123456789012", "eu-west-1"))
    assert door.health() == Health("failed", reason)
    monkeypatch.undo()
    door.uri(Scope("123456789012", "eu-west-1"))
    assert door.health() == Health("running")
