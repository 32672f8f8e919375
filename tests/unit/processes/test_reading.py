"""What a fenced program leaves is read as what it is, and never as what it leads to."""

import os
from pathlib import Path

import pytest

from studiolo.processes import read_left


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("the root key")
    folder = tmp_path / "own"
    (folder / "journal").mkdir(parents=True)
    (folder / "journal" / "notes").write_text("notes")
    return folder


def test_a_file_is_read_up_to_the_limit(folder: Path) -> None:
    assert read_left(folder, "journal/notes", 100) == b"notes"
    assert read_left(folder, "journal/notes", 4) == b"note"


def test_links_pipes_and_folders_are_no_files(folder: Path) -> None:
    (folder / "link").symlink_to("../secrets/key")
    (folder / "way").symlink_to("../secrets")
    os.mkfifo(folder / "pipe")
    for name in ("link", "way/key", "pipe", "journal", "nothing", "nothing/key"):
        with pytest.raises(FileNotFoundError):
            read_left(folder, name, 100)
