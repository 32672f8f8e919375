"""The S3 door's ASGI app: verifies, asks identity, streams; and gives what runs as a role that role's keys."""

import json
import logging
from collections.abc import Callable, Mapping

from studiolo.asgi import Disconnected, Message, Receive, Send, request_head
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols import new_request_id
from studiolo.aws.sigv4 import Credential
from studiolo.domain import Conflict, Denied, DomainError, now
from studiolo.door.actions import actions_of
from studiolo.door.answers import error_answer
from studiolo.door.authentication import verify_s3
from studiolo.door.gateway import S3Gateway
from studiolo.door.store import Store
from studiolo.identity import CREDENTIALS_PATH, Identity, Principal
from studiolo.state import StateUnavailable

log = logging.getLogger("studiolo.s3")

HEALTH_PATH = "/_studiolo/health"


class Door:
    """Answers every S3 request; the decisions about objects are made here and nowhere else."""

    def __init__(self, identity: Identity, store: Store) -> None:
        self._identity = identity
        self._gateway = S3Gateway(store)

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
                await self._s3(head, receive, send)
        except Disconnected:
            log.debug("a client went away in the middle of its request")

    async def _s3(self, head: HttpRequest, receive: Receive, send: Send) -> None:
        """Authenticate and authorize by the head; the payload is verified as it streams."""
        request_id = new_request_id()
        credential, principals = self._keys()
        try:
            verified = verify_s3(head, credential, now())
            if verified is not None:
                context = {"aws:RequestedRegion": verified.region, "aws:SecureTransport": "false"}
                for action, resource in actions_of(head):
                    self._identity.authorize(principals[verified.access_key], action, resource, context)
        except ServiceError as error:
            await error_answer(send, error, request_id, head)
        except Denied as error:
            await error_answer(send, ServiceError("AccessDenied", str(error), 403), request_id, head)
        except StateUnavailable as error:
            log.error("%s", error)
            await error_answer(send, ServiceError("ServiceUnavailable", str(error), 503), request_id, head)
        else:
            await self._gateway(head, verified, receive, send, request_id)

    def _keys(self) -> tuple[Callable[[str], Credential | None], Mapping[str, Principal]]:
        """How the verification of one request finds a key; and whose the keys are that it found."""
        principals: dict[str, Principal] = {}

        def credential(access_key: str) -> Credential | None:
            known = self._identity.find_key(access_key)
            if known is None:
                return None
            key, principals[access_key] = known
            return Credential(key.id, key.secret, key.session_token, key.expires)

        return credential, principals

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
