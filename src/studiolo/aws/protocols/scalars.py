"""Single values as text: what forms, XML, headers, paths and query strings hold."""

import re
from collections.abc import Callable
from typing import Any

from botocore.model import Shape

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError
from studiolo.aws.protocols.json_values import INTEGER_LIMITS, SPECIAL_FLOATS, read_base64, write_base64, write_float

_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,5})?", re.ASCII)


def text_reader(shape: Shape, timestamp_format: str) -> Callable[[str], Any]:
    """A function from text to the shape's value; it raises MalformedError."""
    kind = shape.type_name
    if kind in INTEGER_LIMITS:
        limit = INTEGER_LIMITS[kind]
        return lambda text: _integer(text, limit)
    if kind == "timestamp":
        form = shape.serialization.get("timestampFormat", timestamp_format)
        return lambda text: timestamps.from_text(text.strip(), form)
    if kind == "boolean":
        return _boolean
    if kind in ("float", "double"):
        return _float
    return read_base64 if kind == "blob" else str


def text_writer(shape: Shape, timestamp_format: str) -> Callable[[Any], str]:
    """A function from the shape's value to text."""
    kind = shape.type_name
    if kind == "timestamp":
        form = shape.serialization.get("timestampFormat", timestamp_format)
        return lambda value: timestamps.to_text(value, form)
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind in ("float", "double"):
        return lambda value: str(write_float(value))
    if kind in INTEGER_LIMITS:
        return lambda value: str(int(value))
    return write_base64 if kind == "blob" else str


def _integer(text: str, limit: int) -> int:
    if not _INTEGER.fullmatch(text.strip()) or not -limit <= int(text) < limit:
        raise MalformedError(f"{text[:80]!r} can not be converted to an Integer")
    return int(text)


def _float(text: str) -> float:
    text = text.strip()
    if text in SPECIAL_FLOATS:
        return SPECIAL_FLOATS[text]
    if not _FLOAT.fullmatch(text):
        raise MalformedError(f"{text[:80]!r} can not be converted to a Double")
    return float(text)


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise MalformedError(f"{text[:80]!r} can not be converted to a Boolean")
    return lowered == "true"
