"""Storage: buckets, prefixes and objects; what is in an object, to be seen, sent and deleted."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from studiolo.console.pages.page import Page
from studiolo.console.reading import preview
from studiolo.console.rows import NoSample, Rows
from studiolo.console.snippets import of_object
from studiolo.console.visit import PAGE, Refused, Visit

TEXT_BYTES = 64 * 1024
"""Of a text that are shown."""
CHUNK = 256 * 1024
GIB = 1024**3
LARGEST = 64 * GIB
"""Bytes of what is sent by the console."""
TOO_LARGE = f"By the console at most {LARGEST // GIB} GiB are sent at once: send more with `aws s3 cp`."
PART = 8 * 1024**2
"""Of which S3 takes 10,000."""

DATA = {".parquet": "Parquet", ".orc": "ORC", ".csv": "CSV", ".tsv": "CSV", ".json": "JSON", ".jsonl": "JSON"}
PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
SANDBOX = "sandbox; default-src 'none'"
"""What an object may do as a page: nothing."""


def buckets(visit: Visit) -> Response:
    given = {"Prefix": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"ContinuationToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("s3").list_buckets(MaxBuckets=PAGE, **given)
    return visit.page("buckets.html", buckets=found["Buckets"], more=found.get("ContinuationToken"))


def create_bucket(visit: Visit) -> Response:
    name = visit.form.get("name", "").strip()
    place = {} if visit.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": visit.region}}
    visit.client("s3").create_bucket(Bucket=name, **place)
    return visit.go(f"/storage/{quote(name)}")


def bucket(visit: Visit) -> Response:
    name, prefix, begins = visit.path["bucket"], visit.query.get("prefix", ""), visit.query.get("find", "")
    after = {"ContinuationToken": visit.query["after"]} if visit.query.get("after") else {}
    listed = visit.client("s3").list_objects_v2(
        Bucket=name, Prefix=prefix + begins, Delimiter="/", MaxKeys=PAGE, **after
    )
    parts = [part for part in prefix.split("/") if part]
    return visit.page(
        "bucket.html",
        bucket=name,
        prefix=prefix,
        crumbs=[("/".join(parts[: i + 1]) + "/", part) for i, part in enumerate(parts)],
        folders=[each["Prefix"] for each in listed.get("CommonPrefixes", [])],
        objects=[each for each in listed.get("Contents", []) if each["Key"] != prefix],
        more=listed.get("NextContinuationToken"),
    )


def delete_bucket(visit: Visit) -> Response:
    visit.client("s3").delete_bucket(Bucket=visit.path["bucket"])
    return visit.go("/storage")


def shown_object(visit: Visit) -> Response:
    bucket, key = visit.path["bucket"], visit.query.get("key", "")
    s3 = visit.client("s3")
    head = s3.head_object(Bucket=bucket, Key=key)
    suffix = _suffix(key)
    rows: Rows | None = None
    text = why = None
    if suffix in DATA:
        try:
            rows = preview(visit.person, f"{bucket}/{key}", DATA[suffix])
        except NoSample as error:
            why = str(error)
    elif suffix not in PICTURES and head["ContentLength"]:
        text, why = _text(s3, bucket, key)
    return visit.page(
        "object.html",
        bucket=bucket,
        key=key,
        head=head,
        rows=rows,
        text=text,
        why=why,
        cut=text is not None and head["ContentLength"] > TEXT_BYTES,
        picture=suffix in PICTURES,
        snippets=of_object(bucket, key),
    )


def download(visit: Visit) -> Response:
    """The object itself: as a file, or a picture to be shown where that is asked for."""
    bucket, key = visit.path["bucket"], visit.query.get("key", "")
    found = visit.client("s3").get_object(Bucket=bucket, Key=key)
    picture = PICTURES.get(_suffix(key)) if visit.query.get("shown") else None
    headers = {"content-length": str(found["ContentLength"]), "content-security-policy": SANDBOX}
    if picture is None:
        name = quote(PurePosixPath(key).name or "object", safe="")
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{name}"
    return StreamingResponse(_chunks(found["Body"]), headers=headers, media_type=picture or "application/octet-stream")


def upload(visit: Visit) -> Response:
    bucket, prefix, name = visit.path["bucket"], visit.query.get("prefix", ""), visit.query.get("name", "")
    try:
        _put(visit.client("s3"), visit.body, {"Bucket": bucket, "Key": prefix + name})
    except TooLarge:
        return visit.page("refused.html", 413, said=Refused("EntityTooLarge", TOO_LARGE, 413))
    return visit.go(f"/storage/{quote(bucket)}?prefix={quote(prefix)}")


def delete_object(visit: Visit) -> Response:
    bucket, key = visit.path["bucket"], visit.form.get("key", "")
    visit.client("s3").delete_object(Bucket=bucket, Key=key)
    folder = key.rpartition("/")[0]
    return visit.go(f"/storage/{quote(bucket)}?prefix={quote(folder + '/' if folder else '')}")


def _put(s3: Any, sent: "Sent", place: Mapping[str, str]) -> None:
    """Make an object of what is sent, a part at a time in memory. Raises TooLarge and ClientDisconnect."""
    part = sent.read(PART)
    if len(part) < PART:
        s3.put_object(**place, Body=part, ContentType=sent.content_type)
        return
    begun = {**place, "UploadId": s3.create_multipart_upload(**place, ContentType=sent.content_type)["UploadId"]}
    parts: list[dict[str, Any]] = []
    try:
        while part:
            number = len(parts) + 1
            parts.append({"ETag": s3.upload_part(**begun, PartNumber=number, Body=part)["ETag"], "PartNumber": number})
            part = sent.read(PART)
        s3.complete_multipart_upload(**begun, MultipartUpload={"Parts": parts})
    except BaseException:
        s3.abort_multipart_upload(**begun)
        raise


class TooLarge(Exception):
    """More was sent than the console takes."""


class Sent:
    """What a browser sends, read while it comes: by a thread, from the loop in which the request is answered."""

    def __init__(self, request: Request) -> None:
        self.content_type = request.headers.get("content-type", "application/octet-stream")
        self._announced = int(request.headers.get("content-length", 0))
        self._stream = aiter(request.stream())
        self._loop = asyncio.get_running_loop()
        self._come = bytearray()
        self._size = 0

    def read(self, size: int) -> bytes:
        """The next bytes, fewer than `size` at the end alone. Raises TooLarge, and ClientDisconnect."""
        while len(self._come) < size and (chunk := self._next()):
            self._come += chunk
        taken = bytes(self._come[:size])
        del self._come[:size]
        return taken

    def _next(self) -> bytes:
        if max(self._announced, self._size) > LARGEST:
            raise TooLarge
        chunk = asyncio.run_coroutine_threadsafe(self._ask(), self._loop).result()
        self._size += len(chunk)
        return chunk

    async def _ask(self) -> bytes:
        """The next piece; empty after the last."""
        async for chunk in self._stream:
            if chunk:
                return chunk
        return b""


def _text(s3: Any, bucket: str, key: str) -> tuple[str | None, str | None]:
    """The beginning of an object as text, or why it is none."""
    taken = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{TEXT_BYTES - 1}")["Body"].read()
    if b"\0" in taken:
        return None, "This is not a text."
    return taken.decode("utf-8", "replace"), None


def _chunks(body: Any) -> Iterator[bytes]:
    with body:
        yield from iter(lambda: body.read(CHUNK), b"")


def _suffix(key: str) -> str:
    name = key.lower().removesuffix(".gz").removesuffix(".bz2")
    return PurePosixPath(name).suffix


PAGES = (
    Page("GET", "/storage", buckets),
    Page("POST", "/storage", create_bucket),
    Page("GET", "/storage/{bucket}", bucket),
    Page("GET", "/storage/{bucket}/object", shown_object),
    Page("GET", "/storage/{bucket}/download", download),
    Page("POST", "/storage/{bucket}/upload", upload, Sent),
    Page("POST", "/storage/{bucket}/delete", delete_bucket),
    Page("POST", "/storage/{bucket}/object/delete", delete_object),
)
