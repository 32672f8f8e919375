"""model.tar.gz: made from a folder, and unpacked without trust in who made it."""

import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from studiolo.domain import Invalid

LARGEST = 64 * 1024**3
"""Most bytes an archive may unpack to."""
MOST_FILES = 100_000


def pack(folder: Path, archive: Path, *, even_empty: bool = False) -> bool:
    """Write what is in `folder` to the gzip-compressed tar `archive`; whether it did: of nothing if `even_empty`."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names and not even_empty:
        return False
    # Level 1: models are numbers, which hardly shrink more at the default level and take six times as long.
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for name in names:
            tar.add(folder / name, arcname=name)
    return True


def unpack(archive: Path, folder: Path, largest: int = LARGEST) -> None:
    """Unpack a tar (gzip or plain) into `folder`, files and folders only.

    Raises Invalid for what is no archive, for a link, device or path that leaves `folder`, and past `largest` bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total = count = 0
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                path = _inside(folder, member)
                total, count = total + member.size, count + 1
                if total > largest or count > MOST_FILES:
                    raise Invalid(f"The archive unpacks to more than {largest} bytes or {MOST_FILES} files.")
                if member.isdir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                if content is not None:
                    _write(content, path, executable=bool(member.mode & 0o100))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Invalid(f"The archive cannot be unpacked: {error}.") from error


def _inside(folder: Path, member: tarfile.TarInfo) -> Path:
    """Where the member goes, under `folder`. Raises Invalid."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise Invalid(f"The archive's member {member.name!r} leaves the folder that it is unpacked into.")
    if not (member.isreg() or member.isdir()):
        raise Invalid(f"The archive's member {member.name!r} is a link or a device; only files and folders may be.")
    return folder / name


def _write(content: IO[bytes], path: Path, *, executable: bool) -> None:
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, 1024 * 1024)
    path.chmod(0o755 if executable else 0o644)
