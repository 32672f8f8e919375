"""Overlays: Python packages that a session has beside those of its runtime's interpreter, in a folder of their own.

uv resolves them as if they were to be installed into the interpreter's environment: what satisfies a request there is
left as it is. Where another version of an installed package is needed, the packages that build on it are
resolved again too, so that what a session imports fits together: s3fs brings an older botocore, and boto3 follows it.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from studiolo.domain import Invalid
from studiolo.processes import Fence, child_environment, fenced, interpreter, remove_left
from studiolo.runtimes.alone import Stopped, alone
from studiolo.runtimes.uv import Run, RunEnded, RunFailed, uv_command

SECONDS = 600.0
"""Longest that a resolution, or an installation, may take."""

BUILDING_NEEDED = " is disabled"
"""What uv says where there is no wheel: that to build one is disabled."""

INSTALLED = """
import importlib.metadata, json, sys
found = [[d.name, d.version, d.requires or [], d.read_text("direct_url.json") is not None]
         for d in importlib.metadata.distributions()]
print(json.dumps([sys.version, found]))
"""
"""A program that prints what an interpreter has."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
ADDED = re.compile(r"^ \+ (([^=@\s]+)(?:==| @ )\S+)", re.MULTILINE)
"""A line in which uv says what it would install: `name==version`, or `name @ URL`."""
FILE = re.compile(r"(?:git\+)?file:\S*")


class ModulesUnavailable(Invalid):
    """Modules could not be resolved or installed, in uv's words."""


class TookTooLong(ModulesUnavailable):
    """uv did not end within its time."""


@dataclass(frozen=True)
class Overlay:
    """A folder to be put before the interpreter's packages; `shadows` says whether it replaces any of them."""

    path: Path
    shadows: bool


@dataclass(frozen=True)
class Distribution:
    """An installed package: what it requires, by name, and whether it came from somewhere else than an index."""

    version: str
    requires: frozenset[str]
    direct: bool


class Overlays:
    """Overlays in a folder, each named by its content; safe to use by several processes at once.

    hidden: the data folder, which what builds packages does not see; the one that `folder` is in where it is not given.
    """

    def __init__(self, folder: Path, hidden: Path | None = None) -> None:
        self._folder = folder
        self._hidden = hidden or folder.parent

    def resolve(
        self, python: Path, modules: Sequence[str], options: Sequence[str] = (), seconds: float = SECONDS
    ) -> None:
        """Find out which packages are needed. Raises ModulesUnavailable, TookTooLong after `seconds`."""
        self._pins(python, modules, options, lambda: False, seconds)

    def overlay(
        self, python: Path, modules: Sequence[str], options: Sequence[str] = (), stopped: Stopped = lambda: False
    ) -> Overlay:
        """The packages that fulfil the requests (PEP 508, or URLs of wheels), installed where they are not yet.

        `options` are uv's that say where to look. Ends early once `stopped()`. Raises ModulesUnavailable.
        """
        name, pins, shadows = self._pins(python, modules, options, stopped, SECONDS)
        complete = self._folder / name
        with _locked(self._folder / f"{name}.lock", stopped):
            if not complete.is_dir():
                self._install(python, pins, options, complete, stopped)
        return Overlay(complete, shadows)

    def purge(self, before: float, kept: Collection[Path]) -> None:
        """Remove the overlays that nobody has asked for since the moment, in seconds since 1970, but for those kept."""
        for known in self._folder.glob("*.json"):
            # One that is locked is being asked for.
            with suppress(FileNotFoundError, TookTooLong):
                if known.with_suffix("") not in kept and known.stat().st_mtime < before:
                    with _locked(known.with_suffix(".lock"), lambda: True):
                        self._remove(known, before)

    def _remove(self, known: Path, before: float) -> None:
        if known.stat().st_mtime < before:
            part = known.with_suffix(".part")
            remove_left(part)
            for rest in (known, known.with_suffix(".in"), known.with_suffix(".txt")):
                rest.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                known.with_suffix("").rename(part)
            remove_left(part)

    def _pins(
        self, python: Path, modules: Sequence[str], options: Sequence[str], stopped: Stopped, seconds: float
    ) -> tuple[str, list[str], bool]:
        """The overlay's name, the packages it has, and whether one of them replaces an installed one."""
        version, base = installed(python)
        content = json.dumps([version, sorted((name, one.version) for name, one in base.items()), modules, options])
        name = hashlib.sha256(content.encode()).hexdigest()[:16]
        known = self._folder / f"{name}.json"
        found = _asked_again(known)
        if found is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder / f"{name}.lock", stopped):
                found = _asked_again(known)
                if found is None:
                    target = _Target(Run(stopped, seconds), python, known.with_suffix(""), self._hidden)
                    changes = _resolved(_Resolver(target, options), modules, base)
                    found = list(changes.values()), bool(changes.keys() & base.keys())
                    part = known.with_suffix(".json.part")
                    part.write_text(json.dumps(found))
                    part.rename(known)
        return name, *found

    def _install(self, python: Path, pins: Sequence[str], options: Sequence[str], into: Path, stopped: Stopped) -> None:
        part = into.with_suffix(".part")
        remove_left(part)
        part.mkdir(parents=True)
        if pins:
            wanted = into.with_suffix(".txt")
            wanted.write_text("\n".join(pins))
            # Sessions cannot write there: what is not compiled now, each would compile again.
            command = ["pip", "install", "--compile-bytecode", "--target", str(part), "--no-deps", *options]
            command += ["-r", str(wanted)]
            _uv(_Target(Run(stopped, SECONDS), python, into, self._hidden, writes=part), command)
        part.rename(into)


def _asked_again(known: Path) -> tuple[list[str], bool] | None:
    """What was found out before, from now on as asked for now; None when it has not been, or was removed."""
    try:
        pinned, shadows = json.loads(known.read_text())
        os.utime(known)
    except FileNotFoundError:
        return None
    return pinned, shadows


@dataclass(frozen=True)
class _Resolver:
    """uv, asked what it would install into an interpreter's environment."""

    target: "_Target"
    options: Sequence[str]

    def changes(self, requests: Sequence[str]) -> dict[str, str]:
        """What would be new there, or of another version, by name: as requirements that name exactly that."""
        wanted = self.target.overlay.with_suffix(".in")
        wanted.write_text("\n".join(requests))
        # It only asks, so an environment that a system's package manager keeps is no obstacle.
        command = ["pip", "install", "--dry-run", "--break-system-packages", *self.options, "-r", str(wanted)]
        said = _uv(self.target, command)
        changes = {normalized(name): requirement for requirement, name in ADDED.findall(said)}
        named = "\n".join(requests)
        for requirement in changes.values():
            # A package may require another by a path of its own choice.
            if (found := FILE.search(requirement)) and found[0] not in named:
                raise ModulesUnavailable(f"The modules require a file of this machine: {requirement}")
        return changes


def _resolved(resolver: _Resolver, modules: Sequence[str], base: Mapping[str, Distribution]) -> dict[str, str]:
    """All changes; also other versions of the installed packages that build on one which is to be replaced.

    These are left as they are, as pip leaves them, where nothing fits, or only what brings further packages.
    """
    requests = list(modules)
    changes = resolver.changes(requests)
    while more := _dependents(changes, base, requests):
        requests += more
        try:
            fitting = resolver.changes(requests)
        except TookTooLong:
            raise
        except ModulesUnavailable:
            break
        if fitting.keys() - changes.keys() - base.keys():
            break
        changes = fitting
    return changes


def _dependents(changes: Collection[str], base: Mapping[str, Distribution], known: Collection[str]) -> list[str]:
    """The installed packages, beside those known, that require one which is to be replaced."""
    kept = {name: one for name, one in base.items() if name not in changes and name not in known and not one.direct}
    return sorted(name for name, one in kept.items() if one.requires & set(changes) & base.keys())


def installed(python: Path) -> tuple[str, dict[str, Distribution]]:
    """The interpreter's version, and what is installed in its environment, by normalized names."""
    command = [str(python), "-I", "-c", INSTALLED]
    answer = subprocess.run(command, env=child_environment({}), capture_output=True, text=True, timeout=60, check=True)
    version, found = json.loads(answer.stdout)
    return version, {
        normalized(name): Distribution(version, frozenset(_required(requires)), direct)
        for name, version, requires, direct in reversed(found)
    }


def _required(requires: Collection[str]) -> Iterator[str]:
    for requirement in requires:
        name = NAME.match(requirement)
        if name is not None and "extra ==" not in requirement:
            yield normalized(name[0])


def normalized(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class _Target:
    """What uv runs for: an interpreter, and an overlay, with the folder that it writes if it does; what is hidden."""

    run: Run
    python: Path
    overlay: Path
    hidden: Path
    writes: Path | None = None


def _uv(target: _Target, command: Sequence[str]) -> str:
    """Run uv; what it said. Raises ModulesUnavailable with that, TookTooLong also when stopped.

    Wheels are only unpacked. To build a package runs code of whoever made it, so that is done only where there is no
    wheel that fits, and in a fence, with a cache of its own.
    """
    full = [*uv_command(*command), "--python", str(target.python)]
    try:
        return _said(target, [*full, "--no-build"], child_environment({}))
    except ModulesUnavailable as error:
        if BUILDING_NEEDED not in str(error):
            raise
    place = target.overlay.with_suffix(".build")
    place.mkdir(mode=0o700, exist_ok=True)
    try:
        writes = {} if target.writes is None else {str(target.writes): target.writes}
        seen = (*interpreter(target.python), *_named(target.overlay, command))
        environment = child_environment({"UV_CACHE_DIR": str(place / "cache")})
        return _said(target, *fenced(full, environment, Fence(place, seen, writes), [target.hidden]))
    finally:
        remove_left(place)


def _named(overlay: Path, command: Sequence[str]) -> list[Path]:
    """The files of requests, the files that these name by their URLs, and the folders that uv's options name."""
    requests = [file for file in (overlay.with_suffix(".in"), overlay.with_suffix(".txt")) if file.exists()]
    words = [word for file in requests for word in file.read_text().split()]
    named = [word.partition("file://")[2] for word in words if word.startswith("file://")]
    options = [word for word in command if word.startswith("/")]
    return [*requests, *(path for path in map(Path, map(unquote, [*named, *options])) if path.exists())]


def _said(target: _Target, command: Sequence[str], environment: Mapping[str, str]) -> str:
    try:
        return target.run.run(command, environment)
    except RunEnded:
        raise TookTooLong(f"The modules could not be had within {target.run.seconds:.0f} seconds.") from None
    except RunFailed as error:
        # Where the requests lie is ours; who reads this knows them by what they ask for.
        requests = re.escape(str(target.overlay.with_suffix(".in")))
        said = re.sub(rf" in `{requests}`", "", plain(error.said))
        said = re.sub(rf"{requests}:(\d+):\d+", r"line \1", said)
        raise ModulesUnavailable(f"The modules cannot be installed. {said}") from None


def plain(said: str) -> str:
    """uv's message as one paragraph, without the marks it draws."""
    said = re.sub(r"^Using Python .*\n", "", said)
    said = re.sub(r"\s*\n\W*(?:cause|Caused by): ", ": ", said.strip()).removeprefix("error: ")
    return " ".join(re.sub(r"^\W+", "", line) for line in said.splitlines()).strip()


def _locked(path: Path, stopped: Stopped) -> AbstractContextManager[object]:
    return alone(path, stopped, TookTooLong("The modules are not needed any more."))
