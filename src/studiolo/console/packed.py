"""Logs that services put in S3, packed: the end of one, as text."""

import gzip
from dataclasses import dataclass
from typing import Any

from studiolo.console.visit import Visit

LOG_BYTES = 256 * 1024
"""Of a log that are shown: its end."""
MOST_LOG = 8 * 1024 * 1024
"""Packed bytes beyond which a log is to be downloaded."""


@dataclass(frozen=True)
class PackedLog:
    """Where a log lies; its end, None where it is not there yet or too large; whether there is more than is shown."""

    bucket: str
    key: str
    text: str | None
    cut: bool


def packed_log(visit: Visit, url: str) -> PackedLog:
    """The end of the log at an S3 URL, read with the person's own keys."""
    bucket, _, key = url.partition("://")[2].partition("/")
    s3 = visit.client("s3")
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        return PackedLog(bucket, key, None, False)
    with found["Body"] as body:
        if found["ContentLength"] > MOST_LOG:
            return PackedLog(bucket, key, None, True)
        return PackedLog(bucket, key, *_end(body))


def _end(packed: Any) -> tuple[str, bool]:
    """The last of a packed text, and whether there is more before it; what it unpacks to is never held whole."""
    kept, cut = b"", False
    with gzip.GzipFile(fileobj=packed) as stream:
        while chunk := stream.read(LOG_BYTES):
            cut = cut or len(kept) + len(chunk) > LOG_BYTES
            kept = (kept + chunk)[-LOG_BYTES:]
    return kept.decode("utf-8", "replace"), cut
