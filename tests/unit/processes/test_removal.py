"""Removing what a program left that did not want to be removed."""

import os
from pathlib import Path

import pytest

from studiolo.processes import remove_left


@pytest.fixture
def left(tmp_path: Path) -> Path:
    folder = tmp_path / "left"
    folder.mkdir()
    return folder


def test_folders_go_however_deep_they_are(left: Path) -> None:
    place = os.open(left, os.O_RDONLY)
    for depth in range(3000):
        os.mkdir("d", dir_fd=place)
        # Names that moving them could meet.
        os.mkdir(f".{depth}", dir_fd=place)
        os.close(os.open(f".{depth + 1}", os.O_CREAT, dir_fd=place))
        place, before = os.open("d", os.O_RDONLY, dir_fd=place), place
        os.close(before)
    os.close(place)
    remove_left(left)
    assert not left.exists()


def test_folders_go_that_were_closed(left: Path) -> None:
    inner = left / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    for folder in (inner, inner.parent):
        folder.chmod(0)
    remove_left(left)
    assert not left.exists()


def test_links_go_and_what_they_lead_to_stays(left: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (left / "folder").mkdir()
    for link in (left / "link", left / "folder" / "link"):
        link.symlink_to(kept)
    os.mkfifo(left / "pipe")
    remove_left(left)
    assert not left.exists()
    assert (kept / "file").exists()


def test_a_link_in_the_folder_s_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")
    remove_left(tmp_path / "link")
    remove_left(tmp_path / "never was")
    assert (tmp_path / "kept").exists()
