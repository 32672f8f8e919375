"""Studiolo's own few pages beside the AWS APIs.

Its health, the system logs of sessions, POST /_studiolo/reset, a broker's way to the console and, signed,
GET /_studiolo/denials/REQUEST-ID, GET /_studiolo/data-access/DATABASE/TABLE and POST /_studiolo/sign-in; where custom
resources answer, and where programs of clusters ask whom they may serve.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any, Protocol

import psutil
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from studiolo import __version__
from studiolo.asgi import request_head
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.clusters.admission import CONNECTIONS
from studiolo.domain import Denied, DomainError, Health, Invalid, NotFound
from studiolo.http_server import SameOrigin
from studiolo.processes import Child, Processes, isolation
from studiolo.signing_in import SigningIn
from studiolo.socket_table import Address
from studiolo.stacks import ANSWERS
from studiolo.state import StateUnavailable

MIB = 1024 * 1024
LARGEST_RESPONSE = 16 * 1024
"""Bytes of a custom resource's answer that are read: it may have a quarter of them, and is told so."""
WELL = ("running", "external")
"""The states of a part that need no reason."""


class PartHealth(Protocol):
    """How a part that others depend on is; the reason says why it is not well."""

    @property
    def status(self) -> str: ...

    @property
    def reason(self) -> str | None: ...


def own_pages(
    services: list[str],
    processes: Processes,
    metastore: str,
    parts: Mapping[str, Callable[[], PartHealth]],
    system_log: Callable[[str], Iterator[bytes]],
    reset: Callable[[], None] | None,
    why: Callable[[HttpRequest, str], Mapping[str, Any]],
    why_data: Callable[[HttpRequest, str, str, str], Mapping[str, Any]],
    signing_in: SigningIn,
    respond: Callable[[str, bytes], None],
    admit: Callable[[str, str, Address, Address], None],
    more: Sequence[Route],
) -> Starlette:
    """The app of these pages.

    parts: what to watch, each with how it is asked; system_log: the lines that a token of its URL stands for; reset:
    empties everything, None where the server does not allow it; why: finds out why a request was denied; why_data:
    what somebody may see of a table; signing_in: gives out links to the console; respond: takes what the function of a
    custom resource answers under a token; admit: decides for who has a cluster's token about a connection to it;
    more: what others have there.
    """

    async def health(_request: Request) -> JSONResponse:
        shown = [_shown(name, ask()) for name, ask in parts.items()]
        try:
            children = await run_in_threadpool(processes.children)
            shown.append(_shown("state", Health("running")))
        except StateUnavailable as error:
            children = []
            shown.append(_shown("state", Health("failed", str(error))))
        return JSONResponse(
            {
                "status": "ok" if all(part["status"] in WELL for part in shown) else "degraded",
                "version": __version__,
                "services": services,
                "metastore": metastore,
                "isolation": str(isolation()),
                "parts": shown,
                "children": [_described(child) for child in children],
            }
        )

    async def log(request: Request) -> Response:
        try:
            lines = await run_in_threadpool(system_log, request.path_params["token"])
        except (Denied, NotFound) as error:
            return PlainTextResponse(f"{error}\n", 403 if isinstance(error, Denied) else 404)
        return StreamingResponse(lines, media_type="text/plain; charset=utf-8")

    async def empty(_request: Request) -> JSONResponse:
        if reset is None:
            message = "This server keeps what it has. Start it with --allow-reset to let a request empty it."
            return JSONResponse({"message": message}, status_code=403)
        await run_in_threadpool(reset)
        return JSONResponse({"status": "empty"})

    async def denial(request: Request) -> JSONResponse:
        try:
            return JSONResponse(await run_in_threadpool(why, request_head(request.scope), request.path_params["id"]))
        except ServiceError as error:
            return JSONResponse({"message": error.message}, status_code=error.status)

    async def data_access(request: Request) -> JSONResponse:
        asked, holder = request.path_params, request.query_params.get("principal", "")
        head = request_head(request.scope)
        try:
            return JSONResponse(await run_in_threadpool(why_data, head, asked["database"], asked["table"], holder))
        except ServiceError as error:
            return JSONResponse({"message": error.message}, status_code=error.status)

    async def sign_in(request: Request) -> Response:
        try:
            return JSONResponse({"url": await run_in_threadpool(signing_in.link, request_head(request.scope))})
        except ServiceError as error:
            return JSONResponse({"message": error.message}, status_code=error.status)

    async def federation(request: Request) -> Response:
        try:
            answer = await run_in_threadpool(signing_in.broker, dict(request.query_params))
        except ServiceError as error:
            return JSONResponse({"message": error.message}, status_code=error.status)
        return RedirectResponse(answer, 303) if isinstance(answer, str) else JSONResponse(answer)

    async def response(request: Request) -> Response:
        """As S3 would take it: functions write to the address that they were given as to one that S3 has signed."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_RESPONSE:
                break
        try:
            await run_in_threadpool(respond, request.path_params["token"], body)
        except NotFound as error:
            return PlainTextResponse(f"{error}\n", 404)
        except Invalid as error:
            return PlainTextResponse(f"{error}\n", 400)
        return Response(status_code=200)

    async def connection(request: Request) -> Response:
        token, asked = request.headers.get("Authorization", ""), request.query_params
        try:
            peer, own = (_address(asked.get(name, "")) for name in ("peer", "own"))
            await run_in_threadpool(admit, token, request.path_params["cluster"], peer, own)
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except DomainError as error:
            return PlainTextResponse(f"{error}\n", 403)
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route(f"{CONNECTIONS}{{cluster}}", connection, methods=["GET"]),
            Route("/_studiolo/data-access/{database}/{table}", data_access, methods=["GET"]),
            Route("/_studiolo/denials/{id}", denial, methods=["GET"]),
            Route("/_studiolo/federation", federation, methods=["GET"]),
            Route("/_studiolo/health", health, methods=["GET"]),
            Route("/_studiolo/sign-in", sign_in, methods=["POST"]),
            Route("/_studiolo/system-logs/{token}", log, methods=["GET"]),
            Route(f"{ANSWERS}{{token}}", response, methods=["PUT"]),
            Route("/_studiolo/reset", empty, methods=["POST"]),
            *more,
        ],
        middleware=[Middleware(SameOrigin)],
    )


def _address(text: str) -> Address:
    """An address as `127.0.0.1:80`. Raises ValueError."""
    host, _, port = text.rpartition(":")
    return str(IPv4Address(host)), int(port)


def _shown(name: str, health: PartHealth) -> dict[str, Any]:
    return {"name": name, "status": health.status, "reason": None if health.status in WELL else health.reason}


def _described(child: Child) -> dict[str, Any]:
    family = child.family()
    memory = 0
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            memory += process.memory_info().rss
    return {
        "name": child.name,
        "kind": child.kind,
        "pid": child.pid,
        "alive": bool(family),
        "memory_mib": memory // MIB,
    }
