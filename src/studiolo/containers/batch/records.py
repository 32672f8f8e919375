"""Records: cut from a stream, in memory one at a time, and put together to the bodies of requests."""

import struct
from collections.abc import Callable, Iterator
from typing import IO

from studiolo.containers.batch.specification import Split
from studiolo.domain import Invalid
from studiolo.recordio import HEADER, MAGIC, MAXIMUM_LENGTH

_TF_HEADER = struct.Struct("<QI")
_TF_FOOTER = 4
_CONTINUES = (1, 2)
"""The flags of a RecordIO frame after which its record goes on."""
_FLAG_BITS = 29


class TooLarge(Invalid):
    """A record, or a whole object, is larger than a request may be."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"A record is larger than the {most >> 20} MiB that MaxPayloadInMB allows for a request: raise it, or set a "
            "SplitType that makes smaller records"
        )


def records(stream: IO[bytes], split: Split, most: int) -> Iterator[bytes]:
    """The records of a stream, each with all its bytes; the whole of it without a split.

    Raises TooLarge for one of more than `most` bytes, Invalid for framing that is broken.
    """
    cut: dict[str, Callable[[IO[bytes], int], Iterator[bytes]]] = {
        "None": _whole,
        "Line": _lines,
        "RecordIO": _record_io,
        "TFRecord": _tf_records,
    }
    return cut[split](stream, most)


def gathered(of: Iterator[bytes], most: int, *, single: bool) -> Iterator[list[bytes]]:
    """The records of each request: one, or as many as `most` bytes hold."""
    taken: list[bytes] = []
    size = 0
    for record in of:
        if taken and (single or size + len(record) > most):
            yield taken
            taken, size = [], 0
        taken.append(record)
        size += len(record)
    if taken:
        yield taken


def blocks(stream: IO[bytes], most: int) -> Iterator[bytes]:
    """Whole lines, as many at a time as `most` bytes hold: lines one by one would take ten times their memory.

    Raises TooLarge for a line of more than `most` bytes.
    """
    rest = b""
    while piece := stream.read(most - len(rest)):
        block = rest + piece
        end = block.rfind(b"\n") + 1
        if not end and len(block) == most:
            if stream.read(1) not in (b"", b"\n"):
                raise TooLarge(most)
            end = most
        block, rest = block[:end], block[end:]
        if block.strip():
            yield block
    if rest.strip():
        yield rest


def _whole(stream: IO[bytes], most: int) -> Iterator[bytes]:
    content = stream.read(most + 1)
    if len(content) > most:
        raise TooLarge(most)
    if content:
        yield content


def _lines(stream: IO[bytes], most: int) -> Iterator[bytes]:
    while line := stream.readline(most + 2):
        if len(line) > most + line.endswith(b"\n"):
            raise TooLarge(most)
        if line.strip():
            yield line


def _record_io(stream: IO[bytes], most: int) -> Iterator[bytes]:
    record = bytearray()
    while header := stream.read(HEADER.size):
        magic, word = HEADER.unpack(_filled(header, HEADER.size))
        if magic != MAGIC:
            raise Invalid("The object is not RecordIO: a record does not begin with its magic number")
        length = word & MAXIMUM_LENGTH
        padded = length + -length % 4
        if len(record) + HEADER.size + padded > most:
            raise TooLarge(most)
        record += header + _filled(stream.read(padded), padded)
        if word >> _FLAG_BITS not in _CONTINUES:
            yield bytes(record)
            record.clear()
    if record:
        raise Invalid("The RecordIO object ends in the middle of a record")


def _tf_records(stream: IO[bytes], most: int) -> Iterator[bytes]:
    while header := stream.read(_TF_HEADER.size):
        length, _ = _TF_HEADER.unpack(_filled(header, _TF_HEADER.size))
        if length + _TF_HEADER.size + _TF_FOOTER > most:
            raise TooLarge(most)
        yield header + _filled(stream.read(length + _TF_FOOTER), length + _TF_FOOTER)


def _filled(content: bytes, size: int) -> bytes:
    if len(content) != size:
        raise Invalid("The object ends in the middle of a record")
    return content
