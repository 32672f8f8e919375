"""Partition values as bytes that sort as the values do: what the database looks partitions up by.

A component is one value: a byte that tells NULL, a value of the key's type, or a text that is none; then the value in
a form whose bytes sort as the values, cut where it is long. So a range of values is a range of bytes that holds them
all, and may hold a few more.
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from studiolo.catalog.model import HIVE_NULL, Column

NULL, VALUE, MISFIT = b"\x01", b"\x02", b"\x03"
LONGEST_TEXT = 64
END_OF_TEXT = b"\x00\x01"
DIGITS = 38
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?)?"
)


@dataclass(frozen=True)
class Kind:
    """A type of partition keys: `read` gives a value from its text or raises ValueError, `body` its sortable bytes."""

    name: str
    read: Callable[[str], Any]
    body: Callable[[Any], bytes]


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def _read_decimal(text: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or (value and value.adjusted() >= DIGITS):
        raise ValueError(text)
    return value


def _read_date(text: str) -> date:
    if not _DATE.fullmatch(text.strip()):
        raise ValueError(text)
    year, month, day = text.strip().split("-")
    return date(int(year), int(month), int(day))


def _read_moment(text: str) -> tuple[datetime, int]:
    """To the nanosecond: a moment in whole seconds, and its nanoseconds."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    day = _read_date(found[1])
    hour, minute, second = (int(part or 0) for part in found.group(2, 3, 4))
    moment = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 (Hive's have no zone)
    return moment, int((found[5] or "").ljust(9, "0"))


def _moment_body(moment: tuple[datetime, int]) -> bytes:
    seconds = moment[0].toordinal() * 86400 + moment[0].hour * 3600 + moment[0].minute * 60 + moment[0].second
    return struct.pack(">QI", seconds, moment[1])


def _text_body(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")[:LONGEST_TEXT].replace(b"\x00", b"\x00\xff") + END_OF_TEXT


TEXT = Kind("string", str, _text_body)
INTEGER = Kind("integer", _read_integer, lambda value: struct.pack(">Q", value + 2**63))
DECIMAL = Kind("decimal", _read_decimal, lambda value: (int(value) + 2**127).to_bytes(16, "big"))
DATE = Kind("date", _read_date, lambda value: struct.pack(">I", value.toordinal()))
MOMENT = Kind("timestamp", _read_moment, _moment_body)

_KINDS = {
    **dict.fromkeys(("string", "varchar", "char"), TEXT),
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "long"), INTEGER),
    "decimal": DECIMAL,
    "date": DATE,
    "timestamp": MOMENT,
}


def kind_of(column: Column) -> Kind | None:
    """The kind that a partition key's values are compared as; None where they cannot be compared."""
    return _kind(column.type or "string")


@lru_cache(maxsize=1024)
def _kind(type_name: str) -> Kind | None:
    return _KINDS.get(type_name.strip().lower().partition("(")[0].strip())


def component(kind: Kind, text: str) -> bytes:
    """One value of a partition."""
    if text == HIVE_NULL:
        return NULL
    try:
        return VALUE + kind.body(kind.read(text))
    except ValueError:
        return MISFIT + _text_body(text)


def components(columns: Sequence[Column], values: Sequence[str]) -> list[bytes]:
    """The values of a partition, each as its key's type."""
    return [component(kind_of(column) or TEXT, value) for column, value in zip(columns, values, strict=True)]


def partition_key(parts: Sequence[bytes], values: Sequence[str]) -> bytes:
    """What a partition is kept and sorted by: its components; and, as `1` and `01` are two partitions, a digest."""
    written = json.dumps(values).encode()
    return b"".join(parts) + hashlib.blake2b(written, digest_size=8).digest()


def segment_hash(key: bytes) -> int:
    """A number that spreads partitions evenly over segments."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "big") >> 1


def after_prefix(prefix: bytes) -> bytes | None:
    """The first bytes after all that begin so; None where there are none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None
