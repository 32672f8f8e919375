"""Where `s3-dist-cp` copies from and to: a bucket, HDFS, a folder."""

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from studiolo.node.waking import NAMENODE

DISK = "STUDIOLO_HDFS"
"""Names the folder that is the cluster's hdfs://."""

WAIT_SECONDS = 300.0
"""How long an answer of HDFS may take, which may have to be started for it."""


@dataclass(frozen=True)
class Written:
    """How objects are written: with a storage class, with S3's encryption asked for."""

    storage_class: str | None = None
    encrypted: bool = False

    def arguments(self) -> dict[str, str]:
        """For S3's operations."""
        encryption = {"ServerSideEncryption": "AES256"} if self.encrypted else {}
        return {**({"StorageClass": self.storage_class} if self.storage_class else {}), **encryption}


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
    def __init__(self, url: str, client: Any, written: Written) -> None:
        self._bucket, _, prefix = url.partition("://")[2].partition("/")
        self._prefix = prefix
        self._client = client
        self._written = written

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
        self._client.upload_file(str(file), self._bucket, self._key(name), ExtraArgs=self._written.arguments())

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


def place(url: str, client: Any, written: Written = Written()) -> Place:
    """The place that a URL names: s3://, hdfs://, file:/ or a path, which is of hdfs://."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme in ("s3", "s3a", "s3n"):
        return Bucket(url, client, written)
    if url.startswith("file:"):
        return Folder(Path("/" + url.removeprefix("file:").lstrip("/")))
    path = rest.partition("/")[2] if separator else url
    if os.environ.get(NAMENODE):
        return Hdfs(os.environ[NAMENODE], path)
    return Folder(Path(os.environ[DISK]) / path.lstrip("/"))
