"""What the API adds to a statement: `1+1` through RunStatement and GetStatement, and straight to a kernel."""

import statistics
import subprocess
import time
from collections.abc import Iterator

from jupyter_client.manager import start_new_kernel

from bench.bench import Bench
from bench.row import Quantity, Row, at_most_over
from bench.server import Session

STATEMENTS = 50


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    session = Session(server, "statements")
    session.start()
    server.settle()
    ours = _through_the_api(session)
    session.stop()
    bare = straight()
    yield at_most_over(
        "statement 1+1 by boto3, over a bare kernel", Quantity(20, "ms"), Quantity(ours, "ms"), Quantity(bare, "ms")
    )


def _through_the_api(session: Session) -> float:
    """Milliseconds, the median."""
    session.run("1+1")
    taken = []
    for _ in range(STATEMENTS):
        began = time.perf_counter()
        answer = session.run("1+1", every=0.001)
        taken.append(time.perf_counter() - began)
        assert answer == "2", answer
    return statistics.median(taken) * 1000


def straight() -> float:
    """Milliseconds, the median, by jupyter_client alone."""
    manager, client = start_new_kernel(stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive("1+1", output_hook=lambda _: None, timeout=10)
        taken = []
        for _ in range(STATEMENTS):
            began = time.perf_counter()
            client.execute_interactive("1+1", output_hook=lambda _: None, timeout=10)
            taken.append(time.perf_counter() - began)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return statistics.median(taken) * 1000
