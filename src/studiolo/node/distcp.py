"""`s3-dist-cp` and `hadoop distcp`: objects and files, copied from one place to another by several threads.

Patterns, grouping and sizes are as "S3DistCp (s3-dist-cp)" in the EMR Release Guide has them.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from studiolo.node.waking import NAMENODE

THREADS = 8
MIB = 1024 * 1024
DISK = "STUDIOLO_HDFS"
"""Names the folder that is the cluster's hdfs://."""

WAIT_SECONDS = 300.0
"""How long an answer of HDFS may take, which may have to be started for it."""


class Place:
    """Where files are: under a prefix of a bucket, or in a folder. `list` tells each file's path below it and size."""

    def list(self) -> Iterator[tuple[str, int]]:
        raise NotImplementedError

    def fetch(self, name: str, into: Path) -> None:
        raise NotImplementedError

    def put(self, file: Path, name: str) -> None:
        raise NotImplementedError

    def delete(self, name: str) -> None:
        raise NotImplementedError


class Bucket(Place):
    def __init__(self, url: str, client: Any) -> None:
        self._bucket, _, prefix = url.partition("://")[2].partition("/")
        self._prefix = prefix
        self._client = client

    def _key(self, name: str) -> str:
        return f"{self._prefix.rstrip('/')}/{name}".lstrip("/") if name else self._prefix

    def list(self) -> Iterator[tuple[str, int]]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix):
            for found in page.get("Contents", []):
                below = found["Key"][len(self._prefix.rstrip("/")) :]
                if not found["Key"].endswith("/") and (below == "" or below.startswith("/") or not self._prefix):
                    yield below.lstrip("/"), found["Size"]

    def fetch(self, name: str, into: Path) -> None:
        self._client.download_file(self._bucket, self._key(name), str(into))

    def put(self, file: Path, name: str) -> None:
        self._client.upload_file(str(file), self._bucket, self._key(name))

    def delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._key(name))


class Folder(Place):
    def __init__(self, path: Path) -> None:
        self._path = path

    def list(self) -> Iterator[tuple[str, int]]:
        if self._path.is_file():
            yield "", self._path.stat().st_size
        for file in sorted(self._path.rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                yield str(file.relative_to(self._path)), file.stat().st_size

    def fetch(self, name: str, into: Path) -> None:
        shutil.copyfile(self._path / name if name else self._path, into)

    def put(self, file: Path, name: str) -> None:
        target = self._path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)

    def delete(self, name: str) -> None:
        (self._path / name).unlink()


class Hdfs(Place):
    """HDFS, by its REST API ("WebHDFS REST API", Hadoop's documentation)."""

    def __init__(self, address: str, path: str) -> None:
        self._address = address
        self._path = f"/{path.strip('/')}"

    def _url(self, name: str, operation: str, **more: str) -> str:
        words = urllib.parse.urlencode({"op": operation, "user.name": "hadoop", **more})
        path = f"{self._path.rstrip('/')}/{name}" if name else self._path
        return f"http://{self._address}/webhdfs/v1{urllib.parse.quote(path)}?{words}"

    def _ask(self, url: str, method: str = "GET", content: Any = None, **headers: str) -> Any:
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 (it begins with http:)
        return urllib.request.urlopen(request, timeout=WAIT_SECONDS)  # noqa: S310

    def list(self) -> Iterator[tuple[str, int]]:
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with self._ask(self._url(folder, "LISTSTATUS")) as answer:
                    found = json.load(answer)["FileStatuses"]["FileStatus"]
            except urllib.error.HTTPError as error:
                if error.code == HTTPStatus.NOT_FOUND:
                    return
                raise
            for one in found:
                name = f"{folder}/{one['pathSuffix']}".strip("/")
                if one["type"] == "DIRECTORY":
                    folders.append(name)
                elif not one["pathSuffix"].startswith("."):
                    yield name, one["length"]

    def fetch(self, name: str, into: Path) -> None:
        with self._ask(self._url(name, "OPEN")) as answer, into.open("wb") as file:
            shutil.copyfileobj(answer, file)

    def put(self, file: Path, name: str) -> None:
        # The NameNode says where the file is to be written; a redirection would be followed without it.
        with self._ask(self._url(name, "CREATE", overwrite="true", noredirect="true"), "PUT") as answer:
            at = json.load(answer)["Location"]
        headers = {"Content-Length": str(file.stat().st_size), "Content-Type": "application/octet-stream"}
        with file.open("rb") as content:
            self._ask(at, "PUT", content, **headers).close()

    def delete(self, name: str) -> None:
        self._ask(self._url(name, "DELETE"), "DELETE").close()


def place(url: str, client: Any) -> Place:
    """The place that a URL names: s3://, hdfs://, file:// or a path, which is of hdfs://."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("s3", "s3a", "s3n"):
        return Bucket(url, client)
    if separator and scheme == "file":
        return Folder(Path(rest))
    path = rest.partition("/")[2] if separator else url
    if os.environ.get(NAMENODE):
        return Hdfs(os.environ[NAMENODE], path)
    return Folder(Path(os.environ[DISK]) / path.lstrip("/"))


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """The options that are carried out; another one ends the program, which names it."""
    parser = argparse.ArgumentParser("s3-dist-cp", allow_abbrev=False)
    for name in ("src", "dest"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("srcPattern", "groupBy", "outputCodec", "s3Endpoint"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--targetSize", type=int)
    parser.add_argument("--deleteOnSuccess", action="store_true")
    parser.add_argument("--appendToLastFile", action="store_true")
    return parser.parse_args(list(arguments))


def grouped(names: Sequence[tuple[str, int]], pattern: str | None, target: int | None) -> dict[str, list[str]]:
    """The files by the name of what is made of them: each of its own, or joined by what the groups of `pattern` match.

    target: MiB after which a joined file is complete, and a next one begins.
    """
    if pattern is None:
        return {name: [name] for name, _ in names}
    expression, made, sizes = re.compile(pattern), dict[str, list[str]](), dict[str, tuple[int, int]]()
    for name, size in names:
        found = expression.fullmatch(name) or expression.fullmatch(f"/{name}")
        if found is None:
            continue
        group = "".join(part or "" for part in found.groups()) or "joined"
        number, total = sizes.get(group, (0, 0))
        if target is not None and total and total + size > target * MIB:
            number, total = number + 1, 0
        sizes[group] = number, total + size
        made.setdefault(f"{group}{number}" if target is not None else group, []).append(name)
    return made


def copy(arguments: Sequence[str]) -> int:
    """Copy; the exit status."""
    asked = options(arguments)
    if asked.appendToLastFile or asked.outputCodec not in (None, "keep", "none", "gzip", "gz"):
        sys.stderr.write("s3-dist-cp: --appendToLastFile, and codecs but gzip, none and keep, are not here.\n")
        return 1
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}, max_pool_connections=THREADS * 2))
    source, target = place(asked.src, client), place(asked.dest, client)
    found = list(source.list())
    if asked.srcPattern:
        base = asked.src.rstrip("/")
        found = [(n, size) for n, size in found if re.fullmatch(asked.srcPattern, f"{base}/{n}")]
    if not found:
        sys.stderr.write(f"java.io.FileNotFoundException: No files to copy: {asked.src}\n")
        return 1
    made = grouped(found, asked.groupBy, asked.targetSize)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(THREADS) as pool:

        def carry(number: int, name: str, parts: Sequence[str]) -> None:
            file = Path(folder) / str(number)
            _join(source, parts, file, asked.outputCodec)
            target.put(file, _suffixed(name or Path(asked.src).name, asked.outputCodec))
            file.unlink()

        done = [pool.submit(carry, number, name, parts) for number, (name, parts) in enumerate(made.items())]
        for future in done:
            future.result()
        if asked.deleteOnSuccess:
            for name in {part for parts in made.values() for part in parts}:
                source.delete(name)
    sys.stderr.write(f"s3-dist-cp: {sum(map(len, made.values()))} files became {len(made)} at {asked.dest}\n")
    return 0


def _join(source: Place, parts: Sequence[str], file: Path, codec: str | None) -> None:
    for number, part in enumerate(parts):
        piece = file.with_suffix(f".{number}")
        source.fetch(part, piece)
        content = piece.read_bytes() if codec in (None, "keep") else _recoded(piece, codec)
        with file.open("ab") as joined:
            joined.write(content)
        piece.unlink()


def _suffixed(name: str, codec: str | None) -> str:
    """By its name a reader knows how a file is compressed."""
    if codec in (None, "keep"):
        return name
    return name.removesuffix(".gz") + ("" if codec == "none" else ".gz")


def _recoded(piece: Path, codec: str) -> bytes:
    content = piece.read_bytes()
    plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    return plain if codec == "none" else gzip.compress(plain, 1)
