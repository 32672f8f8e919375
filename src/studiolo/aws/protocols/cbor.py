"""Concise Binary Object Representation (RFC 8949), as far as AWS uses it."""

import struct
from typing import Any

from studiolo.aws.errors import MalformedError
from studiolo.aws.protocols.base import MAX_DEPTH

_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_INDEFINITE = 31
_BREAK = object()


def head(major: int, value: int) -> bytes:
    """The first bytes of an item: its major type, and its value or length."""
    first = major << 5
    if value < 24:
        return bytes((first | value,))
    if value < 1 << 8:
        return bytes((first | 24, value))
    if value < 1 << 16:
        return struct.pack(">BH", first | 25, value)
    if value < 1 << 32:
        return struct.pack(">BI", first | 26, value)
    return struct.pack(">BQ", first | 27, value)


def decode(data: bytes) -> Any:
    """One item, the whole of `data`; a tag is left out. Raises MalformedError."""
    reader = _Reader(data)
    value = reader.item(0)
    if value is _BREAK or reader.position != len(data):
        raise MalformedError("The CBOR body does not end where it should")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def item(self, depth: int) -> Any:
        """The next item, or _BREAK."""
        if depth > MAX_DEPTH:
            raise MalformedError("The request is nested too deeply")
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        if info == _INDEFINITE:
            return self._indefinite(major, depth)
        length = self._length(info)
        if major == 0:
            return length
        if major == 1:
            return -1 - length
        if major == 2:
            return self._take(length)
        if major == 3:
            return self._text(self._take(length))
        if major == 4:
            return [self._whole(depth) for _ in range(self._possible(length))]
        if major == 5:
            return {self._key(depth): self._whole(depth) for _ in range(self._possible(length))}
        return self._whole(depth)

    def _indefinite(self, major: int, depth: int) -> Any:
        if major == 4:
            return list(iter(lambda: self.item(depth + 1), _BREAK))
        if major == 5:
            return {self._checked_key(key): self._whole(depth) for key in iter(lambda: self.item(depth + 1), _BREAK)}
        if major not in (2, 3):
            raise MalformedError("The CBOR body has a number without an end")
        pieces = []
        while (first := self._take(1)[0]) != 0xFF:
            if first >> 5 != major or first & 31 == _INDEFINITE:
                raise MalformedError("The CBOR body has a string in unfit pieces")
            pieces.append(self._take(self._length(first & 31)))
        joined = b"".join(pieces)
        return joined if major == 2 else self._text(joined)

    def _whole(self, depth: int) -> Any:
        value = self.item(depth + 1)
        if value is _BREAK:
            raise MalformedError("The CBOR body has a break where an item belongs")
        return value

    def _key(self, depth: int) -> str:
        return self._checked_key(self._whole(depth))

    @staticmethod
    def _checked_key(key: Any) -> str:
        if not isinstance(key, str):
            raise MalformedError("The CBOR body has a map whose key is not text")
        return key

    def _simple(self, info: int) -> Any:
        if info == _INDEFINITE:
            return _BREAK
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info not in _FLOATS:
            raise MalformedError("The CBOR body has a simple value that AWS does not use")
        form, size = _FLOATS[info]
        return struct.unpack(form, self._take(size))[0]

    def _length(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise MalformedError("The CBOR body has a length that is not one")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _possible(self, count: int) -> int:
        if count > len(self._data) - self.position:
            raise MalformedError("The CBOR body ends too early")
        return count

    def _take(self, size: int) -> bytes:
        start = self.position
        end = start + size
        if end > len(self._data):
            raise MalformedError("The CBOR body ends too early")
        self.position = end
        return self._data[start:end]

    @staticmethod
    def _text(data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise MalformedError("The CBOR body has text that is not UTF-8") from error
