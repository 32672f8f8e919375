"""The body of an uploading form (multipart/form-data, RFC 7578), taken apart while it streams."""

import re
from typing import Literal

from studiolo.aws.errors import ServiceError
from studiolo.aws.payloads import PayloadReader

MAX_FIELDS = 20 * 1024
"""Bytes of a form before its file (Amazon S3 API Reference, "POST Object")."""
MAX_FILE = 5 * 1024**3
"""Bytes of an object that is put at once."""

_BOUNDARY = re.compile(r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))', re.IGNORECASE)
_NAME = re.compile(r'[;\s]name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FILENAME = re.compile(r'[;\s]filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a form that can have a file; None for anything else."""
    match = _BOUNDARY.match(content_type.strip())
    return (match[1] or match[2]).encode() if match else None


class FormReader(PayloadReader):
    """Gives back the bytes of the field `file`; those before it are in `fields` by then, with names in lower case.

    filename: of the file, without folders. What comes after the file does not count, as in S3.
    """

    def __init__(self, boundary: bytes) -> None:
        self._edge = b"\r\n--" + boundary
        # The first boundary need not begin a line.
        self._pending = b"\r\n"
        self._left = MAX_FIELDS
        self._state: Literal["fields", "file", "over"] = "fields"
        self._given = 0
        self._fewest, self._most = 0, MAX_FILE
        self.fields: dict[str, str] = {}
        self.filename = ""

    @property
    def has_file(self) -> bool:
        """Whether all fields before the file are there."""
        return self._state != "fields"

    def bound(self, fewest: int, most: int) -> None:
        """How many bytes the file may have. Raises ServiceError where it is known already that it has not."""
        self._fewest, self._most = fewest, most
        self._check_size()

    def feed(self, data: bytes) -> bytes:
        if self._state == "over":
            return b""
        self._pending += data
        if self._state == "fields":
            self._read_fields()
        piece = self._read_file() if self._state == "file" else b""
        self._given += len(piece)
        self._check_size()
        return piece

    def finish(self) -> None:
        if self._state != "over":
            raise _malformed("it has no whole field named file")

    def _read_fields(self) -> None:
        while self._state == "fields" and self._read_field():
            pass
        waiting = 0 if self.has_file else len(self._pending)
        if self._left < waiting:
            message = "Your POST request fields preceding the upload file were too large."
            raise ServiceError("MaxPostPreDataLengthExceeded", message, 400)

    def _read_field(self) -> bool:
        """Take the next part that is whole off what is pending; whether there was one."""
        start = self._pending.find(self._edge)
        head = self._pending.find(b"\r\n\r\n", start + len(self._edge)) if start >= 0 else -1
        if head < 0:
            return False
        text = self._pending[start + len(self._edge) : head].decode("utf-8", "replace")
        named = _NAME.search(text)
        if named is None:
            raise _malformed("a part of it has no name")
        name, end = named[1].lower(), head + 4
        if name == "file":
            filename = _FILENAME.search(text)
            self.filename = re.split(r"[/\\]", filename[1])[-1] if filename else ""
            self._state = "file"
        else:
            end = self._pending.find(self._edge, head + 4)
            if end < 0:
                return False
            if name in self.fields:
                raise _malformed(f"the field {name[:80]} is there more than once")
            try:
                self.fields[name] = self._pending[head + 4 : end].decode()
            except UnicodeDecodeError as error:
                raise _malformed(f"the field {name[:80]} is not UTF-8") from error
        self._left -= end
        self._pending = self._pending[end:]
        return True

    def _read_file(self) -> bytes:
        end = self._pending.find(self._edge)
        if end >= 0:
            piece, self._pending, self._state = self._pending[:end], b"", "over"
            return piece
        # What may be the beginning of the boundary stays.
        sure = max(0, len(self._pending) - len(self._edge) + 1)
        piece, self._pending = self._pending[:sure], self._pending[sure:]
        return piece

    def _check_size(self) -> None:
        if self._given > self._most:
            raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400)
        if self._state == "over" and self._given < self._fewest:
            raise ServiceError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", 400)


def _malformed(reason: str) -> ServiceError:
    message = f"The body of your POST request is not well-formed multipart/form-data: {reason}."
    return ServiceError("MalformedPOSTRequest", message, 400)
