"""Where socket files lie: private, and by a path that the system takes."""

from pathlib import Path

from studiolo.processes import socket_folder
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
