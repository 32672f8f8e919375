"""The environments of images: made by uv at first use in this person's cache, named by what is in them.

Jobs and endpoints of all data folders share them. Beside each lies a note of what it is, for `studiolo images`.
"""

import functools
import hashlib
import json
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import psutil

from studiolo import runtimes
from studiolo.containers.files import write_json
from studiolo.containers.image import Environment
from studiolo.containers.layers import PROGRAM
from studiolo.domain import Invalid
from studiolo.processes import Fence, child_environment, fenced, interpreter, remove_left
from studiolo.runtimes.alone import Stopped
from studiolo.runtimes.environments import environments_folder, find_python, machine_python
from studiolo.runtimes.jars import JarsUnavailable, fetch_jars
from studiolo.runtimes.overlays import plain
from studiolo.runtimes.uv import Run, RunFailed, Say, unheard

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""The Pythons that Studiolo's programs in an environment run on."""
BUILT = "built"
LARGEST_FOLDER = 1 << 30
PIECE = 1 << 20
KEPT_SECONDS = 30 * 24 * 3600.0
MOST_BUILDS = 8
BUILDING_NEEDED = re.compile(r"(?:Wheels are required|Building source distributions) for `([^`]+)`")
UNREACHABLE = re.compile(r"Failed to fetch|error sending request|dns error|Connection|tunnel", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class EnvironmentUnavailable(Invalid):
    """An image's environment could not be made, with uv's words."""


@functools.cache
def available_pythons() -> tuple[str, ...]:
    """Those of PYTHONS that this machine has: at least the one that Studiolo runs on."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return tuple(version for version in PYTHONS if version == own or find_python(version) is not None)


@dataclass(frozen=True)
class Made:
    """An environment that is there: what it is, the names of images it was made for, its bytes."""

    folder: Path
    environment: Environment
    names: tuple[str, ...]
    size: int


class Environments:
    """The environments of images in a folder, which is the person's cache. Safe to use by several processes at once.

    `data` is the data folder, which what builds packages does not see.
    """

    def __init__(self, data: Path, folder: Path | None = None) -> None:
        self._data = data
        self._folder = folder or environments_folder()

    def make(self, environment: Environment, say: Say, stopped: Stopped = lambda: False) -> Path:
        """The interpreter of the environment, made now where it is not there. `say` hears how it goes, line by line.

        Raises EnvironmentUnavailable with uv's words, also when `stopped()`.
        """
        made = self._of(environment)
        try:
            if not made.ready:
                made.make(say, stopped)
            self._note(made.folder, environment)
        except runtimes.EnvironmentUnavailable as error:
            raise EnvironmentUnavailable(str(error)) from error
        return made.python

    def required(self, python: Path, wanted: Sequence[str]) -> Path:
        """The folder of the packages that code requires beyond its environment. Raises ModulesUnavailable.

        Those that nobody has asked for in KEPT_SECONDS, and that nothing runs with, are removed.
        """
        folder = self._folder / "overlays"
        overlays = runtimes.Overlays(folder, self._data)
        found = overlays.overlay(python, wanted).path
        overlays.purge(time.time() - KEPT_SECONDS, [found, *(Path(word) for word in _words_in_use(str(folder)))])
        return found

    def made(self) -> list[Made]:
        """Those that are there, by name."""
        return sorted(self._made(), key=lambda each: (each.names, str(each.folder)))

    def remove(self, environment: Environment) -> bool:
        """Remove it; whether it was there. The next use makes it anew. Raises EnvironmentInUse."""
        made = self._of(environment)
        with suppress(FileNotFoundError):
            _note_file(made.folder).unlink()
        return made.remove()

    def _of(self, environment: Environment) -> runtimes.Environment:
        contained = asdict(replace(environment, image=""))
        if not environment.jars:
            # Those made before there were any keep their names.
            del contained["jars"]
        content = json.dumps([contained, _digest(environment.folder)], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        contents = _Contents(environment, self._folder / "wheels", self._data)
        name = environment.image or "an image"
        return runtimes.Environment(self._folder / f"image-{digest}", name, contents, (environment.python,))

    def _note(self, folder: Path, environment: Environment) -> None:
        """Remember what it is for; of two that write at once the last one is remembered."""
        known = _read_note(folder)
        names = sorted({*(known[1] if known else ()), environment.image})
        if known is None or names != sorted(known[1]):
            write_json(_note_file(folder), {"environment": asdict(environment), "names": names})

    def _made(self) -> Iterator[Made]:
        for folder in self._folder.glob("image-*"):
            if folder.is_dir() and not folder.name.endswith(".part") and (note := _read_note(folder)):
                size = sum(entry.lstat().st_size for entry in folder.rglob("*"))
                yield Made(folder, note[0], note[1], size)


def _words_in_use(beginning: str) -> set[str]:
    """The words of processes' command lines that begin so: of a fence these are the folders that it shows."""
    words = set[str]()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words |= {word for word in process.cmdline() if word.startswith(beginning)}
    return words


def _note_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _read_note(folder: Path) -> tuple[Environment, tuple[str, ...]] | None:
    try:
        note = json.loads(_note_file(folder).read_text())
        return Environment.from_json(note["environment"]), tuple(note["names"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _digest(folder: str) -> str:
    """The content of a folder. Raises Invalid for one that is too large to be copied."""
    if not folder:
        return ""
    digest, size = hashlib.sha256(), 0
    for file in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        size += file.stat().st_size
        if size > LARGEST_FOLDER:
            raise Invalid(f"{folder} has more than {LARGEST_FOLDER} bytes: what is so large belongs into a channel.")
        digest.update(f"{file.relative_to(folder)}\0{file.stat().st_mode}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as content:
            while piece := content.read(PIECE):
                digest.update(piece)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Contents:
    """The requirements of an image. `wheels` is the folder of what was built of sources."""

    environment: Environment
    wheels: Path
    data: Path

    note = "one to some minutes"

    def install(self, run: Run, python: Path) -> None:
        """Raises RunFailed and RunEnded.

        Wheels are only unpacked. To build a package runs code of whoever made it, so that is done only where there is
        no wheel, in a fence, and once: what was built is kept.
        """
        folder = python.parents[1]
        if self.environment.folder:
            shutil.copytree(self.environment.folder, folder / PROGRAM)
        quietly = replace(run, say=unheard)
        backend = self._backend(run, python)
        built: set[str] = set()
        while True:
            options = [*backend, *self._options(folder)]
            try:
                self._install(quietly, python, ["--dry-run", *options])
                break
            except RunFailed as error:
                missing = set(BUILDING_NEEDED.findall(error.said)) - built
                if not missing or len(built) > MOST_BUILDS:
                    raise RunFailed(plain(error.said)) from error
                self._build(run, python, {name: self._wanted(name, error.said) for name in missing})
                built |= missing
        self._install(run, python, options)
        self._bring_jars(folder)

    def _bring_jars(self, folder: Path) -> None:
        if self.environment.jars:
            fetched = folder / "fetched"
            try:
                fetch_jars(self.environment.jars, fetched).rename(folder / "jars")
            except JarsUnavailable as error:
                raise RunFailed(str(error)) from error
            shutil.rmtree(fetched)

    def _options(self, folder: Path) -> list[str]:
        """uv's, which say what to install: requirements that were built lie in the environment's own folder."""
        requirements, overrides = folder / "requirements.txt", folder / "overrides.txt"
        built = {wheel.name.partition("-")[0].replace("_", "-").lower(): wheel for wheel in (folder / BUILT).glob("*")}
        lines = [
            f"{each.partition('@')[0]} @ {built[_name(each)].as_uri()}" if _name(each) in built else each
            for each in self.environment.requirements
        ]
        requirements.write_text("\n".join(lines))
        overrides.write_text("\n".join(self.environment.overrides))
        return ["-r", str(requirements), *(["--override", str(overrides)] if self.environment.overrides else [])]

    def _install(self, run: Run, python: Path, options: list[str]) -> None:
        wheels = self._wheels_of(python)
        run.uv("pip", "install", "--python", str(python), "--no-build", "--find-links", str(wheels), *options)

    def _backend(self, run: Run, python: Path) -> list[str]:
        """uv's option that has PyTorch for this machine's processor, from PyTorch's own index where that answers."""
        if "torch" not in map(_name, self.environment.requirements):
            return []
        backend = ["--torch-backend", "auto"]
        try:
            replace(run, say=unheard).uv("pip", "install", "--dry-run", "--python", str(python), *backend, "torch")
        except RunFailed as error:
            if UNREACHABLE.search(error.said) is None:
                raise
            run.say("PyTorch's own index does not answer: PyTorch is taken from PyPI, which is made for GPUs (5 GB).")
            return []
        return backend

    def _wanted(self, name: str, said: str) -> str:
        """The requirement of a package, else the one version that uv, which `said` why it cannot, would have taken."""
        exactly = re.search(rf"\b{re.escape(name)}==(\S+) has no usable wheels", said)
        plain_name = f"{name}=={exactly[1]}" if exactly else name
        return next((each for each in self.environment.requirements if _name(each) == name), plain_name)

    def _build(self, run: Run, python: Path, wanted: Mapping[str, str]) -> None:
        """Build the wheels of packages that have none, by name. Those of an index are kept for all environments."""
        place = python.parents[1] / "build"
        place.mkdir(mode=0o700)
        run.say(f"Building {', '.join(wanted.values())}: there are their sources only.")
        try:
            # uv installs wheels, and does not make them.
            tool = place / "pip"
            run.uv("venv", "--quiet", "--seed", "--python", str(machine_python((self.environment.python,))), str(tool))
            pip = [str(tool / "bin" / "python"), "-m", "pip", "wheel", "-q", "--no-input", "--no-deps"]
            command = [*pip, "--wheel-dir", str(place), *wanted.values()]
            named = [Path(unquote(text.partition("file://")[2])) for text in wanted.values() if "file://" in text]
            fence = Fence(place, (*interpreter(tool / "bin" / "python"), *named))
            run.run(*fenced(command, child_environment({}), fence, [self.data]))
            urls = {name.replace("-", "_") for name, text in wanted.items() if "@" in text}
            for wheel in place.glob("*.whl"):
                own = wheel.name.partition("-")[0].lower() in urls
                into = python.parents[1] / BUILT if own else self._wheels_of(python)
                into.mkdir(exist_ok=True)
                part = into / f".{wheel.name}.{uuid.uuid4().hex[:8]}"
                shutil.copyfile(wheel, part)
                part.replace(into / wheel.name)
        finally:
            remove_left(place)

    def _wheels_of(self, python: Path) -> Path:
        version = next((python.parents[1] / "lib").glob("python3.*")).name
        folder = self.wheels / version
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _name(requirement: str) -> str:
    match = NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""
