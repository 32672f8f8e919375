"""Notices of what was done to objects, for buckets that have notifications of functions or EventBridge."""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

import aiohttp

from studiolo.aws.http import HttpRequest
from studiolo.door.admission import Caller
from studiolo.door.calls import Calls, in_our_name, nothing
from studiolo.door.names import Named
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
WANTED = (
    "EventBridgeConfiguration", "CloudFunctionConfiguration", "LambdaFunctionConfiguration", "QueueConfiguration",
    "TopicConfiguration",
)  # fmt: skip


class Notifying:
    """Leaves notices; a bucket's are told in its region and account."""

    def __init__(self, calls: Calls, notices: Notices, settings: BucketSettings, owner: Callable[[str], str]) -> None:
        self._calls = calls
        self._notices = notices
        self._settings = settings
        self._owner = owner
        self._known: dict[str, tuple[float, str | None]] = {}

    async def changed(
        self, request: HttpRequest, named: Named, name: str, caller: Caller, answer: aiohttp.ClientResponse
    ) -> None:
        """Leave a notice of what an operation did to an object, where its bucket wants it told."""
        if name not in OF:
            return
        wanted = await self._wanted(named.bucket)
        if wanted is None:
            return
        reason = "CopyObject" if named.source is not None and name == "PutObject" else name
        version, event = answer.headers.get("x-amz-version-id"), OF[reason]
        size: int | None = None
        etag: str | None = None
        if name == "DeleteObject":
            event = MARKED if answer.headers.get("x-amz-delete-marker") == "true" else event
        else:
            looked = self._calls.own(request, Named("HEAD", named.bucket, named.key), in_our_name())
            async with await self._calls.asked(looked, nothing) as found:
                if found.status != HTTPStatus.OK:
                    return
                size, etag = int(found.headers.get("content-length", 0)), found.headers.get("etag", "").strip('"')
        by = caller.principal.user_id if caller.principal is not None else "ANONYMOUS"
        identifier = answer.headers.get("x-amz-request-id", "")
        notice = Notice(named.bucket, named.key, event, reason, identifier, by, wanted, size, etag, version)
        await asyncio.to_thread(self._leave, named.bucket, [notice])

    async def deleted(self, caller: Caller, answer: aiohttp.ClientResponse, bucket: str, keys: Sequence[str]) -> None:
        """Leave a notice of each of the keys that DeleteObjects deleted, where the bucket wants it told."""
        wanted = await self._wanted(bucket)
        if wanted is None or not keys:
            return
        by, identifier = caller.known_principal.user_id, answer.headers.get("x-amz-request-id", "")
        event = OF["DeleteObjects"]
        told = [Notice(bucket, key, event, "DeleteObjects", identifier, by, wanted) for key in keys]
        await asyncio.to_thread(self._leave, bucket, told)

    async def _wanted(self, bucket: str) -> str | None:
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

    def _leave(self, bucket: str, notices: Sequence[Notice]) -> None:
        region = self._settings.get(bucket, "region") or "us-east-1"
        self._notices.add(self._owner(bucket), region, notices)
