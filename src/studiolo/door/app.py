"""The S3 door's ASGI app: verifies, asks identity, streams; and gives what runs as a role that role's keys."""

import json
import logging
from collections.abc import Mapping

from studiolo.asgi import Disconnected, Message, Receive, Send, request_head
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols import new_request_id
from studiolo.domain import Conflict, Denied, DomainError, now
from studiolo.door.gateway import S3Gateway
from studiolo.door.governed import GovernedViews
from studiolo.door.store import Store
from studiolo.governance import Lake
from studiolo.identity import CREDENTIALS_PATH, Identity
from studiolo.state import StateUnavailable
from studiolo.storage import BucketSettings
from studiolo.storage.notices import Notices

log = logging.getLogger("studiolo.s3")

HEALTH_PATH = "/_studiolo/health"


class Door:
    """Answers every S3 request; the decisions about objects are made here and nowhere else."""

    def __init__(
        self,
        identity: Identity,
        store: Store,
        settings: BucketSettings,
        notices: Notices,
        lake: Lake,
        views: GovernedViews,
    ) -> None:
        self._identity = identity
        self._gateway = S3Gateway(store, identity, settings, notices, lake, views, now)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        head = request_head(scope)
        try:
            if scope["path"] == CREDENTIALS_PATH:
                await self._credentials(head, send)
            elif scope["path"] == HEALTH_PATH:
                await _answer(send, 200, {"status": "ok"})
            else:
                await self._gateway(head, receive, send, new_request_id())
        except Disconnected:
            log.debug("a client went away in the middle of its request")

    async def _credentials(self, head: HttpRequest, send: Send) -> None:
        """The answer of a container's credentials address (Amazon ECS developer guide, "Task IAM role").

        SDKs send the workload's token as it is in the Authorization header.
        """
        try:
            key = self._identity.workloads.key(head.headers.get("authorization", ""))
        except DomainError as error:
            # SDKs show the body of a refusal.
            status = 403 if isinstance(error, Denied) else 409 if isinstance(error, Conflict) else 404
            await _answer(send, status, {"code": type(error).__name__, "message": str(error)})
            return
        except StateUnavailable as error:
            await _answer(send, 503, {"code": "ServiceUnavailable", "message": str(error)})
            return
        assert key.expires is not None
        document = {
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "Token": key.session_token,
            "Expiration": key.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        await _answer(send, 200, document)

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: what belongs to the event loop begins and ends with it."""
        await receive()
        await self._gateway.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._gateway.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _answer(send: Send, status: int, document: Mapping[str, str | None]) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
