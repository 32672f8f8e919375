"""What is kept of buckets beside our store: their policies, regions, and the settings that it has not or not all of."""

import asyncio
from dataclasses import replace
from http import HTTPStatus

from studiolo.asgi import Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.sigv4 import Verified
from studiolo.domain import NotFound
from studiolo.door import bucket_policies, rules, settings, underway
from studiolo.door.admission import Caller
from studiolo.door.answers import send_whole
from studiolo.door.calls import Calls, nothing
from studiolo.door.names import Named
from studiolo.door.operations import Operation
from studiolo.door.payload import Payload
from studiolo.door.public_access import KIND, Blocks, grants_everybody, is_public, refuse
from studiolo.identity import Identity
from studiolo.storage import BucketSettings, keys


class Kept:
    """Answers what is asked of it, in place of the store."""

    def __init__(self, calls: Calls, identity: Identity, kept: BucketSettings) -> None:
        self._calls = calls
        self._identity = identity
        self._settings = kept

    async def region(self, bucket: str, region: str, *, made: bool) -> str:
        """Where a bucket was made; made: that is `region`, and is told now."""
        if made:
            await asyncio.to_thread(self._settings.put, bucket, "region", region)
            return region
        return await asyncio.to_thread(self._settings.get, bucket, "region") or "us-east-1"

    async def blocks(self, bucket: str) -> Blocks:
        """What of public access a bucket refuses."""
        return Blocks.of(await asyncio.to_thread(self._settings.get, bucket, KIND))

    async def refuse_strangers(self, named: Named, caller: Caller) -> None:
        """Raise ServiceError (403) for others than a bucket's account, where its policy is public and is restricted."""
        if not named.bucket or caller.owns(named.bucket) or not (await self.blocks(named.bucket)).restricted:
            return
        account, resource = self._identity.bucket(named.bucket)[0], self._identity.s3_arn(named.bucket)
        try:
            document = await asyncio.to_thread(self._identity.of(account).resource_policies.document, resource)
        except NotFound:
            return
        if is_public(document):
            raise refuse("RestrictPublicBuckets", "others than its account's principals")

    async def refuse_public(self, named: Named, document: bytes = b"") -> None:
        """Raise ServiceError (403) for an access list that opens to everybody what its bucket keeps closed."""
        if not grants_everybody(named.headers, document) or not (await self.blocks(named.bucket)).acls:
            return
        raise refuse("BlockPublicAcls", "public access control lists (ACLs)")

    async def answered(
        self,
        request: HttpRequest,
        named: Named,
        operation: Operation,
        caller: Caller,
        payload: Payload,
        send: Send,
    ) -> bool:
        """Answer what is asked of a bucket that is kept here; False where the store is to answer. Raises ServiceError."""
        if operation.name in bucket_policies.OPERATIONS:
            await self._policy(request, named, operation, caller.known, payload, send)
            return True
        if operation.name == "Preflight":
            await self._calls.require_cors(request, named.bucket, payload)
        kind = settings.kind_of(named)
        if kind is None:
            return False
        verified = caller.known
        if kind == settings.LIFECYCLE:
            return await self._lifecycle(request, named, operation, verified, payload, send)
        body = await payload.whole(verified.payload_reader(request), None, settings.LARGEST)
        await self._calls.require_bucket(request, named, verified, payload)
        await send_whole(
            send, *await asyncio.to_thread(settings.answer, self._settings, named, operation.name, kind, body)
        )
        return True

    async def uploads(
        self, request: HttpRequest, named: Named, verified: Verified, payload: Payload, send: Send
    ) -> None:
        """List the uploads that are under way in a bucket, with what is kept of their checksums."""

        async def ask(parameters: dict[str, str]) -> bytes:
            to = self._calls.own(request, Named("GET", named.bucket, "", {"uploads": "", **parameters}), verified)
            async with await self._calls.asked(to, nothing) as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
                if answer.status != HTTPStatus.OK:
                    raise ServiceError("ServiceUnavailable", "The list is not to be had now, please try again.", 503)
                return keys.shown(await answer.read())

        checksums = await asyncio.to_thread(self._settings.uploads.underway, named.bucket)
        with self._calls.errors(payload):
            listed = await underway.page(named, ask, checksums)
        await send_whole(send, HTTPStatus.OK, settings.XML, listed)

    async def _policy(
        self, request: HttpRequest, named: Named, operation: Operation, verified: Verified, payload: Payload, send: Send
    ) -> None:
        """Put, show or delete the policy of a bucket, which the store must have."""
        body = await payload.whole(verified.payload_reader(request), None, bucket_policies.LARGEST)
        await self._calls.require_bucket(request, named, verified, payload)
        blocks = await self.blocks(named.bucket)
        answered = await asyncio.to_thread(
            bucket_policies.answer, self._identity, operation.name, named.bucket, body, blocks
        )
        await send_whole(send, *answered)

    async def _lifecycle(
        self, request: HttpRequest, named: Named, operation: Operation, verified: Verified, payload: Payload, send: Send
    ) -> bool:
        """Keep the rules that the store has none of; False where the store is to answer."""
        if named.method == "GET":
            document = await asyncio.to_thread(self._settings.get, named.bucket, settings.LIFECYCLE)
            if document is not None:
                await send_whole(send, HTTPStatus.OK, settings.XML, document.encode())
            return document is not None
        if named.method == "DELETE":
            await asyncio.to_thread(self._settings.delete, named.bucket, settings.LIFECYCLE)
            return False
        body = await payload.whole(verified.payload_reader(request), None, settings.LARGEST)
        rules.check(operation.name, body)
        await self._calls.require_bucket(request, named, verified, payload)
        kept = {name: value for name, value in named.headers.items() if name == "content-type"}
        to = replace(self._calls.own(request, replace(named, headers=kept), verified), length=len(body))
        with self._calls.errors(payload):
            async with await self._calls.asked(to, lambda: body) as answer:
                taken = answer.status != HTTPStatus.NOT_IMPLEMENTED
                if taken:
                    await asyncio.to_thread(self._settings.delete, named.bucket, settings.LIFECYCLE)
                    await self._calls.answer(answer, request.method, payload, send)
                    return True
            await asyncio.to_thread(self._settings.put, named.bucket, settings.LIFECYCLE, body.decode())
            gone = replace(named, method="DELETE", headers={})
            async with await self._calls.asked(self._calls.own(request, gone, verified), nothing):
                await send_whole(send, HTTPStatus.OK, [], b"")
        return True
