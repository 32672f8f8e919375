"""Where socket files lie: private, and by a path that the system takes; how those of fenced programs are reached."""

import asyncio
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from studiolo.processes import SocketConnection, SocketConnector, left_socket, socket_folder
from studiolo.processes.sockets import LONGEST


def test_a_socket_is_in_the_folder_asked_for_which_is_private(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / "ipc" / "one", "s")
    assert folder == tmp_path / "ipc" / "one"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_socket_whose_path_would_be_too_long_is_in_a_private_folder_elsewhere(tmp_path: Path) -> None:
    elsewhere = socket_folder(tmp_path / ("long" * 30), "s")
    assert len(str(elsewhere / "s")) < LONGEST
    assert elsewhere.stat().st_mode & 0o777 == 0o700
    elsewhere.rmdir()


@pytest.fixture
def served() -> Iterator[Path]:
    """A socket file that somebody listens on."""
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{short}/s")
        listening.listen()
        yield Path(short) / "s"


def test_what_a_program_puts_in_the_place_of_its_socket_is_not_connected_to(served: Path) -> None:
    link = served.with_name("l")
    link.symlink_to(served)
    connection = SocketConnection(str(served), 1.0)
    connection.connect()
    connection.close()
    with pytest.raises(FileNotFoundError):
        SocketConnection(str(link), 1.0).connect()

    async def ask(path: Path) -> None:
        async with aiohttp.ClientSession(connector=SocketConnector(str(path))) as session:
            await asyncio.wait_for(session.get("http://localhost/"), 0.2)

    with pytest.raises(asyncio.TimeoutError):  # it is there, and answers nothing
        asyncio.run(ask(served))
    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(ask(link))


@pytest.mark.skipif(sys.platform != "linux", reason="no other system has such paths")
def test_a_socket_that_is_replaced_after_it_was_looked_at_is_still_the_one_that_is_reached(served: Path) -> None:
    with left_socket(str(served)) as path, socket.socket(socket.AF_UNIX) as caller:
        served.unlink()
        served.symlink_to("/run/another.sock")
        caller.connect(path)
