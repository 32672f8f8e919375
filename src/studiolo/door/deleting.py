"""DeleteObjects: what the caller may of what the body names is deleted, and of each key it is said what became of it."""

import asyncio
from dataclasses import replace
from http import HTTPStatus

from studiolo.asgi import Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.door import deletion
from studiolo.door.admission import Caller
from studiolo.door.answers import send_whole, sent_back, without_body
from studiolo.door.calls import Calls
from studiolo.door.names import Named
from studiolo.door.notifying import Notifying
from studiolo.door.payload import Payload
from studiolo.door.settings import XML
from studiolo.door.store import Store
from studiolo.door.target import target


class Deleting:
    """Answers it."""

    def __init__(self, store: Store, calls: Calls, notifying: Notifying) -> None:
        self._store, self._calls, self._notifying = store, calls, notifying
        self._ours = not store.external

    async def answer(self, request: HttpRequest, named: Named, caller: Caller, payload: Payload, send: Send) -> None:
        """Delete what the caller may of what the body names, and say of each key what became of it."""
        verified = caller.known
        length = target(named, request.host, verified, self._store.access, ours=self._ours).length
        body = await payload.whole(verified.payload_reader(request), length, deletion.MAX_BODY)
        deletion.check_digests(body, {**named.headers, **payload.trailers})
        wanted = deletion.read_deletion(body, ours=self._ours)
        bypass = "x-amz-bypass-governance-retention" in named.headers
        # A thousand questions to IAM take a while, in which others are served.
        wanted = await asyncio.to_thread(
            wanted.permitted, lambda entry: caller.refusal(entry.needs(named.bucket, bypass=bypass))
        )
        if self._ours and any(entry.version == "null" for entry in wanted.entries):
            with self._calls.errors(payload):
                wanted = replace(
                    wanted, entries=[await self._uncovered(request, named, each) for each in wanted.entries]
                )
        sent = wanted.body()
        headers, answered = [], b""
        if sent:
            to = self._calls.own(request, replace(named, headers=deletion.headers_for(named.headers, sent)), verified)
            with self._calls.errors(payload):
                async with await self._calls.asked(replace(to, length=len(sent)), lambda: sent) as answer:
                    if answer.status != HTTPStatus.OK:
                        await self._calls.answer(answer, request.method, payload, send)
                        return
                    headers, answered = sent_back(answer.raw_headers), await answer.read()
                    if self._ours:
                        await self._notifying.deleted(caller, answer, named.bucket, wanted.deleted(answered))
        await send_whole(
            send,
            HTTPStatus.OK,
            [*without_body(headers), *XML],
            wanted.answer(answered),
        )

    async def _uncovered(self, request: HttpRequest, named: Named, entry: deletion.Entry) -> deletion.Entry:
        """An entry that the store will delete, refused where it cannot."""
        if entry.version != "null" or entry.refusal is not None:
            return entry
        try:
            await self._calls.cover_marker(request, Named("DELETE", named.bucket, entry.key, {"versionId": "null"}))
        except ServiceError as error:
            return replace(entry, refusal=error)
        return entry
