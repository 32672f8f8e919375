"""The ASGI app: the table of services, and the way of a request from top to bottom.

    identify the service and operation -> authenticate (SigV4) -> authorize (IAM)
    -> parse by the botocore model -> validate -> handler -> serialize by the model

S3 goes another way: its bodies stream to the object store and back (services/s3.py).
"""

import asyncio
import inspect
import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.model import OperationModel

from studiolo.aws import protocols, sigv4
from studiolo.aws.errors import ServiceError, internal_failure, not_implemented
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.models import operation_model
from studiolo.aws.routing import Route, Router
from studiolo.aws.validation import validate
from studiolo.domain import Denied, DomainError, Scope, now
from studiolo.health import Health
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

SERVICES: tuple[Service, ...] = (glue, iam, logs, sagemaker, sagemaker_runtime, sts)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

THREADS = 40


class App:
    """Answers every request that comes to the one endpoint."""

    def __init__(self, studio: Studio, gateway: S3Gateway, health: Health, max_body: int) -> None:
        self._studio = studio
        self._gateway = gateway
        self._health = health
        self._max_body = max_body
        self._services = {service.name: service for service in SERVICES}
        self._router = Router(list(self._services))
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            raise RuntimeError(f"Studiolo speaks HTTP, not {scope['type']}.")
        elif scope["path"].startswith("/_studiolo/"):
            await self._health(scope, receive, send)
        else:
            await self._aws(_head(scope), receive, send)
