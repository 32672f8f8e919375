"""Programs that listen on port 8080: each has a network of its own, is called by its socket, and calls Studiolo."""

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from studiolo.containers.fencing import SOCKET, Machine
from studiolo.containers.program import Programs
from studiolo.containers.unix_http import pings
from studiolo.logs import LogWriter
from studiolo.processes import SocketConnection, isolation
from tests.waiting import until

pytestmark = pytest.mark.skipif(isolation().kind != "fenced", reason=str(isolation()))

SERVE = """
import os, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        called = b"" if self.path == "/ping" else urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"]).read()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["NAME"].encode() + b" heard " + called)
HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


@pytest.fixture
def studiolo() -> Iterator[str]:
    """The address of something that a container calls."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"Studiolo")

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_two_containers_have_the_same_port_and_both_reach_studiolo(
    studiolo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", studiolo)
    machine = Machine.of(Path(sys.executable), tmp_path / "hidden", ["algo-1"])
    starts, sockets = [], []
    with ExitStack() as networks:
        for name in ("one", "two"):
            shared, root = tmp_path / f"{name}-ipc", tmp_path / name / "ml"
            shared.mkdir()
            root.mkdir(parents=True)
            network = machine.network(8080, shared)
            assert network is not None
            networks.enter_context(network.open())
            variables = {SOCKET: str(shared / "s"), "NAME": name}
            starts.append(machine.start(("python", "-c", SERVE), variables, root, shared=shared, network=network))
            sockets.append(str(shared / "s"))
        programs = Programs(starts, [LogWriter(tmp_path / "log") for _ in starts])
        until(lambda: all(pings(socket) for socket in sockets))
        assert [_asked(socket) for socket in sockets] == [b"one heard Studiolo", b"two heard Studiolo"]
        programs.end()
        assert programs.run(None, 10).statuses == (143, 143)
    until(lambda: not any(SERVE in (each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])))


def _asked(socket: str) -> bytes:
    connection = SocketConnection(socket, 10)
    connection.request("GET", "/studiolo")
    return connection.getresponse().read()
