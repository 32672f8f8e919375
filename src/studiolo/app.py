"""The ASGI app: the table of services, and the way of a request from top to bottom.

    identify the service and operation -> authenticate (SigV4) -> authorize (IAM)
    -> parse by the botocore model -> validate -> handler -> serialize by the model

S3 goes another way once it is authorized: its bodies stream to the object store and back (services/s3.py).
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel
from starlette.types import ASGIApp

from studiolo.asgi import Disconnected, Message, Receive, Send, TooLarge, read_body, request_head, send_response
from studiolo.aws import protocols
from studiolo.aws.errors import ServiceError, internal_failure, not_implemented
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.models import bare_operation, operation_model
from studiolo.aws.protocols import new_request_id
from studiolo.aws.routing import Route, Router, protocol_guess, signing_name_of
from studiolo.aws.sigv4 import Credential, Verified, verify
from studiolo.aws.validation import validate
from studiolo.domain import Denied, DomainError, Scope, now
from studiolo.identity import Principal
from studiolo.services.call import Call, Studio
from studiolo.services.glue import glue
from studiolo.services.iam import iam
from studiolo.services.logs import logs
from studiolo.services.s3 import S3Gateway, actions_of, error_answer, verify_s3
from studiolo.services.sagemaker import sagemaker
from studiolo.services.sagemaker_runtime import sagemaker_runtime
from studiolo.services.service import Handler, Service
from studiolo.services.sts import sts
from studiolo.state import StateUnavailable
from studiolo.storage import StoreUnavailable

log = logging.getLogger("studiolo")

SERVICES: Mapping[str, Service] = {
    service.name: service for service in (glue, iam, logs, sagemaker, sagemaker_runtime, sts)
}

READS = ("BatchGet", "Describe", "Get", "List")
"""How the names of operations begin that only read the state, and are quick."""

MIB = 1024 * 1024
FORM = "application/x-www-form-urlencoded"
THREADS = 40


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way: what it is for, and how its answer is to be written."""

    request: HttpRequest
    service: Service
    model: OperationModel
    handler: Handler
    protocol: str
    request_id: str


class App:
    """Answers every request that comes to the one endpoint.

    own_pages: the app of /_studiolo/; max_body: the largest request outside S3, in MiB.
    """

    def __init__(self, studio: Studio, gateway: S3Gateway, own_pages: ASGIApp, max_body: int) -> None:
        self._studio = studio
        self._gateway = gateway
        self._own_pages = own_pages
        self._max_body = max_body
        self._router = Router(list(SERVICES))
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        # One thread answers half as many reads again as many do, which compete for the interpreter (measured).
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].startswith("/_studiolo/"):
            await self._own_pages(scope, receive, send)
        else:
            head = request_head(scope)
            try:
                if self._is_s3(head):
                    await self._pass_to_s3(head, receive, send)
                else:
                    await send_response(send, await self._answer(head, receive))
            except Disconnected:
                log.debug("a client went away in the middle of its request")

    async def _answer(self, head: HttpRequest, receive: Receive) -> HttpResponse:
        request_id = new_request_id()
        try:
            body = await read_body(receive, self._max_body * MIB)
            request = HttpRequest(head.method, head.url, head.headers, body)
            exchange = self._exchange(request, self._router.identify(request), request_id)
        except TooLarge:
            message = f"The request body is larger than {self._max_body} MiB."
            return _refusal(head, ServiceError("RequestEntityTooLargeException", message, 413), request_id)
        except ServiceError as error:
            return _refusal(head, error, request_id)
        if inspect.iscoroutinefunction(exchange.handler):
            return await self._carry(exchange)
        # Handlers and domains are plain synchronous Python; the event loop belongs to HTTP alone.
        threads = self._reader if exchange.model.name.startswith(READS) else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, self._carry_out, exchange)

    def _exchange(self, request: HttpRequest, route: Route, request_id: str) -> Exchange:
        if route.operation is None:
            raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
        service = SERVICES[route.service]
        handler = service.handler(route.operation)
        if handler is None:
            raise not_implemented(service.name, route.operation)
        return Exchange(
            request, service, operation_model(service.name, route.operation), handler, route.protocol, request_id
        )

    def _carry_out(self, exchange: Exchange) -> HttpResponse:
        """The chain, for handlers of values."""
        try:
            call, parameters = self._admit(exchange)
            return _success(exchange, exchange.handler(call, parameters))
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer and the log its traceback)
            return _failure(exchange, error)

    async def _carry(self, exchange: Exchange) -> HttpResponse:
        """The chain, for the few handlers that carry bodies."""
        try:
            call, parameters = self._admit(exchange)
            return _success(exchange, await exchange.handler(call, parameters))
        except Exception as error:  # noqa: BLE001 (as above)
            return _failure(exchange, error)

    def _admit(self, exchange: Exchange) -> tuple[Call, dict[str, Any]]:
        """Authenticate, authorize, parse and validate."""
        request, model = exchange.request, exchange.model
        verified, principal = self._authenticate(request, exchange.service.name, exchange.protocol)
        self._studio.identity.authorize(principal, f"{verified.service}:{model.name}", None, _context(verified))
        parameters = protocols.parse(model, request, max_body=self._max_body * MIB)
        validate(model, parameters, code=exchange.service.invalid)
        scope = Scope(principal.account, verified.region)
        return Call(scope, principal, self._studio, exchange.request_id), parameters

    def _authenticate(self, request: HttpRequest, service: str, protocol: str) -> tuple[Verified, Principal]:
        credential, principals = self._keys()
        verified = verify(request, credential, now(), service=service, protocol=protocol)
        return verified, principals[verified.access_key]

    def _keys(self) -> tuple[Callable[[str], Credential | None], Mapping[str, Principal]]:
        """How the verification of one request finds a key; and whose the keys are that it found."""
        principals: dict[str, Principal] = {}

        def credential(access_key: str) -> Credential | None:
            known = self._studio.identity.find_key(access_key)
            if known is None:
                return None
            key, principals[access_key] = known
            return Credential(key.id, key.secret, key.session_token, key.expires)

        return credential, principals

    def _is_s3(self, head: HttpRequest) -> bool:
        """Whether a request is signed for S3; or not signed at all, and claimed by no other service."""
        signing_name = signing_name_of(head)
        if signing_name is not None or head.headers.get("content-type", "").startswith(FORM):
            return signing_name == "s3"
        try:
            return self._router.identify(head).service == "s3"
        except ServiceError:
            return False

    async def _pass_to_s3(self, head: HttpRequest, receive: Receive, send: Send) -> None:
        """Authenticate and authorize by the head; the payload is verified as it streams."""
        request_id = new_request_id()
        credential, principals = self._keys()
        try:
            verified = verify_s3(head, credential, now())
            if verified is not None:
                for action, resource in actions_of(head):
                    self._studio.identity.authorize(
                        principals[verified.access_key], action, resource, _context(verified)
                    )
        except ServiceError as error:
            await error_answer(send, error, request_id, head)
        except Denied as error:
            await error_answer(send, ServiceError("AccessDenied", str(error), 403), request_id, head)
        else:
            await self._gateway(head, verified, receive, send, request_id)

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan: what belongs to the event loop begins and ends with it."""
        await receive()
        await self._gateway.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._gateway.close()
        await self._studio.ml.close_connections()
        self._threads.shutdown(wait=False)
        self._reader.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})


def _context(verified: Verified) -> dict[str, str]:
    """The condition keys of IAM that a request tells."""
    return {"aws:RequestedRegion": verified.region, "aws:SecureTransport": "false"}


def _success(exchange: Exchange, result: Mapping[str, Any] | None) -> HttpResponse:
    return protocols.serialize(exchange.model, result, protocol=exchange.protocol, request_id=exchange.request_id)


def _failure(exchange: Exchange, error: Exception) -> HttpResponse:
    if isinstance(error, DomainError):
        error = exchange.service.error(error)
    elif isinstance(error, (StateUnavailable, StoreUnavailable)):
        log.error("%s", error)
        error = ServiceError("ServiceUnavailable", str(error), 503)
    elif not isinstance(error, ServiceError):
        name = f"{exchange.service.name} {exchange.model.name}"
        log.error("%s failed; request id %s", name, exchange.request_id, exc_info=error)
        error = internal_failure(exchange.request_id)
    return protocols.serialize_error(exchange.model, error, protocol=exchange.protocol, request_id=exchange.request_id)


def _refusal(head: HttpRequest, error: ServiceError, request_id: str) -> HttpResponse:
    """An answer to a request that could not be routed, in the protocol it seems to speak."""
    protocol = protocol_guess(head)
    return protocols.serialize_error(bare_operation(protocol), error, protocol=protocol, request_id=request_id)
