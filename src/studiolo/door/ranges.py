"""Ranges of bytes that requests ask for, read as S3 does: its store refuses what S3 overlooks, and the other way.

After GetObject and UploadPartCopy (Amazon S3 API Reference) and RFC 9110, 14.2: a Range that is not well-formed is
overlooked.
"""

import re
from dataclasses import replace

from studiolo.aws.errors import ServiceError
from studiolo.door.names import Named

_OF_PART = "x-amz-copy-source-range"
_RANGE = re.compile(r"bytes=(?:([0-9]+)-([0-9]*)|-[0-9]+)")


def read(named: Named) -> Named:
    """A request that reads an object, without a Range that is none. Raises ServiceError (400)."""
    asked = named.headers.get("range")
    if asked is None:
        return named
    if "partNumber" in named.parameters:
        raise ServiceError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter", 400)
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    if found is not None and not _is_turned(found):
        return named
    return replace(named, headers={name: value for name, value in named.headers.items() if name != "range"})


def check_copied(named: Named) -> None:
    """Raise ServiceError (400) for a range of a part's source without its first or last byte."""
    asked = named.headers.get(_OF_PART)
    found = _RANGE.fullmatch(asked) if asked is not None else None
    if asked is not None and (found is None or not found[1] or not found[2] or _is_turned(found)):
        message = (
            f"The {_OF_PART} value must be of the form bytes=first-last where first and last are the zero-based offsets "
            "of the first and last bytes to copy"
        )
        raise ServiceError("InvalidArgument", message, 400)


def _is_turned(found: re.Match[str]) -> bool:
    return bool(found[2]) and int(found[2]) < int(found[1])
