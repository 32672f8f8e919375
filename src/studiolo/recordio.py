"""RecordIO framing: a magic number, a length, the payload, padding to four bytes (dmlc's RecordIO).

The upper three bits of the length say whether a frame is a whole record or a part of one: a payload that itself
contains the magic number is cut there, and joined by it again.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = 0xCED7230A
HEADER = struct.Struct("<II")
MAXIMUM_LENGTH = (1 << 29) - 1
_MAGIC_BYTES = struct.pack("<I", MAGIC)
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


def read_payloads(stream: BinaryIO, offset: int = 0) -> Iterator[bytes]:
    """Each record's payload in turn; one record is in memory at a time.

    `offset` is the position of the stream's first byte in its file, for messages. Raises Invalid with the
    offset of the frame that is not right.
    """
    parts: list[bytes] | None = None
    while header := stream.read(HEADER.size):
        header += _read(stream, HEADER.size - len(header), offset + len(header))
        flag, payload, padded = _frame(stream, header, offset)
        if (flag in (_WHOLE, _FIRST)) != (parts is None):
            raise Invalid(f"RecordIO data is corrupt at byte {offset}: a record's part is out of order.")
        if flag == _WHOLE:
            yield payload
        else:
            parts = [*(parts or ()), payload]
            if flag == _LAST:
                yield _MAGIC_BYTES.join(parts)
                parts = None
        offset += HEADER.size + padded
    if parts is not None:
        raise Invalid(f"RecordIO data ends at byte {offset} in the middle of a record.")


def write_payloads(stream: BinaryIO, payloads: Iterable[bytes]) -> None:
    """Write each payload as one whole record. Raises Invalid for one of 512 MiB or more."""
    for payload in payloads:
        stream.write(frame(payload))


def frame(payload: bytes) -> bytes:
    """The payload as one whole record. Raises Invalid at 512 MiB or more."""
    if len(payload) > MAXIMUM_LENGTH:
        raise Invalid(f"A RecordIO record is {len(payload)} bytes long; the format allows {MAXIMUM_LENGTH}.")
    return HEADER.pack(MAGIC, len(payload)) + payload + bytes(-len(payload) % 4)


def _frame(stream: BinaryIO, header: bytes, offset: int) -> tuple[int, bytes, int]:
    magic, word = HEADER.unpack(header)
    if magic != MAGIC:
        raise Invalid(f"RecordIO data is corrupt at byte {offset}: {magic:#010x} is not the magic number {MAGIC:#x}.")
    flag, length = word >> 29, word & MAXIMUM_LENGTH
    if flag > _LAST:
        raise Invalid(f"RecordIO data is corrupt at byte {offset}: {flag} is not a part flag.")
    padded = length + -length % 4
    return flag, _read(stream, padded, offset + HEADER.size)[:length], padded


def _read(stream: BinaryIO, size: int, offset: int) -> bytes:
    data = stream.read(size)
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    if len(data) < size:
        raise Invalid(
            f"RecordIO data is cut off at byte {offset + len(data)}: {size} bytes were to follow byte {offset}, "
            f"{len(data)} are there."
        )
    return data
