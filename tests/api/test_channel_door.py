"""A Java server that takes those connections alone which Studiolo admits."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from py4j.java_gateway import JavaGateway

from studiolo.clusters.applications.trino import DOOR
from studiolo.config import Settings
from studiolo.runtimes import Runtimes
from tests.conftest import Server


@pytest.fixture
def asked() -> Iterator[Any]:
    """What Studiolo is asked, and answers: `refusal` is None where all are admitted."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.questions.append(parse_qs(urlsplit(self.path).query))
            self.send_response(204 if answering.refusal is None else 403)
            self.end_headers()
            self.wfile.write((answering.refusal or "").encode())

        def log_message(self, *_: Any) -> None:
            pass

    answering: Any = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    answering.questions, answering.refusal = [], None
    threading.Thread(target=answering.serve_forever, daemon=True).start()
    yield answering
    answering.shutdown()
    answering.server_close()


@pytest.fixture
def java(server: Server, asked: Any) -> Iterator[Any]:
    """A Java with the options that Trino is started with."""
    runtimes = Runtimes(Settings(data=server.data))
    runtime = runtimes.for_emr("emr-7.10.0").runtime
    gateway = JavaGateway.launch_gateway(
        java_path=str(runtime.java / "bin" / "java"),
        classpath=str(runtimes.doors(runtime)),
        javaopts=[*DOOR, f"-Dstudiolo.connections=http://127.0.0.1:{asked.server_port}/connections/one"],
        die_on_exit=True,
        enable_auth=True,
    )
    yield gateway.jvm
    gateway.shutdown()
    gateway.java_process.communicate(timeout=30)


def test_who_is_not_admitted_is_told_why_and_not_served(java: Any, asked: Any) -> None:
    listening = java.java.nio.channels.ServerSocketChannel.open()
    listening.bind(java.java.net.InetSocketAddress("127.0.0.1", 0))
    own = f"127.0.0.1:{listening.socket().getLocalPort()}"
    asked.refusal = "Not for you."
    with ThreadPoolExecutor() as pool:
        accepted = pool.submit(listening.accept)
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(f"http://{own}/", timeout=20)
        assert refused.value.read() == b"Not for you.\n"
        assert not accepted.done()
        asked.refusal = None
        with socket.create_connection(("127.0.0.1", listening.socket().getLocalPort()), 20) as admitted:
            assert accepted.result(30).socket().getPort() == admitted.getsockname()[1]
    assert [question["own"] for question in asked.questions] == [[own], [own]]
