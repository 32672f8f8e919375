"""model.tar.gz is packed from a folder, and unpacked without trust."""

import io
import tarfile
from pathlib import Path

import pytest

from studiolo.domain import Invalid
from studiolo.ml.archives import pack, unpack


def archive_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_what_is_packed_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / "model/weights").mkdir(parents=True)
    (tmp_path / "model/weights/0").write_bytes(b"\x00\x01")
    assert pack(tmp_path / "model", tmp_path / "model.tar.gz")
    unpack(tmp_path / "model.tar.gz", tmp_path / "again")
    assert (tmp_path / "again/weights/0").read_bytes() == b"\x00\x01"


def test_an_empty_folder_is_packed_only_when_asked(tmp_path: Path) -> None:
    assert not pack(tmp_path / "nothing", tmp_path / "a.tar.gz")
    assert pack(tmp_path / "nothing", tmp_path / "b.tar.gz", even_empty=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


@pytest.mark.parametrize("name", ["../outside", "/outside", "model/../../outside"])
def test_a_member_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    archive = archive_of(tmp_path / "a.tar.gz", (tarfile.TarInfo(name), b"x"))
    with pytest.raises(Invalid, match="outside"):
        unpack(archive, tmp_path / "into")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = archive_of(tmp_path / "a.tar.gz", (link("secret", "/etc/passwd", kind), b""))
    with pytest.raises(Invalid, match="link or a device"):
        unpack(archive, tmp_path / "into")


def test_an_archive_that_grows_past_the_bound_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.tar.gz", (tarfile.TarInfo("zeros"), bytes(2_000_000)))
    assert archive.stat().st_size < 10_000
    with pytest.raises(Invalid, match="more than 1000000 bytes"):
        unpack(archive, tmp_path / "into", largest=1_000_000)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(Invalid, match="cannot be unpacked"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "into")
