"""The door's calls of the store: those that clients make through it, and its own questions in between."""

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus

import aiohttp

from studiolo.asgi import Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.payloads import UNSIGNED
from studiolo.aws.protocols.xml_values import local_name, read_xml, xml_text
from studiolo.aws.sigv4 import Verified
from studiolo.domain import now
from studiolo.door import locks
from studiolo.door.answers import send_whole, sent_back
from studiolo.door.authentication import verified_by_query
from studiolo.door.mending import Mending
from studiolo.door.names import Named
from studiolo.door.ordered import Listed
from studiolo.door.payload import Payload, StoreLost
from studiolo.door.store import Store
from studiolo.door.target import Target, target, target_as_named
from studiolo.forwarding import Body, Upstream, relay
from studiolo.storage import keys

SMALL_BODY = 64 * 1024
"""Larger bodies are sent only when the store, by `100 Continue`, wants them: a refusal then costs no upload."""

MOST_PARTS = 10_000
"""Of an upload."""

VERSIONED_SECONDS = 5.0
"""How long it is believed that a bucket keeps no versions."""


class Calls:
    """Asks the store. Start it in the event loop it serves in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ours = not store.external
        self._upstream = Upstream()
        # Until when a bucket is not asked for versions again.
        self._unversioned: dict[str, float] = {}

    async def start(self) -> None:
        await self._upstream.start()

    async def close(self) -> None:
        await self._upstream.close()

    def own(self, request: HttpRequest, named: Named, verified: Verified) -> Target:
        """A request of our own making for that caller."""
        plain = replace(verified, content_sha256=UNSIGNED)
        return target(named, request.host, plain, self._store.access, ours=self._ours)

    def own_as_stored(self, request: HttpRequest, named: Named, verified: Verified) -> Target:
        """A request of our own making in our store's names of keys."""
        plain = replace(verified, content_sha256=UNSIGNED)
        return target_as_named(named, request.host, plain, self._store.access, ours=True)

    async def asked(self, to: Target, body: Body, payload: Payload | None = None) -> aiohttp.ClientResponse:
        """The store's answer. `payload`: whose pieces the body is, where it streams."""
        headers = dict(to.headers)
        if body is nothing or (not to.framed and to.length is not None):
            headers["content-length"] = str(to.length or 0)
        return await self._upstream.ask(
            to.method,
            to.url,
            headers,
            body,
            expect=body is not nothing and (to.length is None or to.length > SMALL_BODY),
            middlewares=(payload.once,) if payload is not None and body is not nothing else (),
            patient=lambda: self._ours and self._store.failure is None,
        )

    async def answer(
        self, answer: aiohttp.ClientResponse, method: str, payload: Payload, send: Send, mend: Mending | None = None
    ) -> None:
        """Send the store's answer back, mended; as it comes where its body need not be."""
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and self._store.full:
            raise ServiceError("InsufficientStorage", "The disk that holds the objects is full.", 507)
        headers = sent_back(answer.raw_headers)
        if mend is not None:
            headers = mend.headers(answer.status, headers)
            mended = mend.body(answer.status)
            if mended is not None:
                headers = [each for each in headers if each[0] != b"content-length"]
                await send_whole(send, mend.status(answer.status), headers, mended(await answer.read()))
                return
        await relay(answer, headers, method, send, payload.receive if payload.consumed else None)

    async def clear_folder(self, request: HttpRequest, named: Named, verified: Verified) -> None:
        """Delete what the store keeps of a folder whose marker went, where nothing is in it."""
        folder = Named("DELETE", named.bucket, keys.stored_prefix(named.key))
        async with await self.asked(self.own_as_stored(request, folder, verified), nothing):
            pass

    async def require_bucket(self, request: HttpRequest, named: Named, verified: Verified, payload: Payload) -> None:
        """Raise ServiceError (404) for a bucket that is not there."""
        looked = Named("HEAD", named.bucket, "")
        with self.errors(payload):
            async with await self.asked(self.own(request, looked, verified), nothing) as found:
                if found.status == HTTPStatus.NOT_FOUND:
                    raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)

    async def has_bucket(self, request: HttpRequest, bucket: str) -> bool:
        """Whether a bucket is there."""
        asked = self.own(request, Named("HEAD", bucket, ""), in_our_name())
        async with await self.asked(asked, nothing) as found:
            return found.status != HTTPStatus.NOT_FOUND

    async def has(self, request: HttpRequest, named: Named) -> bool:
        """Whether an object is there."""
        looked = Named("HEAD", named.bucket, named.key)
        async with await self.asked(self.own(request, looked, in_our_name()), nothing) as found:
            return found.status != HTTPStatus.NOT_FOUND

    async def is_folder(self, request: HttpRequest, named: Named) -> bool:
        """Whether there are keys that begin with a key and a slash."""
        listed = Named("GET", named.bucket, "", {"list-type": "2", "prefix": f"{named.key}/", "max-keys": "2"})
        async with await self.asked(self.own(request, listed, in_our_name()), nothing) as found:
            return b"<Contents>" in await found.read()

    async def tags(self, request: HttpRequest, bucket: str, key: str, version: str | None) -> dict[str, str]:
        """The tags of an object; none of one that is not there."""
        which = {} if version is None else {"versionId": version}
        asked = Named("GET", bucket, key, {"tagging": "", **which})
        async with await self.asked(self.own(request, asked, in_our_name()), nothing) as found:
            body = await found.read() if found.status == HTTPStatus.OK else b"<Tagging/>"
        tags = [tag for tag in read_xml(body).iter() if local_name(tag.tag) == "Tag"]
        told = ({local_name(part.tag): part.text or "" for part in tag} for tag in tags)
        return {each["Key"]: each.get("Value", "") for each in told}

    async def is_owner_enforced(self, request: HttpRequest, bucket: str) -> bool:
        """Whether a bucket has no access lists, as new ones have none."""
        asked = Named("GET", bucket, "", {"ownershipControls": ""})
        async with await self.asked(self.own(request, asked, in_our_name()), nothing) as found:
            return b"BucketOwnerEnforced" in await found.read()

    async def set_ownership(self, request: HttpRequest, bucket: str, ownership: str) -> None:
        """Set who owns the objects of a new bucket, which the store does not read where a bucket is made."""
        rule = f"<Rule><ObjectOwnership>{xml_text(ownership)}</ObjectOwnership></Rule>"
        body = f"<OwnershipControls>{rule}</OwnershipControls>".encode()
        await self.put(request, Named("PUT", bucket, "", {"ownershipControls": ""}), body)

    async def lock_copy(self, request: HttpRequest, named: Named, version: str) -> None:
        """Lock a copy as it was asked to be, or as its bucket locks what is new. Raises ServiceError."""
        asked = Named("GET", named.bucket, "", {"object-lock": ""})
        async with await self.asked(self.own(request, asked, in_our_name()), nothing) as found:
            default = await found.read() if found.status == HTTPStatus.OK else b""
        for kind, body in locks.of_copy(named.headers, default, now()).items():
            status = await self.put(
                request, Named("PUT", named.bucket, named.key, {kind: "", "versionId": version}), body
            )
            if status != HTTPStatus.OK:
                raise ServiceError("InternalError", f"The object was copied, but its {kind} could not be set.", 500)

    async def put(self, request: HttpRequest, named: Named, body: bytes) -> int:
        """The status of the answer to a document of our own."""
        to = replace(self.own(request, named, in_our_name()), length=len(body))
        async with await self.asked(to, lambda: body) as answer:
            return answer.status

    async def parts(self, request: HttpRequest, named: Named, most: int = MOST_PARTS) -> Mapping[str, int] | None:
        """The bytes of the parts of an upload, of `most` at most, by their numbers; None where there is no such upload."""
        sizes: dict[str, int] = {}
        marker = "0"
        while True:
            of = {"uploadId": named.parameters["uploadId"], "max-parts": "1000", "part-number-marker": marker}
            listed = Named("GET", named.bucket, named.key, of)
            async with await self.asked(self.own(request, listed, in_our_name()), nothing) as found:
                body = await found.read()
            if b"<Code>NoSuchUpload<" in body:
                return None
            if found.status != HTTPStatus.OK:
                return sizes
            root = read_xml(body)
            for part in root:
                if local_name(part.tag) == "Part":
                    told = {local_name(each.tag): each.text or "" for each in part}
                    sizes[told["PartNumber"]] = int(told["Size"])
            values = {local_name(each.tag): each.text or "" for each in root}
            marker = values.get("NextPartNumberMarker", "")
            if values.get("IsTruncated") != "true" or len(sizes) >= most or not marker:
                return sizes

    async def checksum(self, request: HttpRequest, named: Named) -> bytes:
        """The checksum of an object, as elements that our store leaves out; empty where it has none."""
        version = {name: value for name, value in named.parameters.items() if name == "versionId"}
        looked = Named("HEAD", named.bucket, named.key, version, {"x-amz-checksum-mode": "ENABLED"})
        async with await self.asked(self.own(request, looked, in_our_name()), nothing) as found:
            headers = {name.lower(): value for name, value in found.headers.items()}
        for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
            value = headers.get(f"x-amz-checksum-{algorithm.lower()}")
            if value is not None:
                kind = headers.get("x-amz-checksum-type", "FULL_OBJECT")
                told = f"<Checksum{algorithm}>{value}</Checksum{algorithm}><ChecksumType>{kind}</ChecksumType>"
                return told.encode()
        return b""

    async def require_cors(self, request: HttpRequest, bucket: str, payload: Payload) -> None:
        """Raise ServiceError (403) for a bucket without rules of CORS."""
        asked = Named("GET", bucket, "", {"cors": ""})
        with self.errors(payload):
            async with await self.asked(self.own(request, asked, in_our_name()), nothing) as found:
                if found.status == HTTPStatus.NOT_FOUND:
                    message = "CORSResponse: CORS is not enabled for this bucket."
                    raise ServiceError("AccessForbidden", message, 403)

    def listed(self, request: HttpRequest, named: Named) -> Listed:
        """What a request for a list asks of the store."""
        versioned = partial(self.versioned, request, named.bucket)
        return Listed(partial(self._listed, request, named), versioned)

    async def _listed(self, request: HttpRequest, named: Named, parameters: dict[str, str]) -> bytes:
        """What the store lists by these parameters, in its names. Raises ServiceError."""
        owner = "list-type" not in named.parameters or named.parameters.get("fetch-owner") == "true"
        asked = {"list-type": "2", "encoding-type": "url", "fetch-owner": str(owner).lower(), **parameters}
        return await self._list(request, named.bucket, asked)

    async def list_of_versions(self, request: HttpRequest, named: Named, parameters: dict[str, str]) -> bytes:
        """What versions the store lists by these parameters, in its names. Raises ServiceError."""
        return await self._list(request, named.bucket, {"versions": "", "encoding-type": "url", **parameters})

    async def _list(self, request: HttpRequest, bucket: str, parameters: dict[str, str]) -> bytes:
        to = self.own_as_stored(request, Named("GET", bucket, "", parameters), in_our_name())
        async with await self.asked(to, nothing) as answer:
            body = await answer.read()
            if answer.status == HTTPStatus.OK:
                return body
            if b"<Code>NoSuchBucket<" in body:
                raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        raise ServiceError("ServiceUnavailable", "The list is not to be had now, please try again.", 503)

    async def versioned(self, request: HttpRequest, bucket: str) -> bool:
        """Whether a bucket has, or had, versions of its objects; that it has none is remembered for a moment."""
        if self._unversioned.get(bucket, 0.0) > time.monotonic():
            return False
        if b"<Status>" in await self._versioning(request, bucket):
            return True
        if len(self._unversioned) > 1000:
            self._unversioned.clear()
        self._unversioned[bucket] = time.monotonic() + VERSIONED_SECONDS
        return False

    def forget_versioning(self, bucket: str) -> None:
        """Ask anew whether a bucket has versions: it was told to."""
        self._unversioned.pop(bucket, None)

    async def _versioning(self, request: HttpRequest, bucket: str) -> bytes:
        """A bucket's VersioningConfiguration."""
        asked = Named("GET", bucket, "", {"versioning": ""})
        async with await self.asked(self.own(request, asked, in_our_name()), nothing) as found:
            return await found.read()

    async def delete_marker(self, request: HttpRequest, named: Named) -> str | None:
        """The id of the delete marker that a key has as its version, the asked or the latest one; None for none."""
        if not await self.versioned(request, named.bucket):
            return None
        parameters = {"versions": "", "prefix": keys.stored(named.key), "max-keys": "100"}
        listed = Named("GET", named.bucket, "", parameters)
        async with await self.asked(self.own_as_stored(request, listed, in_our_name()), nothing) as found:
            body = await found.read() if found.status == HTTPStatus.OK else b"<None/>"
        for entry in read_xml(body):
            values = {local_name(part.tag): part.text or "" for part in entry}
            mine = values.get("Key") == keys.stored(named.key)
            wanted = named.parameters.get("versionId")
            if local_name(entry.tag) != "DeleteMarker" or not mine:
                continue
            if values["VersionId"] == wanted or (wanted is None and values.get("IsLatest") == "true"):
                return values["VersionId"]
        return None

    async def ranged(self, request: HttpRequest, named: Named) -> Named:
        """A read without its Range where the object is no more the one that If-Range names, which the store overlooks."""
        version = {name: value for name, value in named.parameters.items() if name == "versionId"}
        looked = Named("HEAD", named.bucket, named.key, version)
        async with await self.asked(self.own(request, looked, in_our_name()), nothing) as found:
            same = named.headers["if-range"] in (found.headers.get("etag"), found.headers.get("last-modified"))
        headers = {name: text for name, text in named.headers.items() if same or name != "range"}
        return replace(named, headers=headers)

    async def cover_marker(self, request: HttpRequest, named: Named) -> None:
        """Put an empty object in place of a delete marker of the id `null`, which the store deletes in no other way.

        Raises ServiceError (501) where the bucket keeps versions: an object that is put there has another id.
        """
        if await self.delete_marker(request, named) != "null":
            return
        if b"<Status>Enabled" in await self._versioning(request, named.bucket):
            message = "Deleting a delete marker of the id null is implemented while versioning is suspended alone."
            raise ServiceError("NotImplemented", message, 501)
        await self.put(request, Named("PUT", named.bucket, named.key), b"")

    @contextlib.contextmanager
    def errors(self, payload: Payload) -> Iterator[None]:
        """What goes wrong with the store, as what the client is told."""
        try:
            yield
        except (aiohttp.ClientError, asyncio.TimeoutError, StoreLost) as error:
            if payload.failure is not None:
                raise payload.failure from error
            reason = self._store.failure or f"The object store does not answer now, please try again: {error}"
            raise ServiceError("ServiceUnavailable", reason, 503) from error


def nothing() -> None:
    """No body."""
    return


def in_our_name() -> Verified:
    """Whose questions are that no client asks."""
    return replace(verified_by_query("", "us-east-1", now()), content_sha256=UNSIGNED)
