"""The calls of an S3 client that a runner makes, on a dictionary: `bucket/key` to what the object holds."""

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError


class Store:
    """What may not be done is named in `denied`."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.denied: set[str] = set()

    def names(self, archive: str) -> list[str]:
        """The members of an archive that was written."""
        with tarfile.open(fileobj=io.BytesIO(self.objects[archive])) as tar:
            return tar.getnames()

    def get_paginator(self, _operation: str) -> "Store":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - as boto3 names them
        for key in sorted(self.objects):
            if key.startswith(f"{Bucket}/{Prefix}"):
                yield {"Contents": [{"Key": key.partition("/")[2]}]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._content(Bucket, Key))}

    def download_file(self, bucket: str, key: str, path: str, Callback: Callable[[int], None]) -> None:  # noqa: N803
        content = self._content(bucket, key)
        Callback(len(content))
        Path(path).write_bytes(content)

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        with Path(path).open("rb") as file:
            self.upload_fileobj(file, bucket, key)

    def upload_fileobj(self, file: BinaryIO, bucket: str, key: str) -> None:
        if "PutObject" in self.denied:
            raise S3UploadFailedError("An error occurred (AccessDenied) when calling the PutObject operation: no")
        key.encode()  # as a real client does
        self.objects[f"{bucket}/{key}"] = file.read()

    def _content(self, bucket: str, key: str) -> bytes:
        if "GetObject" in self.denied:
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")
        if f"{bucket}/{key}" not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return self.objects[f"{bucket}/{key}"]
