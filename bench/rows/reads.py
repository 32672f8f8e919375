"""Signed reads of the control plane against emulators that keep everything in memory and verify no signature."""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench.bench import Bench
from bench.children import free_port, started, wait_for_port
from bench.load import Load, drive
from bench.row import Quantity, Row, Unavailable, at_least_times
from bench.server import TRUST, Server, Session
from bench.signing import client, requests_of

ROUNDS = 3
SECONDS = 1.5
BOTO3_CALLS = 150
CONNECTIONS = 8
ANY_KEY = ("AKIDEXAMPLE", "secret")
ROLE = "arn:aws:iam::000000000000:role/bench"


@dataclass(frozen=True)
class Target:
    """A server and a read of it."""

    port: int
    client: Any
    read: Callable[[], Any]

    def raw(self) -> float:
        """Reads a second by many connections, boto3's cost left out."""
        requests = requests_of(self.client, self.read)
        outcome = drive(Load("127.0.0.1", self.port, requests, CONNECTIONS, SECONDS))
        if outcome.busy > 0.9:
            raise RuntimeError("the load generator was the bottleneck")
        return outcome.rate

    def by_boto3(self) -> float:
        """Reads a second by one thread of boto3."""
        self.read()
        began = time.perf_counter()
        for _ in range(BOTO3_CALLS):
            self.read()
        return BOTO3_CALLS / (time.perf_counter() - began)


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    session = Session(server, "read")
    session.start()
    session.stop()
    server.settle()
    with emulator(bench, "moto", _moto) as moto:
        yield from compared("GetSession", _target(server, session.glue, _get_session), moto, "moto", 5)
    # ministack knows no sessions.
    with emulator(bench, "ministack", _ministack) as ministack:
        yield from compared("GetRole", _target(server, server.client("iam"), _get_role), ministack, "ministack", 1)


def _get_session(glue: Any) -> Any:
    return glue.get_session(Id="read")


def _get_role(iam: Any) -> Any:
    return iam.get_role(RoleName="bench")


def _target(server: Server, client: Any, read: Callable[[Any], Any]) -> Target:
    return Target(server.port, client, lambda: read(client))


def compared(read: str, ours: Target, theirs: Target | Unavailable, name: str, times: float) -> Iterator[Row]:
    raw = f"signed {read}, {CONNECTIONS} connections, against {name}"
    by_boto3 = f"signed {read} by boto3, one thread, against {name}"
    if isinstance(theirs, Unavailable):
        note = f"comparison could not be had: {theirs}"
        yield Row(raw, f"≥ {times:g}x", median(ours.raw() for _ in range(ROUNDS)), note=note)
        yield Row(by_boto3, "none", median(ours.by_boto3() for _ in range(ROUNDS)), note=note)
        return
    rates = [(ours.raw(), theirs.raw()) for _ in range(ROUNDS)]
    yield at_least_times(raw, times, *(median(column) for column in zip(*rates, strict=True)))
    rates = [(ours.by_boto3(), theirs.by_boto3()) for _ in range(ROUNDS)]
    note = "bounded by boto3 itself"
    yield at_least_times(by_boto3, None, *(median(column) for column in zip(*rates, strict=True)), note=note)


def median(rates: Iterable[float]) -> Quantity:
    return Quantity(statistics.median(rates), "/s")


def _moto(port: int) -> Target:
    glue = client("glue", f"http://127.0.0.1:{port}", ANY_KEY)
    glue.create_session(Id="read", Role=ROLE, Command={"Name": "glueetl", "PythonVersion": "3"})
    return Target(port, glue, lambda: _get_session(glue))


def _ministack(port: int) -> Target:
    iam = client("iam", f"http://127.0.0.1:{port}", ANY_KEY)
    iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))
    return Target(port, iam, lambda: _get_role(iam))


@contextmanager
def emulator(bench: Bench, name: str, target: Callable[[int], Target]) -> Iterator[Target | Unavailable]:
    """The emulator with one thing to read, or why it could not be had."""
    with ExitStack() as ends:
        try:
            programs = bench.environments.get(name)
            log, port = bench.folder / f"{name}.log", free_port()
            command = {"moto": ["moto_server", "-H", "127.0.0.1", "-p", str(port)], "ministack": ["ministack"]}[name]
            environment = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
            child = ends.enter_context(started([programs / command[0], *command[1:]], log, environment, bench.folder))
            wait_for_port(child, port, log)
            found: Target | Unavailable = target(port)
        except Unavailable as why:
            found = why
        yield found
