"""What a program leaves, taken to S3: packed in one archive, or file by file, at its end or while it runs.

A program may put anything in the place of its files: nothing is followed that leads out of its own folder.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from studiolo.archives import check_holes, pack
from studiolo.containers.objects import Address
from studiolo.containers.work import BASE, Output
from studiolo.domain import Invalid
from studiolo.processes import open_left

UNREACHED = (Boto3Error, BotoCoreError, ClientError)
LOOK_SECONDS = 1.0
"""How often it is looked, at most, whether files of a continuous output have changed."""
LOOK_SHARE = 20
"""A look that takes long is taken so many times its length apart."""

Say = Callable[[str], None]


class NotUploaded(Exception):
    """What a program left cannot be written to where it was to go."""


def upload(client: Any, output: Output, roots: Sequence[Path], archive: Path, say: Say, *, even_empty: bool) -> bool:
    """Pack what the hosts' programs left for the output, and write it to its URI; whether there was anything.

    `roots` are what the hosts had as /opt/ml. Raises NotUploaded.
    """
    address = Address.of(output.uri)
    with _lost(output, address):
        folders = [_left(root, output) for root in roots]
        if not pack(
            folders,
            archive,
            even_empty=even_empty,
            left_out=lambda name: say(
                f"{output.path}/{name} is not uploaded: it is neither a folder nor a file, or leads out of {output.path}."
            ),
        ):
            return False
        client.upload_file(str(archive), address.bucket, address.key)
    archive.unlink()
    return True


class Mirror:
    """The files of a folder, each written under the output's URI once it has changed. What is deleted stays there."""

    def __init__(self, client: Any, output: Output, root: Path) -> None:
        self._client = client
        self._output = output
        self._root = root
        self._known: dict[str, tuple[int, int]] = {}

    def know(self) -> None:
        """The files as they are now need not be written: they came from there."""
        self._known = {name: _state(found) for name, found in self._files()}

    def write(self) -> bool:
        """Write what has changed; whether there was ever anything. Raises NotUploaded."""
        prefix = Address.of(self._output.uri)
        with _lost(self._output, prefix):
            changed = [(name, found) for name, found in self._files() if self._known.get(name) != _state(found)]
            check_holes((found for _, found in changed), self._root)
            for name, found in changed:
                with contextlib.suppress(FileNotFoundError), open_left(self._root, f"{self._folder}/{name}") as file:
                    self._client.upload_fileobj(file, prefix.bucket, _join(prefix.key, name))
                    self._known[name] = _state(found)
        return bool(self._known)

    @property
    def _folder(self) -> str:
        return str(Path(self._output.path).relative_to(BASE))

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """The files by their names below the folder. Links are passed over."""
        folder = _left(self._root, self._output)
        waiting = [folder] if folder.is_dir() else []
        while waiting:
            # A folder may be gone before it is looked into.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield str(Path(entry.path).relative_to(folder)), entry.stat(follow_symlinks=False)


class Mirroring:
    """Mirrors that are kept while a program runs, by a thread; used as a context, which ends it."""

    def __init__(self, mirrors: Sequence[Mirror], say: Say) -> None:
        self._mirrors = mirrors
        self._say = say
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def __enter__(self) -> None:
        if self._mirrors:
            self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        if self._mirrors:
            self._thread.join()

    def _run(self) -> None:
        wait, said = LOOK_SECONDS, ""
        while not self._ended.wait(wait):
            began = time.monotonic()
            for mirror in self._mirrors:
                try:
                    mirror.write()
                except NotUploaded as error:
                    # It is tried again, and counts at the end.
                    if said != str(error):
                        said = str(error)
                        self._say(said)
            wait = max(LOOK_SECONDS, LOOK_SHARE * (time.monotonic() - began))


def _state(file: os.stat_result) -> tuple[int, int]:
    """What changes when the file does."""
    return file.st_size, file.st_mtime_ns


def _left(root: Path, output: Output) -> Path:
    """What the program left there. Raises Invalid for a link, which may lead out of its fence."""
    below = Path(output.path).relative_to(BASE)
    path = root / below
    if path.resolve() != root.resolve() / below:
        raise Invalid(f"{output.path} is or lies behind a link, which is not followed.")
    return path


@contextlib.contextmanager
def _lost(output: Output, address: Address) -> Iterator[None]:
    """Raise NotUploaded, with what is lost, where S3 or the disk does not take it."""
    lost = f"so what the algorithm left in {output.path} is lost"
    try:
        yield
    except Invalid as error:
        raise NotUploaded(f"Artifact upload failed:{error} {lost.capitalize()}.") from error
    except OSError as error:
        raise NotUploaded(f"Artifact upload failed:{error.strerror or error} for {address}, {lost}.") from error
    except UnicodeError as error:
        raise NotUploaded(f"Artifact upload failed:A file's name below {output.path} is no text, {lost}.") from error
    except UNREACHED as error:
        raise NotUploaded(f"Artifact upload failed:{address} cannot be written, {lost}: {error}") from error


def _join(prefix: str, name: str) -> str:
    return f"{prefix.rstrip('/')}/{name}" if prefix else name
