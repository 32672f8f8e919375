"""The S3 door's process: `python -m studiolo.door PLAN`, with as many workers as its plan says."""

import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

from studiolo.domain import now
from studiolo.door.app import Door
from studiolo.door.store import Plan
from studiolo.identity import Identity, root_key
from studiolo.state import State

PLAN = "STUDIOLO_S3_DOOR"
"""Names the plan to the workers."""


def app() -> Door:
    """A worker's app, by the plan that the environment names."""
    plan = Plan.read(Path(os.environ[PLAN]))
    identity = Identity(State(plan.database), root_key(plan.data), plan.account, now)
    return Door(identity, plan.store)


def main(file: str) -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    os.environ[PLAN] = file
    plan = Plan.read(Path(file))
    family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY, without which answers wait 40 ms, only where it is.
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((plan.host, plan.port))
    listener.listen(1024)
    config = uvicorn.Config(
        "studiolo.door.__main__:app",
        factory=True,
        workers=plan.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
    if plan.workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


if __name__ == "__main__":
    main(sys.argv[1])
