"""`studiolo up` until it answers, `studiolo down` until nothing is left: with the default settings, on a new folder."""

import statistics
import time
from collections.abc import Iterator

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most
from bench.server import Server

ROUNDS = 3


def measure(bench: Bench) -> Iterator[Row]:
    up, down = [], []
    for number in range(ROUNDS):
        server = Server(bench.folder / f"life-{number}")
        try:
            began = time.perf_counter()
            server.up()
            up.append(time.perf_counter() - began)
            server.settle(60)
        finally:
            began = time.perf_counter()
            server.down()
            wait_until(lambda server=server: not server.leftovers(), 30)
            down.append(time.perf_counter() - began)
    yield at_most("studiolo up, to its first answer", Quantity(2, "s"), Quantity(statistics.median(up), "s"))
    yield at_most("studiolo down, to nothing left", Quantity(4, "s"), Quantity(statistics.median(down), "s"))
