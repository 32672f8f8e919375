"""Uploads in parts: what is remembered of their checksums, shown by ListParts, and of their objects' access lists."""

import asyncio
import json
import re
from collections.abc import Mapping

import aiohttp

from studiolo.door.names import Named
from studiolo.storage import UploadChecksums
from studiolo.storage.checksums import ACCESS, UPLOAD

ENDS = frozenset({"AbortMultipartUpload", "CompleteMultipartUpload"})
ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
_ACCESS = ("x-amz-acl", "x-amz-grant-")
_ID = re.compile(r"<UploadId>([^<]+)</UploadId>")
_PART = re.compile(rb"<Part>(?:(?!</Part>).)*<PartNumber>(\d+)</PartNumber>(?:(?!</Part>).)*", re.DOTALL)
_END = b"</ListPartsResult>"
_OWNER = "<{0}><ID>engine</ID><DisplayName>engine</DisplayName></{0}>"
OWNERS = _OWNER.format("Initiator") + _OWNER.format("Owner")
"""Who begins uploads and owns objects, as lists of objects call them."""


async def note(checksums: UploadChecksums, named: Named, operation: str, answer: aiohttp.ClientResponse) -> None:
    """Remember what the store has said of an upload, or forget one that has ended."""
    upload = named.parameters.get("uploadId", "")
    if operation == "CreateMultipartUpload":
        algorithm = answer.headers.get("x-amz-checksum-algorithm")
        access = {name: value for name, value in named.headers.items() if name.startswith(_ACCESS)}
        if algorithm is None and not access:
            return
        found = _ID.search((await answer.read()).decode())
        if found is not None and algorithm is not None:
            kind = answer.headers.get("x-amz-checksum-type", "COMPOSITE")
            await asyncio.to_thread(checksums.put, named.bucket, found[1], UPLOAD, algorithm, kind)
        if found is not None and access:
            await asyncio.to_thread(checksums.put, named.bucket, found[1], ACCESS, "headers", json.dumps(access))
    elif operation == "UploadPart":
        told = {name: answer.headers.get(f"x-amz-checksum-{name.lower()}") for name in ALGORITHMS}
        for name, value in told.items():
            if value is not None:
                number = int(named.parameters["partNumber"])
                await asyncio.to_thread(checksums.put, named.bucket, upload, number, name, value)
    elif operation in ENDS:
        await asyncio.to_thread(checksums.forget, named.bucket, upload)


async def access(checksums: UploadChecksums, named: Named) -> dict[str, str]:
    """The headers with which an upload was begun that give its object an access list."""
    known = await asyncio.to_thread(checksums.of, named.bucket, named.parameters["uploadId"])
    headers: dict[str, str] = json.loads(known[ACCESS][1]) if ACCESS in known else {}
    return headers


def listed(body: bytes, known: Mapping[int, tuple[str, str]]) -> bytes:
    """A list of parts with the checksum of each, and whose they are."""

    def part(found: re.Match[bytes]) -> bytes:
        name, value = known.get(int(found[1]), ("", ""))
        return found[0] + (f"<Checksum{name}>{value}</Checksum{name}>".encode() if name else b"")

    body = _PART.sub(part, body).replace(b"<StorageClass>", f"{OWNERS}<StorageClass>".encode(), 1)
    if UPLOAD in known:
        algorithm, kind = known[UPLOAD]
        told = f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>"
        body = body.replace(_END, told.encode() + _END)
    return body
