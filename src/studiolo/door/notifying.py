"""Notices of what was done to objects, for buckets that have notifications of functions or EventBridge."""

import asyncio
import time
from collections.abc import Callable, Sequence

from studiolo.storage import BucketSettings
from studiolo.storage.notices import Notice, Notices

OF = {
    "PutObject": "ObjectCreated:Put",
    "CopyObject": "ObjectCreated:Copy",
    "PostObject": "ObjectCreated:Post",
    "CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
    "DeleteObject": "ObjectRemoved:Delete",
    "DeleteObjects": "ObjectRemoved:Delete",
}
MARKED = "ObjectRemoved:DeleteMarkerCreated"
KIND = "notification"
KNOWN_SECONDS = 1.0
"""What a bucket wants told is asked for so seldom at most: writes should not wait for it."""
MOST_KNOWN = 1000
WANTED = ("EventBridgeConfiguration", "CloudFunctionConfiguration", "LambdaFunctionConfiguration")


class Notifying:
    """Leaves notices; a bucket's are told in its region and account."""

    def __init__(self, notices: Notices, settings: BucketSettings, owner: Callable[[str], str]) -> None:
        self._notices = notices
        self._settings = settings
        self._owner = owner
        self._known: dict[str, tuple[float, str | None]] = {}

    async def configuration(self, bucket: str) -> str | None:
        """What the bucket wants told, as XML; None for nothing."""
        known = self._known.get(bucket)
        if known is not None and time.monotonic() - known[0] < KNOWN_SECONDS:
            return known[1]
        found = await asyncio.to_thread(self._settings.get, bucket, KIND)
        if found is not None and not any(name in found for name in WANTED):
            found = None
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known[bucket] = (time.monotonic(), found)
        return found

    async def leave(self, bucket: str, notices: Sequence[Notice]) -> None:
        """Leave notices about a bucket's objects."""
        if notices:
            await asyncio.to_thread(self._leave, bucket, notices)

    def _leave(self, bucket: str, notices: Sequence[Notice]) -> None:
        region = self._settings.get(bucket, "region") or "us-east-1"
        self._notices.add(self._owner(bucket), region, notices)
