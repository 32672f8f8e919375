"""The way of an S3 call to the store and back: decided here, and streamed in both directions.

what it names (names.py) -> which operation it is (operations.py) -> who asks (admission.py) -> what IAM must allow
(actions.py) -> the store's request, made from the same names (target.py) -> the body, checked while it streams
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus

import aiohttp

from studiolo.asgi import Receive, Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.domain import Clock
from studiolo.door import (
    documents,
    forms,
    listing,
    mending,
    ownership,
    preconditions,
    underway,
    uploads,
    versions,
)
from studiolo.door.access_lists import GRANTING, OPENED, AccessLists, document
from studiolo.door.actions import EXISTING, Need, actions_of, arn, copied_tags, tagged
from studiolo.door.admission import AccessDenied, Admission, Caller
from studiolo.door.answers import error_answer, send_whole, sent_back, without_body
from studiolo.door.calls import Calls, in_our_name, nothing
from studiolo.door.deleting import Deleting
from studiolo.door.form_data import FormReader, boundary_of
from studiolo.door.governed import BrokenOff, GovernedViews
from studiolo.door.kept import Kept
from studiolo.door.mending import Mending
from studiolo.door.names import Named, bucket_of_host, checked_key, names_of
from studiolo.door.notifying import Notifying
from studiolo.door.operations import Operation, operation_of
from studiolo.door.payload import Payload
from studiolo.door.public_access import refuse
from studiolo.door.settings import XML
from studiolo.door.store import Store
from studiolo.door.target import target
from studiolo.door.unsupported import refuse_unsupported
from studiolo.forwarding import Body
from studiolo.governance import Lake, is_for_views
from studiolo.identity import Identity
from studiolo.state import StateUnavailable
from studiolo.storage import BucketSettings
from studiolo.storage.notices import Notices

log = logging.getLogger("studiolo.s3")

_CONDITIONAL = frozenset({"CompleteMultipartUpload", "PutObject"})
"""Writes that may ask which object is there."""


class S3Gateway:
    """Decides S3 calls and sends them on to the store. Start it in the event loop it serves in."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        kept: BucketSettings,
        notices: Notices,
        lake: Lake,
        views: GovernedViews,
        clock: Clock,
    ) -> None:
        self._store = store
        self._ours = not store.external
        self._identity = identity
        self._settings = kept
        self._views = views
        self._admission = Admission(identity, lake, clock)
        self._clock = clock
        self._calls = Calls(store)
        self._kept = Kept(self._calls, identity, kept)
        self._notifying = Notifying(self._calls, notices, kept, identity.buckets.of)
        self._lists = AccessLists(self._calls)
        self._deleting = Deleting(store, self._calls, self._notifying)

    async def start(self) -> None:
        await self._calls.start()

    async def close(self) -> None:
        await self._calls.close()
        await asyncio.to_thread(self._views.close)

    async def __call__(self, request: HttpRequest, receive: Receive, send: Send, request_id: str) -> None:
        """Answer one S3 call.

        request: its method, url and headers (the body is taken from `receive`). Where the store breaks off in the
        middle of an answer, the answer stays unfinished: the server closes the connection then, so that the client
        notices. Raises Disconnected where the client goes away first.
        """
        payload = Payload(receive)
        try:
            await self._serve(request, payload, send)
        except ServiceError as error:
            if isinstance(error, AccessDenied):
                await asyncio.to_thread(self._identity.note_denial, request_id, error.denied)
            await error_answer(send, error, request_id, request, begun=payload.begun)
        except BrokenOff as error:
            log.warning("a list was broken off: %s", error)
        except StateUnavailable as error:
            log.error("%s", error)
            refusal = ServiceError("ServiceUnavailable", str(error), 503)
            await error_answer(send, refusal, request_id, request, begun=payload.begun)

    async def _serve(self, request: HttpRequest, payload: Payload, send: Send) -> None:
        named = names_of(request, ours=self._ours)
        operation = operation_of(named)
        if operation.name == "PostObject" and not is_for_views(named.bucket):
            await self._post_object(request, named, payload, send)
            return
        caller = self._admission.caller(request)
        of_view = await self._views.admit(named, operation, caller, send)
        if of_view is not None:
            await self._pass_on(request, named, operation, caller, [], payload, of_view)
            return
        self._refuse_elsewhere(caller)
        try:
            caller.enter(named, operation)
        except ServiceError:
            if named.bucket and operation.name != "CreateBucket":
                await self._calls.require_bucket(request, named, in_our_name(), payload)
            raise
        if self._ours:
            refuse_unsupported(named, operation)
            mending.check_owner(named, self._identity.buckets.of)
            mending.check_names(named, operation)
        needs = await self._with_body(request, operation, caller, actions_of(named, operation), payload)
        needs = await self._with_tags(request, named, caller, needs, payload)
        caller.permit(needs)
        if self._ours:
            await self._kept.refuse_strangers(named, caller)
        if self._ours and operation.name in preconditions.OPERATIONS:
            with self._calls.errors(payload):
                await preconditions.check(self._calls, request, named, operation)
            await self._kept.refuse_public(named)
        if self._ours and await self._kept.answered(request, named, operation, caller, payload, send):
            return
        if operation.name == "DeleteObjects":
            await self._deleting.answer(request, named, caller, payload, send)
            return
        if named.source is not None and operation.name == "PutObject":
            await self._permit_tags(request, named, caller, payload)
        await self._pass_on(request, named, operation, caller, needs, payload, send)

    async def _pass_on(
        self,
        request: HttpRequest,
        named: Named,
        operation: Operation,
        caller: Caller,
        needs: list[Need],
        payload: Payload,
        send: Send,
    ) -> None:
        """Send what is permitted on to the store, and its answer back."""
        verified = caller.acting(named, needs, self._clock())
        if self._ours and verified is None and operation.name in OPENED:
            await self._calls.require_bucket(request, named, in_our_name(), payload)
            with self._calls.errors(payload):
                await self._lists.require_open(request, named, operation.name)
            if (await self._kept.blocks(named.bucket)).ignored_acls:
                raise refuse("IgnorePublicAcls", "public access control lists (ACLs)")
            verified = caller.as_anybody(named, self._clock())
        region = verified.region if verified is not None else "us-east-1"
        if self._ours and operation.name in listing.OPERATIONS:
            with self._calls.errors(payload):
                listed = await listing.page(named, self._calls.listed(request, named))
            await send_whole(send, HTTPStatus.OK, XML, listed)
            return
        if self._ours and operation.name == versions.OPERATION:
            with self._calls.errors(payload):
                listed = await versions.page(named, partial(self._calls.list_of_versions, request, named))
            await send_whole(send, HTTPStatus.OK, XML, listed)
            return
        if self._ours and operation.name == underway.OPERATION and verified is not None:
            await self._kept.uploads(request, named, verified, payload, send)
            return
        sent = mending.asked(named, operation) if self._ours else named
        if self._ours and operation.name == "GetObject" and {"if-range", "range"} <= sent.headers.keys():
            sent = await self._calls.ranged(request, sent)
        if self._ours and operation.name == "DeleteObject" and named.parameters.get("versionId") == "null":
            await self._calls.cover_marker(request, named)
        to = target(sent, request.host, verified, self._store.access, ours=self._ours)
        reader = verified.payload_reader(request) if verified else None
        if (self._ours or payload.taken) and verified is not None and operation.name in documents.OPERATIONS:
            content = await payload.whole(reader, to.length, documents.LARGEST)
            documents.check(operation.name, content)
            if operation.name in GRANTING:
                content = document(named.headers) or content
                await self._kept.refuse_public(named, content)
            if operation.name == "CreateBucket":
                region = documents.region_of(content, region)
            elif operation.name == "CompleteMultipartUpload":
                await self._check_completion(request, named, content, payload)
            to = replace(self._calls.own(request, documents.unframed(sent), verified), length=len(content))
            body: Body = (lambda: content) if content else nothing
            streamed = None
        else:
            any_body = await payload.begin(reader, to.length)
            body = payload.framed if to.framed else payload.pieces if any_body else nothing
            streamed = payload
        claimed = False
        if operation.name == "CreateBucket":
            exists = partial(self._calls.has_bucket, request, named.bucket)
            account = caller.known_principal.account
            claimed = await ownership.claim(self._identity, named.bucket, account, exists)
        with self._calls.errors(payload):
            async with await self._calls.asked(to, body, streamed) as answer:
                if claimed and answer.status >= HTTPStatus.BAD_REQUEST:
                    await asyncio.to_thread(self._identity.buckets.release, named.bucket)
                if operation.name == "DeleteBucket" and answer.status < HTTPStatus.BAD_REQUEST:
                    await asyncio.to_thread(ownership.forget, self._identity, self._settings, named.bucket)
                if answer.status == HTTPStatus.NOT_FOUND and operation.name in mending.READS and needs:
                    await self._permit_to_know(request, named, caller)
                if operation.name == "PutBucketVersioning":
                    self._calls.forget_versioning(named.bucket)
                if self._ours and answer.status < HTTPStatus.BAD_REQUEST:
                    await self._notifying.changed(request, named, operation.name, caller, answer)
                    await uploads.note(self._settings.uploads, named, operation.name, answer)
                if not self._ours:
                    await self._calls.answer(answer, request.method, payload, send)
                else:
                    if operation.name == "DeleteObject" and named.key.endswith("/") and verified is not None:
                        await self._calls.clear_folder(request, named, verified)
                    ownership_asked = named.headers.get("x-amz-object-ownership")
                    if operation.name == "CreateBucket" and answer.status == HTTPStatus.OK and ownership_asked:
                        await self._calls.set_ownership(request, named.bucket, ownership_asked)
                    if operation.name == "PutObject" and answer.status == HTTPStatus.OK:
                        version = answer.headers.get("x-amz-version-id")
                        await self._lists.set(request, named, version)
                        if named.source is not None and version is not None:
                            await self._calls.lock_copy(request, named, version)
                    if operation.name in mending.OF_BUCKETS and answer.status == HTTPStatus.OK:
                        region = await self._kept.region(named.bucket, region, made=operation.name == "CreateBucket")
                    mend = await self._mended(request, named, operation, caller, region, answer, payload)
                    await self._calls.answer(answer, request.method, payload, send, mend)

    async def _check_completion(self, request: HttpRequest, named: Named, content: bytes, payload: Payload) -> None:
        """Raise ServiceError (400) for no parts, and for checksums and a size that are not those of the upload."""
        root = documents.completion(content)
        known = await asyncio.to_thread(self._settings.uploads.of, named.bucket, named.parameters["uploadId"])
        preconditions.check_completion(named, root, known)
        with self._calls.errors(payload):
            await preconditions.check_size(self._calls, request, named, root)

    async def _mended(
        self,
        request: HttpRequest,
        named: Named,
        operation: Operation,
        caller: Caller,
        region: str,
        answer: aiohttp.ClientResponse,
        payload: Payload,
    ) -> Mending:
        """What makes S3's answer of our store's, with what it must be asked for that. Raises ServiceError."""
        status, name = answer.status, operation.name
        checksum, marker = b"", None
        if status == HTTPStatus.FORBIDDEN and caller.verified is None:
            await self._calls.require_bucket(request, named, in_our_name(), payload)
        elif status == HTTPStatus.NOT_FOUND and name in mending.READS:
            marker = await self._calls.delete_marker(request, named)
        elif status == HTTPStatus.PRECONDITION_FAILED and name in _CONDITIONAL and "if-match" in named.headers:
            if not await self._calls.has(request, named):
                raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        elif status == HTTPStatus.INTERNAL_SERVER_ERROR and name == "CompleteMultipartUpload":
            if not self._store.full and await self._calls.is_folder(request, named):
                message = (
                    "An upload in parts of a key is not implemented while there are keys that begin with it and a slash: "
                    "put the object in one piece."
                )
                raise ServiceError("NotImplemented", message, 501)
        elif mending.tells_checksum(named, name):
            checksum = await self._calls.checksum(request, named)
        known: Mapping[int, tuple[str, str]] = {}
        if name == "ListParts" and status == HTTPStatus.OK:
            known = await asyncio.to_thread(self._settings.uploads.of, named.bucket, named.parameters["uploadId"])
        allows = "access-control-allow-methods" in answer.headers
        return Mending(named, operation, region, marker, checksum, caller.owns, known, allows=allows)

    def _refuse_elsewhere(self, caller: Caller) -> None:
        """Raise ServiceError (501) for another account at a store of the user's own, where buckets are not told apart."""
        if not self._ours and caller.principal is not None and caller.principal.account != self._identity.account:
            message = "An object store of one's own serves the server's own account alone."
            raise ServiceError("NotImplemented", message, 501)

    async def _post_object(self, request: HttpRequest, named: Named, payload: Payload, send: Send) -> None:
        """Put the file of a form that a signed policy lets in."""
        boundary = boundary_of(named.headers.get("content-type", ""))
        if boundary is None:
            raise ServiceError("MethodNotAllowed", "POST is not allowed against this resource.", 405)
        form = FormReader(boundary)
        any_body = await payload.begin(form, None)
        fields = {**form.fields, "key": form.fields.get("key", "").replace("${filename}", form.filename)}
        if not fields["key"]:
            raise ServiceError("InvalidArgument", "Bucket POST must contain a field named 'key'.", 400)
        caller = self._admission.signer(request, fields)
        allowed = forms.check_policy(fields, named.bucket, self._clock())
        form.bound(allowed.fewest, allowed.most)
        key, others = checked_key(fields["key"], ours=self._ours)
        put = Named("PUT", named.bucket, key, {}, forms.headers_of(fields), None, others)
        operation = operation_of(put)
        if self._ours:
            refuse_unsupported(put, operation)
            put = mending.asked(put, operation)
        caller.permit(actions_of(put, operation))
        if self._ours:
            with self._calls.errors(payload):
                await preconditions.check(self._calls, request, put, operation)
        to = replace(self._calls.own(request, put, caller.known), length=None if any_body else 0)
        with self._calls.errors(payload):
            async with await self._calls.asked(to, payload.pieces if any_body else nothing, payload) as answer:
                if answer.status != HTTPStatus.OK:
                    await self._calls.answer(answer, request.method, payload, send)
                    return
                await self._lists.set(request, put, answer.headers.get("x-amz-version-id"))
                await self._notifying.changed(request, put, "PostObject", caller, answer)
                etag = answer.headers.get("etag", "")
                status, headers, body = forms.success(fields, named.bucket, _location(request, put), etag)
                await send_whole(send, status, [*without_body(sent_back(answer.raw_headers)), *headers], body)

    async def _with_body(
        self, request: HttpRequest, operation: Operation, caller: Caller, needs: list[Need], payload: Payload
    ) -> list[Need]:
        """The needs with what the body tells, where a policy asks for that."""
        prefix = documents.TELLING.get(operation.name)
        if prefix is None or caller.verified is None or not any(caller.asks_for(need, prefix) for need in needs):
            return needs
        body = await payload.whole(caller.verified.payload_reader(request), None, documents.LARGEST)
        told = documents.told(operation.name, body)
        return [replace(need, context={**need.context, **told}) for need in needs]

    async def _permit_to_know(self, request: HttpRequest, named: Named, caller: Caller) -> None:
        """Raise ServiceError (AccessDenied) where it is not for the caller that a bucket has no object of a key.

        Who may list it as a folder asks whether it is an object, too.
        """
        for prefix in (named.key, f"{named.key}/"):
            refusal = caller.refusal([Need("s3:ListBucket", arn(named.bucket), {"s3:prefix": prefix})])
            if refusal is None:
                return
        if refusal is not None and await self._calls.has_bucket(request, named.bucket):
            raise refusal

    async def _with_tags(
        self, request: HttpRequest, named: Named, caller: Caller, needs: list[Need], payload: Payload
    ) -> list[Need]:
        """The needs with the tags of the objects that they are about, where a policy asks for those."""
        told: list[Need] = []
        for need in needs:
            place = tagged(named, need)
            if place is not None and caller.asks_for(need, EXISTING.lower()):
                with self._calls.errors(payload):
                    tags = await self._calls.tags(request, *place)
                need = replace(need, context={**need.context, **{EXISTING + key: tags[key] for key in tags}})
            told.append(need)
        return told

    async def _permit_tags(self, request: HttpRequest, named: Named, caller: Caller, payload: Payload) -> None:
        """A copy takes the tags along, so that who may not read and set them copies only what has none."""
        source, directive = named.source, named.headers.get("x-amz-tagging-directive", "COPY")
        if source is None or directive == "REPLACE":
            return
        needs = await self._with_tags(request, named, caller, copied_tags(named, source), payload)
        if caller.may(needs):
            return
        parameters = {"versionId": source.version} if source.version is not None else {}
        to = self._calls.own(request, Named("HEAD", source.bucket, source.key, parameters), caller.known)
        with self._calls.errors(payload):
            async with await self._calls.asked(to, nothing) as answer:
                untagged = answer.headers.get("x-amz-tagging-count", "0") == "0"
                if not (untagged and answer.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)):
                    caller.permit(needs)


def _location(request: HttpRequest, named: Named) -> str:
    """Where the client finds what it put, in the style in which it asked."""
    path = named.path.removeprefix(f"/{named.bucket}") if bucket_of_host(request.host) else named.path
    return f"http://{request.host}{path}"
