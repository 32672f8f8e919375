"""Studiolo's own few pages beside the AWS APIs: GET /_studiolo/health and POST /_studiolo/reset."""

import contextlib
from collections.abc import Callable
from typing import Any

import psutil
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from studiolo import __version__
from studiolo.http_server import SameOrigin
from studiolo.processes import Child, Processes, isolation

MIB = 1024 * 1024


def own_pages(services: list[str], processes: Processes, metastore: str, reset: Callable[[], None] | None) -> Starlette:
    """The app of these pages. `reset` empties everything; None where the server does not allow it."""

    async def health(_request: Request) -> JSONResponse:
        children = await run_in_threadpool(processes.children)
        return JSONResponse(
            {
                "status": "ok",
                "version": __version__,
                "services": services,
                "metastore": metastore,
                "isolation": str(isolation()),
                "children": [_described(child) for child in children],
            }
        )

    async def empty(_request: Request) -> JSONResponse:
        if reset is None:
            message = "This server keeps what it has. Start it with --allow-reset to let a request empty it."
            return JSONResponse({"message": message}, status_code=403)
        await run_in_threadpool(reset)
        return JSONResponse({"status": "empty"})

    return Starlette(
        routes=[
            Route("/_studiolo/health", health, methods=["GET"]),
            Route("/_studiolo/reset", empty, methods=["POST"]),
        ],
        middleware=[Middleware(SameOrigin)],
    )


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
