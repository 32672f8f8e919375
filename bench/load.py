"""A load generator: keep-alive HTTP/1.1 connections that send requests made ahead, in a process of its own."""

import asyncio
import itertools
import multiprocessing
import re
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import cast

import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
GRACE = 10.0
"""Seconds that answers still under way at the end are waited for."""


@dataclass(frozen=True)
class Load:
    """What to send where: whole requests, in turn, each connection with one under way at a time.

    To `host` and `port`, or to the Unix socket of the path `host` where `port` is 0.
    """

    host: str
    port: int
    requests: Sequence[bytes]
    connections: int = 8
    seconds: float = 2.0
    warm_up: float = 0.5
    """Seconds before those that count."""


@dataclass(frozen=True)
class Outcome:
    """What came back. `busy` is the share of a core that the generator itself used: near 1 it was the bottleneck."""

    rate: float
    median: float
    p99: float
    errors: int
    first_error: str
    busy: float


class Refused(Exception):
    """The server answered with something else than success: the rate would mean nothing."""


@dataclass
class _Tally:
    load: Load
    begins: float
    ends: float
    requests: "itertools.cycle[bytes]" = field(init=False)
    latencies: list[float] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""

    def __post_init__(self) -> None:
        self.requests = itertools.cycle(self.load.requests)

    def count(self, sent: float, answer: bytes) -> None:
        received = time.perf_counter()
        if not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
            self.errors += 1
            self.first_error = self.first_error or answer[:600].decode("utf-8", "replace")
        elif self.begins <= received < self.ends:
            self.latencies.append(received - sent)


class _Connection(asyncio.Protocol):
    """Sends the next request when the last one is answered; `done` is set when the connection is over."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._buffer = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        if self._sent >= self._tally.ends:
            self._transport.close()
        else:
            self._transport.write(next(self._tally.requests))

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = LENGTH.search(self._buffer, 0, head_end)
        if length is not None:
            if len(self._buffer) < head_end + 4 + int(length[1]):
                return
        elif CHUNKED.search(self._buffer, 0, head_end) is None or not self._buffer.endswith(b"\r\n0\r\n\r\n"):
            return  # without a length the body ends with its last chunk, or with the connection
        closes = CLOSE.search(self._buffer, 0, head_end) is not None
        self._answered()
        if closes:
            self._transport.close()
        else:
            self._send()

    def _answered(self) -> None:
        self._tally.count(self._sent, self._buffer)
        self._buffer = b""

    def connection_lost(self, _reason: Exception | None) -> None:
        if self._buffer:
            self._answered()
        self.done.set_result(None)


async def _keep_connected(tally: _Tally) -> None:
    loop, load = asyncio.get_running_loop(), tally.load
    while time.perf_counter() < tally.ends:
        if load.port:
            _, connection = await loop.create_connection(lambda: _Connection(tally), load.host, load.port)
        else:
            _, connection = await loop.create_unix_connection(lambda: _Connection(tally), load.host)
        await connection.done


async def _drive(load: Load) -> Outcome:
    begins = time.perf_counter() + load.warm_up
    tally = _Tally(load, begins, begins + load.seconds)
    cpu, wall = time.process_time(), time.perf_counter()
    everything = asyncio.gather(*(_keep_connected(tally) for _ in range(load.connections)))
    await asyncio.wait_for(everything, load.warm_up + load.seconds + GRACE)
    busy = (time.process_time() - cpu) / (time.perf_counter() - wall)
    times = sorted(tally.latencies) or [float("nan")]
    return Outcome(
        rate=len(tally.latencies) / load.seconds,
        median=statistics.median(times),
        p99=times[int(len(times) * 0.99)],
        errors=tally.errors,
        first_error=tally.first_error,
        busy=busy,
    )


def _run(load: Load) -> Outcome:
    return uvloop.run(_drive(load))


def drive(load: Load) -> Outcome:
    """Send the load from a fresh process. Raises Refused where an answer was not a success."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        outcome = process.submit(_run, load).result()
    if outcome.errors:
        raise Refused(f"{outcome.errors} answers were not successes; the first: {outcome.first_error}")
    return outcome
