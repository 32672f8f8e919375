"""Pinned Maven artifacts, fetched once into the data folder."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from studiolo.domain import Conflict


class JarsUnavailable(Conflict):
    """Jars that are needed could not be fetched, with which one and why."""


def made_once(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, filled by `make` if it is not there yet, and moved into place when complete.

    A crash leaves no half of it, and of two servers that need it at once one waits for the other.
    """
    complete = folder / name
    if complete.is_dir():
        return complete
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.is_dir():
            part = folder / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            make(part)
            part.rename(complete)
    return complete


def fetch_jars(coordinates: Sequence[str], folder: Path) -> Path:
    """The folder that holds exactly these jars (`group:artifact:version`), fetched if they are not there yet.

    Raises JarsUnavailable.
    """
    name = hashlib.sha256("\n".join(sorted(coordinates)).encode()).hexdigest()[:16]
    return made_once(folder, name, lambda part: _fetch(coordinates, part, folder / "maven"))


def _fetch(coordinates: Sequence[str], into: Path, cache: Path) -> None:
    # Imported here: jgo is needed once in the life of a data folder.
    from jgo.maven import MavenContext

    maven = MavenContext(repo_cache=cache, timeout=60)
    for coordinate in coordinates:
        group, artifact, version = coordinate.split(":")
        try:
            jar = Path(maven.project(group, artifact).at_version(version).artifact().resolve())
        except Exception as error:
            raise JarsUnavailable(
                f"The jar {coordinate} could not be fetched from the Maven repository: {error}. "
                "It is needed once; afterwards Studiolo works offline."
            ) from error
        try:
            os.link(jar, into / jar.name)
        except OSError:
            shutil.copyfile(jar, into / jar.name)
