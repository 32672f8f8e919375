"""Calls of the Hive Metastore over Thrift, against Hive's bindings with an answer at hand."""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from bench.bench import Bench
from bench.children import free_port, started, wait_for_port
from bench.lake import Lake
from bench.row import Quantity, Row, at_least_times
from bench.server import Server
from bench.thrift_load import ThriftLoad, drive, load_of
from studiolo.config import Settings
from studiolo.domain import now
from studiolo.identity import Identity, root_key
from studiolo.state import State

PARTITIONS = 100_000
CONNECTIONS = (1, 8)
ROUNDS = 3
DATABASE = "metastore"
CALLS: dict[str, Callable[[Any], Any]] = {
    "get_table": lambda client: client.get_table(DATABASE, "air"),
    f"get_partitions_by_filter for one of {PARTITIONS:,}": lambda client: client.get_partitions_by_filter(
        DATABASE, "air", "day = 500", -1
    ),
}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    Lake(server, DATABASE).make().add_partitions(0, PARTITIONS)
    server.settle()
    ours = urlsplit(json.loads((server.data / "server.json").read_text())["metastore"]).port or 0
    token = _session(server)
    bare, log = free_port(), bench.folder / "bare-metastore.log"
    with started([sys.executable, "-m", "bench.bare_metastore", str(bare)], log) as child:
        wait_for_port(child, bare, log)
        for name, call in CALLS.items():
            for connections in CONNECTIONS:
                yield _row(name, connections, [load_of(port, token, call, connections) for port in (ours, bare)])


def _session(server: Server) -> str:
    """What a session says to the metastore, whose role's policies are asked about each call."""
    state = State(f"sqlite:///{server.data / 'state.db'}")
    identity = Identity(state, root_key(server.data), Settings().account_id, now)
    session = identity.workloads.add("bench")
    identity.workloads.give(session.id, server.role(), "bench")
    state.close()
    return session.metastore_token


def _row(name: str, connections: int, loads: Sequence[ThriftLoad]) -> Row:
    """Ours and the bindings' in turns."""
    rounds = [[drive(load) for load in loads] for _ in range(ROUNDS)]
    rate, other = (Quantity(statistics.median(rates), "/s") for rates in zip(*rounds, strict=True))
    label = f"metastore: {name}, {connections} connection{'s' * (connections > 1)}"
    return at_least_times(label, None, rate, other, "against the bindings alone, with the answer at hand")
