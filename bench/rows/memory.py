"""What an idle server and its object store hold in memory, without a warm session."""

from collections.abc import Iterator

from bench.bench import Bench
from bench.children import memory
from bench.row import Quantity, Row, at_most
from bench.server import Server


def measure(bench: Bench) -> Iterator[Row]:
    server = Server(bench.folder / "idle", warm=0)
    try:
        server.up()
        server.settle()
        resident, proportional = memory(server.processes())
    finally:
        server.down()
    note = "" if proportional is None else f"{proportional:,.0f} MB with shared pages counted once"
    yield at_most("memory of an idle server with its object store", Quantity(400, "MB"), Quantity(resident, "MB"), note)
