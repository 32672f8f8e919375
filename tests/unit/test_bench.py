"""The benchmark's load generators: what they count is what a server answered."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import SimpleNamespace
from typing import Any

import pytest
from bench import thrift_load
from bench.load import Load, Refused, drive
from bench.signing import http
from hive_metastore import ThriftHiveMetastore
from hive_metastore import ttypes as hive

from studiolo.metastore.listener import Listener

FAILING = "/failing"
WITHOUT_LENGTH = "/without-length"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500 if self.path == FAILING else 200)
        if self.path == WITHOUT_LENGTH:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.answered += 1  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


class UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, _ = super().get_request()
        return connection, ("", 0)


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.answered = 0  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever).start()
    yield server
    server.shutdown()
    server.server_close()


def load(server: ThreadingHTTPServer, path: str) -> Load:
    port = server.server_address[1]
    request = http("POST", f"http://127.0.0.1:{port}{path}", {"Content-Type": "text/plain"}, "body")
    return Load("127.0.0.1", port, [request], connections=2, seconds=0.2, warm_up=0.0)


@pytest.mark.parametrize("path", ["/", WITHOUT_LENGTH])
def test_the_load_generator_counts_the_answers_of_a_server(server: ThreadingHTTPServer, path: str) -> None:
    outcome = drive(load(server, path))
    counted = outcome.rate * 0.2
    assert counted > 2
    assert counted <= server.answered <= counted + 2  # type: ignore[attr-defined]


def test_the_load_generator_reaches_a_server_at_a_unix_socket(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    at = str(tmp_path / "s")
    with UnixServer(at, Answers) as other:
        other.answered = 0  # type: ignore[attr-defined]
        threading.Thread(target=other.serve_forever).start()
        assert drive(replace(load(server, "/"), host=at, port=0)).rate > 2
        other.shutdown()
    assert server.answered == 0  # type: ignore[attr-defined]


def test_the_load_generator_refuses_to_give_a_rate_of_failures(server: ThreadingHTTPServer) -> None:
    with pytest.raises(Refused, match="500"):
        drive(load(server, FAILING))


class CountingMetastore:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_table(self, _database: str, name: str) -> Any:
        self.asked.append(name)
        return hive.Table(tableName=name)

    def set_ugi(self, _user: str, _groups: list[str]) -> list[str]:
        return []


def test_the_load_of_a_thrift_call_counts_the_answers_of_a_metastore() -> None:
    metastore, listener = CountingMetastore(), Listener(0)
    process = ThriftHiveMetastore.Processor(metastore).process
    listener.start(lambda: lambda: SimpleNamespace(process=process, holder="somebody"))
    try:
        load = thrift_load.load_of(
            listener.port, "token", lambda client: client.get_table("air", "days"), connections=2
        )
        counted = round(thrift_load.drive(replace(load, seconds=0.2)) * 0.2)
    finally:
        listener.close()
    assert counted > 2
    assert len(metastore.asked) == 1 + counted  # the first to know the answer's length
