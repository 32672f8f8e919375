"""The ASGI app: the table of services, and the way of a request from top to bottom.

    identify the service and operation -> authenticate (SigV4) -> authorize (IAM)
    -> parse by the botocore model -> validate -> handler -> serialize by the model

S3 goes another way once it is authorized: its bodies stream to the object store and back (services/s3.py).
"""

import asyncio
import inspect
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.types import ASGIApp

from studiolo.asgi import Disconnected, Message, Receive, Send, TooLarge, read_body, request_head, send_response
from studiolo.aws import protocols
from studiolo.aws.errors import ServiceError, internal_failure, not_implemented
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.models import operation_model
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
from studiolo.services.s3 import S3Gateway
from studiolo.services.sagemaker import sagemaker
from studiolo.services.sagemaker_runtime import sagemaker_runtime
from studiolo.services.service import Handler, Service
from studiolo.services.sts import sts

log = logging.getLogger("studiolo")

SERVICES: Mapping[str, Service] = {
    service.name: service for service in (glue, iam, logs, sagemaker, sagemaker_runtime, sts)
}

MIB = 1024 * 1024
THREADS = 40


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

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].startswith("/_studiolo/"):
            await self._own_pages(scope, receive, send)
        else:
            try:
                await self._aws(request_head(scope), receive, send)
            except Disconnected:
                log.debug("a client went away in the middle of its request")

    async def _aws(self, head: HttpRequest, receive: Receive, send: Send) -> None:
        if signing_name_of(head) == "s3":
            await self._gateway(head, receive, send)
            return
        try:
            request = HttpRequest(head.method, head.url, head.headers, await read_body(receive, self._max_body * MIB))
            route = self._router.identify(request)
        except TooLarge:
            message = f"The request body is larger than {self._max_body} MiB."
            await send_response(send, _refusal(head, ServiceError("RequestEntityTooLargeException", message, 413)))
        except ServiceError as error:
            await send_response(send, _refusal(head, error))
        else:
            await send_response(send, await self._answer(request, route))

    async def _answer(self, request: HttpRequest, route: Route) -> HttpResponse:
        request_id = new_request_id()
        service, model = SERVICES[route.service], operation_model(route.service, route.operation)
        try:
            handler = service.handler(route.operation)
            if handler is None:
                raise not_implemented(service.name, route.operation)
            ...
        except DomainError as error:
            refused = ServiceError(service.code(error), str(error))
        except ServiceError as error:
            refused = error
        except Exception:
            log.exception("%s %s failed; request id %s", service.name, route.operation, request_id)
            refused = internal_failure(request_id)
        return protocols.serialize_error(model, refused, protocol=route.protocol, request_id=request_id)
