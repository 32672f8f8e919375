"""What an input is made of: objects of S3, listed, in their order, for one host; and brought as files."""

import errno
import json
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from studiolo.archives import unpack_gzip
from studiolo.containers.objects import Address, refusal
from studiolo.containers.work import Input
from studiolo.domain import Invalid, NotFound

T = TypeVar("T")

NO_PLACE = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EINVAL)
AT_ONCE = 8
"""Objects downloaded at the same time."""


@dataclass(frozen=True)
class Share:
    """Which part of a sharded input a host gets: it is host `index` of the `count` that get any."""

    index: int = 0
    count: int = 1

    def of(self, entries: Sequence[T], given: Input, epoch: int = 0) -> list[T]:
        """The host's entries for an epoch, in their order: shuffled anew for each, before they are shared out."""
        order = list(entries)
        if given.seed is not None:
            random.Random(f"{given.seed}/{epoch}").shuffle(order)  # noqa: S311 (an order, and no secret)
        return order[self.index :: self.count] if given.sharded else order


def listed(client: Any, given: Input) -> list[tuple[Address, str]]:
    """The objects of the input and the files' names below its folder, by key or as its manifest has them.

    Raises NotFound where nothing is there, Invalid for a manifest that is none.
    """
    found = list(_manifest(client, given) if given.source == "ManifestFile" else _prefix(client, given))
    if not found and not given.optional:
        raise NotFound(f'No S3 objects found under S3 URL "{given.uri}" given in input data source.')
    return found


def download(client: Any, given: Input, folder: Path, share: Share, proceed: Callable[[int], None]) -> None:
    """Download the host's share of the input into `folder`.

    `proceed` is called with the bytes of each piece, and may raise to end the download. Raises NotFound where
    nothing is there, Invalid for a manifest or key that cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def fetch(entry: tuple[Address, str]) -> None:
        address, name = entry
        target = _inside(folder, name)
        with _placed(address):
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _placed(address):
                client.download_file(address.bucket, address.key, str(target), Callback=proceed)
        except ClientError as error:
            raise lost(address, error) from error
        if given.gzip:
            try:
                _gunzip(target)
            except Invalid as error:
                raise Invalid(f"Data download failed:{address} cannot be unpacked: {error}") from error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(fetch, share.of(listed(client, given), given)))


def lost(address: Address | str, error: ClientError) -> NotFound:
    """That an object cannot be had, in SageMaker's words and S3's."""
    return NotFound(f"Data download failed:Unable to download object {address} ({refusal(error)})")


def local_name(key: str, prefix: str) -> str:
    """The file name, below the input's folder, of the object `key` that `prefix` matched.

    The prefix of a folder (with or without its last slash) is taken off; a prefix of names keeps the names.
    """
    if key == prefix:
        return key.rsplit("/", 1)[-1]
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    if key.startswith(folder):
        return key[len(folder) :]
    return key[prefix.rfind("/") + 1 :]


def _prefix(client: Any, given: Input) -> Iterator[tuple[Address, str]]:
    prefix = Address.of(given.uri)
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
            for item in page.get("Contents", []):
                if not item["Key"].endswith("/"):
                    yield Address(prefix.bucket, item["Key"]), local_name(item["Key"], prefix.key)
    except ClientError as error:
        raise NotFound(f"Data download failed:Unable to list objects under {given.uri} ({refusal(error)})") from error


def _manifest(client: Any, given: Input) -> Iterator[tuple[Address, str]]:
    """The objects of a manifest: `[{"prefix": "s3://bucket/some/"}, "relative/path", …]`."""
    address = Address.of(given.uri)
    try:
        content = client.get_object(Bucket=address.bucket, Key=address.key)["Body"].read()
        entries = json.loads(content)
        prefix = Address.of(entries[0]["prefix"])
        names = entries[1:]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("a path is no text")
    except ClientError as error:
        raise lost(given.uri, error) from error
    except (ValueError, LookupError, TypeError) as error:
        raise Invalid(f"The manifest {given.uri} is not a JSON list that begins with a prefix.") from error
    for name in names:
        yield Address(prefix.bucket, prefix.key + name), name


@contextmanager
def _placed(address: Address) -> Iterator[None]:
    """Raise Invalid where no file can have the object's name: keys may be what folders and files cannot be."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_PLACE:
            raise
        raise Invalid(f"Data download failed:{address} cannot be written as a file: {error.strerror}.") from error


def _inside(folder: Path, name: str) -> Path:
    target = folder / name.lstrip("/")
    if ".." in target.parts or "\0" in name:
        raise Invalid(f"The object's name {name!r} would be written outside the folder of its input.")
    return target


def _gunzip(path: Path) -> None:
    target = path.with_suffix("") if path.suffix == ".gz" else path
    unpacked = path.with_name(path.name + ".unpacked")
    unpack_gzip(path, unpacked)
    path.unlink()
    unpacked.replace(target)
