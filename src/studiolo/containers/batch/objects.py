"""Objects of any size in little memory: read range by range, written part by part."""

import io
from types import TracebackType
from typing import Any

from studiolo.containers.objects import Address

RANGE = 8 << 20
PART = 8 << 20
GROWS_AFTER = 1000
"""Parts, of which there may be 10,000, grow after so many."""


class Reading(io.RawIOBase):
    """An object's bytes. A slow reader holds no connection: each range is a request, of one version of the object."""

    def __init__(self, client: Any, address: Address) -> None:
        self._client = client
        self._place = {"Bucket": address.bucket, "Key": address.key}
        head = client.head_object(**self._place)
        self._size, self._version = head["ContentLength"], head["ETag"]
        self._at, self._left = 0, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not self._left and self._at < self._size:
            end = min(self._at + RANGE, self._size)
            answer = self._client.get_object(**self._place, Range=f"bytes={self._at}-{end - 1}", IfMatch=self._version)
            self._left, self._at = memoryview(answer["Body"].read()), end
        taken = self._left[: len(into)]
        into[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


class Writing:
    """An object that is there once all of it is written; used as a context, of which an error leaves nothing."""

    def __init__(self, client: Any, address: Address) -> None:
        self._client = client
        self._place = {"Bucket": address.bucket, "Key": address.key}
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []

    def __enter__(self) -> "Writing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._finish()
            except BaseException:
                self._abort()
                raise
        else:
            self._abort()

    def write(self, content: bytes) -> None:
        self._buffer += content
        if len(self._buffer) >= PART * (1 + len(self._parts) // GROWS_AFTER):
            self._send()

    def _send(self) -> None:
        if self._upload is None:
            self._upload = self._client.create_multipart_upload(**self._place)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._place, UploadId=self._upload, PartNumber=number, Body=bytes(self._buffer)
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._buffer.clear()

    def _finish(self) -> None:
        if self._upload is None:
            self._client.put_object(**self._place, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send()
        self._client.complete_multipart_upload(
            **self._place, UploadId=self._upload, MultipartUpload={"Parts": self._parts}
        )

    def _abort(self) -> None:
        if self._upload is not None:
            self._client.abort_multipart_upload(**self._place, UploadId=self._upload)
