"""Archives: made from a folder, and unpacked without trust in who made them."""

import gzip
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from studiolo.domain import Invalid

GIB = 1024**3
LARGEST = 64 * GIB
"""Most bytes an archive may unpack to, where the disk has room."""
RESERVE = GIB
"""Bytes of the disk that no archive may take."""
MOST_FILES = 100_000
BLOCK = 512
"""Bytes of what `st_blocks` counts."""
PIECE = 1024 * 1024

# What the libraries raise for an archive that is none, is damaged, locked or of a kind they do not know.
_UNREADABLE = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip


def pack(
    folders: Sequence[Path],
    archive: Path,
    *,
    even_empty: bool = False,
    left_out: Callable[[str], None] = lambda name: None,
) -> bool:
    """Write what is in the folders to the gzip-compressed tar `archive`; whether it did: of nothing if `even_empty`.

    Of a name that is in several the first counts. Files and folders only, as `unpack_tar` takes them: a link is followed
    to a file of the same folder; any other, and what is neither, is not packed, and its name told to `left_out`. Raises
    Invalid as `check_holes` does.
    """
    names = dict[str, Path]()
    for folder in folders:
        for name in _members(folder, left_out):
            names.setdefault(name, folder / name)
    if not names and not even_empty:
        return False
    check_holes((path.stat() for path in names.values()), archive.parent)
    # Level 1: models are numbers, which hardly shrink more at the default level and take six times as long.
    with tarfile.open(archive, "w:gz", compresslevel=1, dereference=True) as tar:
        for name in sorted(names):
            tar.add(names[name], arcname=name, recursive=False)
    return True


def check_holes(files: Iterable[os.stat_result], folder: Path) -> None:
    """Raise Invalid where files have more bytes that were never written than the disk of `folder` has room for.

    Such bytes take no room where they are, whatever their number, and all of it, and hours, where they are copied to.
    """
    holes = sum(max(0, each.st_size - each.st_blocks * BLOCK) for each in files)
    room = max(0, shutil.disk_usage(folder).free - RESERVE)
    if holes > room:
        raise Invalid(
            f"The files there have {holes} bytes that were never written, more than the {room} that the disk has room for."
        )


def _members(folder: Path, left_out: Callable[[str], None]) -> Iterator[str]:
    """The names of the folders and files below `folder`."""
    waiting = [folder] if folder.is_dir() else []
    root = folder.resolve()
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                name = str(Path(entry.path).relative_to(folder))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                    yield name
                elif entry.is_file() and Path(entry.path).resolve().is_relative_to(root):
                    yield name
                else:
                    left_out(name)


def unpack_tar(archive: Path, folder: Path, largest: int = LARGEST) -> None:
    """Unpack a tar (gzip or plain) into the new `folder`, files and folders only.

    Raises Invalid for what is no archive, for a link, device or path that leaves `folder`, past `largest` bytes or what
    the disk has room for; `folder` is gone then.
    """
    with _unpacking(folder, largest) as into, _tar(archive) as tar:
        for member in tar:
            if not (member.isreg() or member.isdir()):
                raise _not_a_file(member.name)
            into.expect(member.size)
            content = tar.extractfile(member)
            if content is None:
                into.add_folder(member.name)
            else:
                into.add_file(member.name, content, executable=bool(member.mode & stat.S_IXUSR))


def unpack_zip(archive: Path, folder: Path, largest: int = LARGEST) -> None:
    """Unpack a zip into the new `folder`, as `unpack_tar` does a tar."""
    with _unpacking(folder, largest) as into, zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            mode = member.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _not_a_file(member.filename)
            into.expect(member.file_size)
            if member.is_dir():
                into.add_folder(member.filename)
            else:
                with content.open(member) as file:
                    into.add_file(member.filename, file, executable=bool(mode & stat.S_IXUSR))


def unpack_gzip(archive: Path, file: Path, largest: int = LARGEST) -> None:
    """Unpack a gzip into the new `file`. Raises Invalid as `unpack_tar` does; `file` is gone then."""
    room = _Room(file.parent, largest)
    try:
        with gzip.open(archive) as packed, file.open("wb") as plain:
            written = 0
            while piece := packed.read(PIECE):
                written += len(piece)
                room.check(written)
                plain.write(piece)
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, _UNREADABLE):
            raise _unreadable(error) from error
        raise


class _Room:
    """What may be unpacked into a folder: so many bytes, and no more than its disk has room for."""

    def __init__(self, folder: Path, largest: int) -> None:
        room = max(0, shutil.disk_usage(folder).free - RESERVE)
        self._most = min(largest, room)
        self._short = room < largest

    def check(self, size: int) -> None:
        """Raise Invalid where that is too much."""
        if size > self._most:
            why = f"the disk has room for, of which {RESERVE} bytes stay free" if self._short else "may be"
            raise Invalid(f"The archive unpacks to more than the {self._most} bytes that {why}.")


class _Folder:
    """What is unpacked, counted as it is written."""

    def __init__(self, folder: Path, largest: int) -> None:
        self._folder = folder
        self._room = _Room(folder, largest)
        self._expected = self._written = self._files = 0

    def expect(self, size: int) -> None:
        """A further member says that it has so many bytes."""
        self._expected += size
        self._files += 1
        if self._files > MOST_FILES:
            raise Invalid(f"The archive has more than {MOST_FILES} files.")
        self._room.check(self._expected)

    def add_folder(self, name: str) -> None:
        self._inside(name).mkdir(parents=True, exist_ok=True)

    def add_file(self, name: str, content: IO[bytes], *, executable: bool) -> None:
        path = self._inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            while piece := content.read(PIECE):
                self._written += len(piece)
                self._room.check(self._written)
                file.write(piece)
        path.chmod(0o755 if executable else 0o644)

    def _inside(self, name: str) -> Path:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\0" in name or "\\" in name:
            raise Invalid(f"The archive's member {name!r} leaves the folder that it is unpacked into.")
        return self._folder / path


class _Pieces:
    """A file that is read in pieces only: tarfile would take a header of any length into memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= PIECE:
            raise Invalid("The archive has a header of more than 1 MiB.")
        return self._file.read(size)


@contextmanager
def _tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as start:
        packed = start.read(2) == b"\x1f\x8b"
    opened: Any = gzip.open if packed else open
    with opened(archive, "rb") as file, tarfile.open(fileobj=_Pieces(file), mode="r:") as tar:  # type: ignore[call-overload]
        yield tar


@contextmanager
def _unpacking(folder: Path, largest: int) -> Iterator[_Folder]:
    """The new folder, removed again where it cannot be filled."""
    folder.mkdir(parents=True)
    try:
        yield _Folder(folder, largest)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _UNREADABLE):
            raise _unreadable(error) from error
        raise


def _unreadable(error: BaseException) -> Invalid:
    return Invalid(f"The archive cannot be unpacked: {error}.")


def _not_a_file(name: str) -> Invalid:
    return Invalid(f"The archive's member {name!r} is a link or a device; only files and folders may be.")
