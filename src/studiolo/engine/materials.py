"""What a session brings along: Python modules, Python files, jars and other files, fetched with its role's key."""

import hashlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.archives import unpack_zip
from studiolo.domain import Denied, Invalid, NotFound
from studiolo.engine.model import Extras
from studiolo.engine.requirements import S3, listed
from studiolo.objects import Objects
from studiolo.runtimes import ModulesUnavailable, Overlays, Runtime, TookTooLong

PATIENCE = 20.0
"""Seconds that CreateSession may take to find out that modules do not exist."""

SAIL = (
    "The session asks for Sail (PyPI's pysail, 60 MB), which is fetched once; afterwards it is at hand offline. "
    "Without it sessions run on Apache Spark: leave out --spark-connect-engine."
)

FILES, ROLE_OVERLAYS = "session-files", "role-overlays"
"""The folders, in the data folder, of what was fetched with the keys of roles."""

OVERLAYS_KEPT, FILES_KEPT = 30 * 86_400.0, 86_400.0
"""Seconds that modules, and fetched files, are kept for the next session that asks for them."""

LONGEST_LIST = 1024 * 1024
"""Bytes of a file of requirements."""

Stopped = Callable[[], bool]


@dataclass(frozen=True)
class Material:
    """All at hand: folders for Python's path, files for Spark's, jars, and files for the working folder."""

    path: tuple[Path, ...] = ()
    py_files: tuple[Path, ...] = ()
    jars: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    shadows: bool = False

    @property
    def can_come_late(self) -> bool:
        """Whether a kernel that runs can still be given all of it."""
        return not self.jars and not self.shadows


class Materials:
    """Fetches what sessions ask for; each version of an object, and each set of modules, once while they are kept."""

    def __init__(self, folder: Path, objects: Objects) -> None:
        self._files = folder / FILES
        self._overlays = Overlays(folder / "overlays")
        # Of modules that come with a role's key, or with a password for an index.
        self._role_overlays = Overlays(folder / ROLE_OVERLAYS)
        self._keeping = threading.Lock()
        self._objects = objects

    def check(self, wanted: Extras, role: str, runtime: Runtime) -> None:
        """Raises Invalid, NotFound or Denied for what certainly cannot be had; what takes too long may be had."""
        if not wanted:
            return
        store = self._store(role)
        for address in (*wanted.py_files, *wanted.jars, *wanted.files):
            store.version(address)
        if (wanted.modules or wanted.sail) and runtime.ready:
            with suppress(TookTooLong), _sail_explained(wanted):
                overlays = self._overlays_for(wanted)
                overlays.resolve(runtime.python, *self._modules(wanted, runtime, store), seconds=PATIENCE)

    def bring(self, wanted: Extras, role: str, runtime: Runtime, stopped: Stopped) -> Material:
        """Fetch and install it all. Raises Invalid, NotFound or Denied with which of it and why."""
        if not wanted:
            return Material()
        store = self._store(role)
        py_files = [store.fetch(address) for address in wanted.py_files]
        wheels = tuple(_unpacked(file) for file in py_files if file.suffix == ".whl")
        path, shadows = wheels, False
        if wanted.modules or wanted.sail:
            with _sail_explained(wanted):
                overlays = self._overlays_for(wanted)
                overlay = overlays.overlay(runtime.python, *self._modules(wanted, runtime, store), stopped)
            path, shadows = (*wheels, overlay.path), overlay.shadows
        return Material(
            path=path,
            py_files=tuple(file for file in py_files if file.suffix != ".whl"),
            jars=tuple(store.fetch(address) for address in wanted.jars),
            files=tuple(store.fetch(address) for address in wanted.files),
            shadows=shadows,
        )

    def purge(self, in_use: Collection[Path]) -> None:
        """Remove what no session has asked for in its time, but for the overlays that living sessions use."""
        with self._keeping:
            for overlays in (self._overlays, self._role_overlays):
                overlays.purge(time.time() - OVERLAYS_KEPT, in_use)
            before = time.time() - FILES_KEPT
            for folder in self._files.glob("*"):
                if folder.stat().st_mtime < before:
                    shutil.rmtree(folder, ignore_errors=True)

    def _overlays_for(self, wanted: Extras) -> Overlays:
        """Where the modules are kept: among those that all sessions see only if everybody could have had them."""
        of_role = any(module.startswith(S3) for module in wanted.modules)
        return self._role_overlays if of_role or any("@" in option for option in wanted.options) else self._overlays

    def _store(self, role: str) -> "_RoleStore":
        client = self._objects.role_client(role, "session-files")
        return _RoleStore(client, self._files, self._keeping)

    def _modules(self, wanted: Extras, runtime: Runtime, store: "_RoleStore") -> tuple[list[str], list[str]]:
        """The requests as uv reads them, and uv's options; objects are fetched first."""
        requests: list[str] = list(runtime.sail) if wanted.sail else []
        for module in wanted.modules:
            if not module.startswith(S3):
                requests.append(module)
                continue
            file = store.fetch(module)
            if wanted.listed:
                requests += listed(_text(module, file))
            else:
                requests.append(file.as_uri())
        return requests, list(wanted.options)


class _RoleStore:
    """Objects as a role may read them, kept by their address and version."""

    def __init__(self, client: Any, folder: Path, keeping: threading.Lock) -> None:
        self._client = client
        self._folder = folder
        self._keeping = keeping

    def version(self, address: str) -> str:
        """The object's ETag. Raises NotFound, Denied."""
        bucket, key = _parts(address)
        try:
            tag: str = self._client.head_object(Bucket=bucket, Key=key)["ETag"]
        except ClientError as error:
            raise _refusal(address, error) from error
        except BotoCoreError as error:
            raise Invalid(f"{address} cannot be read: {error}") from error
        return tag

    def fetch(self, address: str) -> Path:
        """A copy of the object, under its own name. Raises NotFound, Denied."""
        name = hashlib.sha256(f"{address} {self.version(address)}".encode()).hexdigest()[:16]
        bucket, key = _parts(address)
        copy = self._folder / name / Path(key).name
        with self._keeping:
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.utime(copy.parent)
        if not copy.is_file():
            part = copy.parent / f"{uuid.uuid4().hex}.part"
            try:
                self._client.download_file(bucket, key, str(part))
            except ClientError as error:
                raise _refusal(address, error) from error
            part.rename(copy)
        return copy


@contextmanager
def _sail_explained(wanted: Extras) -> Iterator[None]:
    """Say where Sail comes from when it, or what is to come with it, cannot be had."""
    try:
        yield
    except TookTooLong:
        raise
    except ModulesUnavailable as error:
        if not wanted.sail:
            raise
        raise ModulesUnavailable(f"{error} {SAIL}") from error


def _text(address: str, file: Path) -> str:
    """What a file of requirements says. Raises Invalid for one that is too large to be one."""
    if file.stat().st_size > LONGEST_LIST:
        raise Invalid(f"{address} has more than the {LONGEST_LIST} bytes that a file of requirements may have.")
    return file.read_text(errors="replace")


def _parts(address: str) -> tuple[str, str]:
    bucket, _, key = address.partition("://")[2].partition("/")
    return bucket, key


def _refusal(address: str, error: ClientError) -> Denied | NotFound:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 403:
        return Denied(f"The session's role may not read {address}.")
    return NotFound(f"{address} does not exist ({error.response['Error']['Message']}).")


def _unpacked(wheel: Path) -> Path:
    """The folder of the wheel's packages. Raises Invalid for a file that cannot be unpacked."""
    folder = wheel.with_suffix(".d")
    if not folder.is_dir():
        part = wheel.parent / uuid.uuid4().hex
        try:
            unpack_zip(wheel, part)
        except Invalid as error:
            raise Invalid(f"{wheel.name}: {error}") from error
        try:
            part.rename(folder)
        except OSError:
            shutil.rmtree(part)
    return folder
