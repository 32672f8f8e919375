"""One Thrift call again and again: its bytes are made ahead, so that the bindings cost the server alone."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from hive_metastore.ThriftHiveMetastore import Client
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TSocket import TSocket


@dataclass(frozen=True)
class ThriftLoad:
    """A request, and the length of its answer; each connection has one under way at a time.

    `greeting` is what a connection sends first, and reads one answer of: who it is.
    """

    port: int
    greeting: bytes
    request: bytes
    answer: int
    connections: int
    seconds: float = 1.5


class _Recorded(TSocket):  # type: ignore[misc]  # thrift has no types
    """A socket that knows what was sent, and how much came back."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port)
        self.sent = b""
        self.received = 0

    def write(self, data: bytes) -> None:
        self.sent += data
        super().write(data)

    def read(self, size: int) -> bytes:
        data: bytes = super().read(size)
        self.received += len(data)
        return data


def load_of(port: int, token: str, call: Callable[[Client], Any], connections: int) -> ThriftLoad:
    """The load of a call, which is made once. Raises what the server answers, and ValueError for nothing."""
    recorded = _Recorded(port)
    recorded.open()
    try:
        client = Client(TBinaryProtocol(recorded))
        client.set_ugi(token, [])
        greeting, recorded.sent, recorded.received = recorded.sent, b"", 0
        if not call(client):
            raise ValueError("the call found nothing: its rate would say nothing")
    finally:
        recorded.close()
    return ThriftLoad(port, greeting, recorded.sent, recorded.received, connections)


def drive(load: ThriftLoad) -> float:
    """Calls a second, from a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_run, load).result()


def _run(load: ThriftLoad) -> float:
    with ThreadPoolExecutor(load.connections) as threads:
        ends = time.perf_counter() + load.seconds
        counts = [threads.submit(_calls, load, ends) for _ in range(load.connections)]
        return sum(count.result() for count in counts) / load.seconds


def _calls(load: ThriftLoad, ends: float) -> int:
    count = 0
    answer = memoryview(bytearray(load.answer))
    with socket.create_connection(("127.0.0.1", load.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(load.greeting)
        connection.recv(4096)
        while time.perf_counter() < ends:
            connection.sendall(load.request)
            received = 0
            while received < load.answer:
                more = connection.recv_into(answer[received:])
                if not more:
                    raise ConnectionError("the server ended the connection")
                received += more
            count += 1
    return count
