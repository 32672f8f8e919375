"""Selective reads of a table with a million partitions: they take what they take among a thousand."""

from collections.abc import Iterator
from typing import Any

from bench.bench import Bench
from bench.lake import Lake
from bench.load import Load, drive
from bench.row import Quantity, Row, at_most_times
from bench.server import Server
from bench.signing import requests_of

SIZES = (1000, 100_000, 1_000_000)
DATABASE = "million"
EXPRESSIONS = (
    "day = 500",
    "day between 500 and 520 and city like 'city 5%'",
    "city = 'city 500'",
    "city in ('city 500', 'city 600') and not day = 600",
)


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    lake = Lake(server, DATABASE).make()
    present, few = 0, dict[str, Quantity]()
    for size in SIZES:
        lake.add_partitions(present, size)
        present = size
        server.settle()
        for expression in EXPRESSIONS:
            taken, label = _median(server, expression), f"GetPartitions where {expression}, among {size:,}"
            if size == SIZES[0]:
                few[expression] = taken
            else:
                yield at_most_times(label, 1.5, taken, few[expression], f"against {SIZES[0]:,}")


def _median(server: Server, expression: str) -> Quantity:
    """Milliseconds, one connection."""
    glue = server.client("glue")

    def ask() -> Any:
        return glue.get_partitions(DatabaseName=DATABASE, TableName="air", Expression=expression)

    if not ask()["Partitions"]:
        raise RuntimeError(f"no partition has {expression}")
    outcome = drive(Load("127.0.0.1", server.port, requests_of(glue, ask, count=100), connections=1, seconds=1))
    return Quantity(outcome.median * 1000, "ms")
