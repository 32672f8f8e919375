"""The S3 door's process: `python -m studiolo.door PLAN`, with as many workers as its plan says."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from studiolo.catalog import Catalog
from studiolo.domain import now
from studiolo.door.app import Door
from studiolo.door.governed import GovernedViews
from studiolo.door.store import Plan
from studiolo.governance import Lake, Views
from studiolo.governance.auditing import Audit
from studiolo.governance.makers import Makers
from studiolo.governance.store_client import StoreClient
from studiolo.governance.view_files import ViewFiles
from studiolo.http_server import serve
from studiolo.identity import Identity, root_key
from studiolo.logs import Logs
from studiolo.state import State
from studiolo.storage import BucketSettings
from studiolo.storage.notices import Notices

SHORT_LIFE = 2.0
"""Seconds: where a worker ends sooner, so would the next, and the door ends with it and says why."""


def main(file: str) -> int:
    """Serve until SIGTERM; the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    plan = Plan.read(Path(file))
    with ExitStack() as open_sockets:
        listeners = [open_sockets.enter_context(_listener(host, plan.port)) for host in plan.addresses]
        if plan.workers > 1:
            return _keep(plan, listeners)
        _work(plan, listeners)
        return 0


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY, without which answers wait 40 ms, only where it is.
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)
    return listener


def _work(plan: Plan, listeners: Sequence[socket.socket]) -> None:
    state = State(plan.database)
    root = root_key(plan.data)
    identity = Identity(state, root, plan.account, now, partition=plan.partition)
    catalog = Catalog(state, now)
    lake = Lake(state, catalog, identity, now, strict=plan.strict)
    client = StoreClient(plan.store.access, ours=not plan.store.external)
    files = ViewFiles(state, catalog, lake, client, Makers(plan.data / "governed-views"), now)
    audit = Audit(Logs(state, plan.data / "log-events", now), now)
    views = GovernedViews(lake, Views(state, catalog, lake, root.secret.encode(), now), files, audit)
    settings, notices = BucketSettings(state, plan.account), Notices(state, now)
    serve(Door(identity, plan.store, settings, notices, lake, views), listeners, plan.hosts)
    state.close()


def _keep(plan: Plan, listeners: Sequence[socket.socket]) -> int:
    """Keep the workers at their number until SIGTERM, which goes on to them; the exit status."""
    workers: dict[int, float] = {}
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in workers:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for _ in range(plan.workers):
        workers[_fork(plan, listeners)] = time.monotonic()
    while workers:
        pid, _ = os.wait()
        lived = time.monotonic() - workers.pop(pid)
        if stopping:
            continue
        if lived < SHORT_LIFE:
            stop(0, None)
            return 1
        workers[_fork(plan, listeners)] = time.monotonic()
    return 0


def _fork(plan: Plan, listeners: Sequence[socket.socket]) -> int:
    """A worker. This process has no threads and no event loop: nothing is torn in its copy."""
    pid = os.fork()
    if pid == 0:
        try:
            _work(plan, listeners)
        finally:
            os._exit(0)
    return pid


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
