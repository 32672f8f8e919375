"""Overlays: Python packages that a session has beside those of its runtime's interpreter, in a folder of their own.

uv resolves them with what the interpreter has as its preference, as pip would in that environment: what satisfies a
request is left as it is. Where another version of an installed package is needed, the packages that build on it are
resolved again too, so that what a session imports fits together: s3fs brings an older botocore, and boto3 follows it.
"""

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from studiolo.domain import Invalid
from studiolo.processes import child_environment

SECONDS = 600.0
"""Longest that a resolution, or an installation, may take."""

POLL = 0.1

INSTALLED = """
import importlib.metadata, json, sys
found = [[d.name, d.version, d.requires or [], d.read_text("direct_url.json") is not None]
         for d in importlib.metadata.distributions()]
print(json.dumps([sys.version, found]))
"""
"""A program that prints what an interpreter has."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*])?(?:==(?P<version>\S+)| @ (?P<url>\S+))")


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


Stopped = Callable[[], bool]


class Overlays:
    """The overlays of one data folder, each named by its content; safe to use by several processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
        if not complete.is_dir():
            with _locked(self._folder / f"{name}.lock", stopped):
                if not complete.is_dir():
                    self._install(python, pins, options, complete, stopped)
        return Overlay(complete, shadows)

    def _pins(
        self, python: Path, modules: Sequence[str], options: Sequence[str], stopped: Stopped, seconds: float
    ) -> tuple[str, list[str], bool]:
        """The overlay's name, the packages it has, and whether one of them replaces an installed one."""
        version, base = installed(python)
        content = json.dumps([version, sorted((name, one.version) for name, one in base.items()), modules, options])
        name = hashlib.sha256(content.encode()).hexdigest()[:16]
        known = self._folder / f"{name}.json"
        if not known.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder / f"{name}.lock", stopped):
                if not known.is_file():
                    pins = _resolved(_Compiler(python, base, options, known, stopped, seconds), modules, base)
                    lacking = {name: pin for name, (version, pin) in pins.items() if not _has(base, name, version)}
                    part = known.with_suffix(".part")
                    part.write_text(json.dumps([list(lacking.values()), bool(set(lacking) & set(base))]))
                    part.rename(known)
        pinned, shadows = json.loads(known.read_text())
        return name, pinned, shadows

    def _install(self, python: Path, pins: Sequence[str], options: Sequence[str], into: Path, stopped: Stopped) -> None:
        part = into.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        if pins:
            wanted = into.with_suffix(".txt")
            wanted.write_text("\n".join(pins))
            command = ["pip", "install", "--target", str(part), "--no-deps", *options, "-r", str(wanted)]
            _uv(python, command, stopped, SECONDS)
        part.rename(into)


@dataclass(frozen=True)
class _Compiler:
    """uv's resolver for one interpreter, which keeps what is installed where that will do."""

    python: Path
    base: Mapping[str, Distribution]
    options: Sequence[str]
    file: Path
    stopped: Stopped
    seconds: float

    def compile(self, requests: Sequence[str]) -> dict[str, tuple[str | None, str]]:
        """Version (None for a URL) and requirement of every package that the requests need, by its name."""
        output = self.file.with_suffix(".pins")
        # uv prefers the versions of an output that is there already.
        output.write_text("".join(f"{name}=={one.version}\n" for name, one in self.base.items() if not one.direct))
        options = ["--no-header", "--no-annotate", "--quiet", *self.options]
        wanted = self.file.with_suffix(".in")
        wanted.write_text("\n".join(requests))
        command = ["pip", "compile", str(wanted), "--output-file", str(output), *options]
        _uv(self.python, command, self.stopped, self.seconds)
        found = [(PIN.match(line), line) for line in output.read_text().splitlines()]
        return {normalized(pin["name"]): (pin["version"], line) for pin, line in found if pin is not None}


def _resolved(
    compiler: _Compiler, modules: Sequence[str], base: Mapping[str, Distribution]
) -> dict[str, tuple[str | None, str]]:
    """Everything needed; also other versions of the installed packages that build on one which is to be replaced.

    These are left as they are, as pip leaves them, where nothing fits, or only what brings further packages.
    """
    requests = list(modules)
    pins = compiler.compile(requests)
    while more := _dependents(pins, base):
        requests += more
        try:
            fitting = compiler.compile(requests)
        except TookTooLong:
            raise
        except ModulesUnavailable:
            break
        if fitting.keys() - pins.keys() - base.keys():
            break
        pins = fitting
    return pins


def _dependents(pins: Mapping[str, tuple[str | None, str]], base: Mapping[str, Distribution]) -> list[str]:
    replaced = {name for name, (version, _) in pins.items() if name in base and not _has(base, name, version)}
    return sorted(name for name, one in base.items() if name not in pins and not one.direct and one.requires & replaced)


def _has(base: Mapping[str, Distribution], name: str, version: str | None) -> bool:
    return name in base and base[name].version == version


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


def _uv(python: Path, command: Sequence[str], stopped: Stopped, seconds: float) -> None:
    """Run uv for the interpreter. Raises ModulesUnavailable with what it said, TookTooLong also when stopped."""
    full = [find_uv_bin(), *command, "--python", str(python), "--color", "never"]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    begun = time.monotonic()
    with subprocess.Popen(full, env=child_environment({}), text=True, **pipes) as process:
        while True:
            try:
                _, said = process.communicate(timeout=POLL)
                break
            except subprocess.TimeoutExpired:
                if stopped() or time.monotonic() - begun > seconds:
                    process.kill()
                    raise TookTooLong(f"The modules could not be had within {seconds:.0f} seconds.") from None
    if process.returncode != 0:
        raise ModulesUnavailable(f"The modules cannot be installed. {_plain(said)}")


def _plain(said: str) -> str:
    """uv's message as one paragraph, without the marks it draws."""
    said = re.sub(r"\s*\n\W*(?:cause|Caused by): ", ": ", said.strip()).removeprefix("error: ")
    return " ".join(re.sub(r"^\W+", "", line) for line in said.splitlines()).strip()


@contextmanager
def _locked(path: Path, stopped: Stopped) -> Iterator[None]:
    """Alone with this file among all processes; waits in steps, so as to be stopped."""
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopped():
                    raise TookTooLong("The modules are not needed any more.") from None
                time.sleep(POLL)
        yield
