"""Pipe mode: an input as named pipes, one an epoch, each written from S3 while the program reads it.

Source: "How Amazon SageMaker Provides Training Information" and "Augmented Manifest File Format for Pipe Mode Training".
"""

import gzip
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from studiolo.containers.inputs import Share, listed, lost
from studiolo.containers.objects import Address
from studiolo.containers.work import Input
from studiolo.domain import Invalid
from studiolo.recordio import frame

PIECE = 64 * 1024
REFERENCE = "-ref"
"""How the names of attributes end whose values are addresses of what is meant."""


class Pipe:
    """The pipes `<path>_0`, `<path>_1`, … of one input of one host.

    They are made in `folder`, which the program may write: what it puts in a pipe's place is not written to.
    `on_failure` is called, from a thread, with what cannot be read. Raises NotFound and Invalid as `listed` does.
    """

    def __init__(
        self, client: Any, given: Input, folder: Path, share: Share, on_failure: Callable[[Exception], None]
    ) -> None:
        self._client = client
        self._given = given
        self._share = share
        self._name = Path(given.path).name
        self._on_failure = on_failure
        self._entries = list(self._lines() if given.source == "AugmentedManifestFile" else self._objects())
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        self._make(0)
        threading.Thread(target=self._serve, name=f"pipe {given.name}", daemon=True).start()

    def _serve(self) -> None:
        epoch = 0
        try:
            while True:
                # Waits until somebody reads it, which may be never: the runner's end ends this as well.
                descriptor = os.open(self._pipe(epoch), os.O_WRONLY | os.O_NOFOLLOW, dir_fd=self._folder)
                try:
                    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                        raise Invalid(f"The program has put something in the place of the pipe {self._pipe(epoch)}.")
                    self._make(epoch + 1)
                    self._write(descriptor, epoch)
                finally:
                    os.close(descriptor)
                epoch += 1
        except Exception as error:  # noqa: BLE001 - whatever it was, the work must say why it failed
            self._on_failure(error)

    def _write(self, descriptor: int, epoch: int) -> None:
        """Write an epoch, or as much of it as is read."""
        try:
            for entry in self._share.of(self._entries, self._given, epoch):
                for piece in self._pieces(entry):
                    rest = memoryview(piece)
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
        except BrokenPipeError:
            return

    def _pieces(self, entry: Any) -> Iterator[bytes]:
        """What is streamed of an object, or of a line of an augmented manifest."""
        values = [entry] if isinstance(entry, Address) else entry
        for value in values:
            content = self._content(value) if isinstance(value, Address) else iter([value])
            if self._given.wrapped:
                yield frame(b"".join(content))
            else:
                yield from content

    def _content(self, address: Address) -> Iterator[bytes]:
        try:
            body = self._client.get_object(Bucket=address.bucket, Key=address.key)["Body"]
        except ClientError as error:
            raise lost(address, error) from error
        if self._given.gzip:
            body = gzip.GzipFile(fileobj=body)
        try:
            while piece := body.read(PIECE):
                yield piece
        except (EOFError, gzip.BadGzipFile) as error:
            raise Invalid(f"Data download failed:{address} cannot be unpacked: {error}") from error

    def _objects(self) -> Iterator[Address]:
        for address, _name in listed(self._client, self._given):
            yield address

    def _lines(self) -> Iterator[list[Address | bytes]]:
        """The values of the attributes of each line of an augmented manifest."""
        where = Address.of(self._given.uri)
        try:
            content = self._client.get_object(Bucket=where.bucket, Key=where.key)["Body"].read()
        except ClientError as error:
            raise lost(where, error) from error
        for number, line in enumerate(content.splitlines(), 1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
                yield [_value(name, values[name]) for name in self._given.attributes]
            except (ValueError, LookupError, TypeError) as error:
                raise Invalid(
                    f"Line {number} of the augmented manifest {where} is not a JSON object with the attributes "
                    f"{', '.join(self._given.attributes)}."
                ) from error

    def _pipe(self, epoch: int) -> str:
        return f"{self._name}_{epoch}"

    def _make(self, epoch: int) -> None:
        try:
            os.mkfifo(self._pipe(epoch), 0o600, dir_fd=self._folder)
        except FileExistsError as error:
            raise Invalid(f"Something is in the place of the pipe {self._pipe(epoch)}.") from error


def _value(name: str, value: Any) -> Address | bytes:
    if name.endswith(REFERENCE):
        return Address.of(value)
    return (value if isinstance(value, str) else json.dumps(value)).encode()
