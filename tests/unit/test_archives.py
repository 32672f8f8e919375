"""Archives are packed from a folder, and unpacked without trust."""

import gzip
import io
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from studiolo import archives
from studiolo.archives import RESERVE, pack, unpack_gzip, unpack_tar, unpack_zip
from studiolo.domain import Invalid

Unpack = Callable[..., None]
Make = Callable[..., Path]
LINK = 0o120777
EXECUTABLE = 0o100755


def tar_of(folder: Path, *members: tuple[tarfile.TarInfo | str, bytes]) -> Path:
    with tarfile.open(folder / "archive", "w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name) if isinstance(name, str) else name
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return folder / "archive"


def zip_of(folder: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "archive", "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in members:
            content.writestr(name, data)
    return folder / "archive"


both = pytest.mark.parametrize(("make", "unpack"), [(tar_of, unpack_tar), (zip_of, unpack_zip)], ids=["tar", "zip"])


def test_what_is_packed_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / "model/weights").mkdir(parents=True)
    (tmp_path / "model/weights/0").write_bytes(b"\x00\x01")
    assert pack([tmp_path / "model"], tmp_path / "model.tar.gz")
    unpack_tar(tmp_path / "model.tar.gz", tmp_path / "again")
    assert (tmp_path / "again/weights/0").read_bytes() == b"\x00\x01"


def test_a_plain_tar_is_unpacked_too(tmp_path: Path) -> None:
    packed = tar_of(tmp_path, ("weights", b"1"))
    packed.write_bytes(gzip.decompress(packed.read_bytes()))
    unpack_tar(packed, tmp_path / "into")
    assert (tmp_path / "into/weights").read_bytes() == b"1"


def test_a_zip_is_unpacked_with_its_folders_and_programs(tmp_path: Path) -> None:
    program = zipfile.ZipInfo("bin/program")
    program.external_attr = EXECUTABLE << 16
    unpack_zip(zip_of(tmp_path, ("empty/", b""), (program, b"#!"), ("a/b/c", b"1")), tmp_path / "into")
    assert (tmp_path / "into/a/b/c").read_bytes() == b"1"
    assert (tmp_path / "into/empty").is_dir()
    assert (tmp_path / "into/bin/program").stat().st_mode & stat.S_IXUSR
    assert not (tmp_path / "into/a/b/c").stat().st_mode & stat.S_IXUSR


def test_files_whose_holes_no_disk_has_room_for_are_not_packed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with (folder / "sparse").open("wb") as file:
        file.truncate(shutil.disk_usage(tmp_path).total)
    with pytest.raises(Invalid, match="bytes that were never written"):
        pack([folder], tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()


def test_an_empty_folder_is_packed_only_when_asked(tmp_path: Path) -> None:
    assert not pack([tmp_path / "nothing"], tmp_path / "a.tar.gz")
    assert pack([tmp_path / "nothing"], tmp_path / "b.tar.gz", even_empty=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


@both
@pytest.mark.parametrize("name", ["../outside", "/outside", "model/../../outside", "..\\outside"])
def test_a_member_that_leaves_the_folder_is_refused(tmp_path: Path, make: Make, unpack: Unpack, name: str) -> None:
    with pytest.raises(Invalid, match="outside"):
        unpack(make(tmp_path, (name, b"x")), tmp_path / "into")
    assert not list(tmp_path.rglob("*outside"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("secret")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(Invalid, match="link or a device"):
        unpack_tar(tar_of(tmp_path, (member, b"")), tmp_path / "into")


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("secret")
    member.external_attr = LINK << 16
    with pytest.raises(Invalid, match="link or a device"):
        unpack_zip(zip_of(tmp_path, (member, b"/etc/passwd")), tmp_path / "into")


@both
def test_an_archive_that_grows_past_the_bound_is_refused_and_leaves_nothing(
    tmp_path: Path, make: Make, unpack: Unpack
) -> None:
    archive = make(tmp_path, ("small", b"1"), ("zeros", bytes(2_000_000)))
    assert archive.stat().st_size < 10_000
    with pytest.raises(Invalid, match="more than the 1000000 bytes"):
        unpack(archive, tmp_path / "into", largest=1_000_000)
    assert not (tmp_path / "into").exists()


def test_a_gzip_that_grows_past_the_bound_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "zeros.gz"
    archive.write_bytes(gzip.compress(bytes(2_000_000)))
    with pytest.raises(Invalid, match="more than the 1000000 bytes"):
        unpack_gzip(archive, tmp_path / "zeros", largest=1_000_000)
    assert not (tmp_path / "zeros").exists()


def test_a_zip_that_says_less_than_it_holds_is_counted_as_it_is_written(tmp_path: Path) -> None:
    archive = zip_of(tmp_path, ("zeros", bytes(2_000_000)))
    # The size is in the header of the member and in the directory at the end.
    archive.write_bytes(archive.read_bytes().replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(Invalid):
        unpack_zip(archive, tmp_path / "into", largest=1_000_000)
    assert not (tmp_path / "into").exists()


@both
def test_an_archive_leaves_the_disk_its_reserve(
    tmp_path: Path, make: Make, unpack: Unpack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=RESERVE + 1000))
    unpack(make(tmp_path, ("fits", bytes(1000))), tmp_path / "into")
    with pytest.raises(Invalid, match="1000 bytes that the disk has room for"):
        unpack(make(tmp_path, ("fits not", bytes(1001))), tmp_path / "again")


@both
def test_an_archive_has_so_many_files_at_most(
    tmp_path: Path, make: Make, unpack: Unpack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 10)
    with pytest.raises(Invalid, match="more than 10 files"):
        unpack(make(tmp_path, *((f"{number}", b"") for number in range(11))), tmp_path / "into")


def test_a_tar_s_header_is_not_taken_into_memory_however_long(tmp_path: Path) -> None:
    header = tarfile.TarInfo("header")
    header.type = tarfile.XHDTYPE
    with pytest.raises(Invalid, match="header of more than 1 MiB"):
        unpack_tar(tar_of(tmp_path, (header, bytes(3_000_000)), ("file", b"")), tmp_path / "into")


@pytest.mark.parametrize("unpack", [unpack_tar, unpack_zip])
@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00broken", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(tmp_path: Path, unpack: Unpack, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(Invalid, match="cannot be unpacked"):
        unpack(tmp_path / "archive", tmp_path / "into")


@both
def test_a_damaged_archive_is_refused(tmp_path: Path, make: Make, unpack: Unpack) -> None:
    archive = make(tmp_path, ("file", bytes(range(256)) * 50))
    content = bytearray(archive.read_bytes())
    content[60:90] = b"\xaa" * 30
    archive.write_bytes(content)
    with pytest.raises(Invalid, match="cannot be unpacked"):
        unpack(archive, tmp_path / "into")
