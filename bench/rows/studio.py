"""An app of Studio: how soon it answers, what it holds, and what its proxy costs against asking its socket."""

import asyncio
import http.client
import json
import socket
import sqlite3
import statistics
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psutil

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_least_times, at_most, at_most_over
from bench.server import Server
from studiolo.runtimes.environments import CACHE

BASE = "/jupyterlab/default"
WHERE = {"SpaceName": "bench", "AppType": "JupyterLab", "AppName": "default"}
START_SECONDS = 600
MB, SIZE, ROUNDS, PINGS = 1_000_000, 64, 5, 200


def measure(bench: Bench) -> Iterator[Row]:
    server = Server(bench.folder / "studio", 0, {CACHE: str(bench.folder / "environments")})
    try:
        server.up()
        app = _App(server)
        note = "of wheels that uv has cached, if it has"
        yield Row("Studio: a first app, its environment made", "none", Quantity(app.start(), "s"), note=note)
        app.stop()
        yield at_most("Studio: an app, its environment there", Quantity(10, "s"), Quantity(app.start(), "s"))
        server.settle()
        yield at_most("Studio: memory of an idle app", Quantity(150, "MB"), Quantity(app.memory(), "MB"))
        ours, direct = app.throughput(direct=False), app.throughput(direct=True)
        name = f"Studio: {SIZE} MB through the proxy, against the socket"
        yield at_least_times(name, 0.3, Quantity(ours, "MB/s"), Quantity(direct, "MB/s"))
        kernel = app.kernel()
        ours, direct = (asyncio.run(app.ping(kernel, direct=each)) * 1000 for each in (False, True))
        name = "Studio: a kernel asked over a WebSocket, against the socket"
        yield at_most_over(name, Quantity(3, "ms"), Quantity(ours, "ms"), Quantity(direct, "ms"))
    finally:
        server.down()


class _App:
    """A JupyterLab in a space of a user, asked through the proxy as the user, or at its socket."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._sagemaker = server.client("sagemaker")
        self.domain: str = self._sagemaker.create_domain(
            DomainName="bench", AuthMode="IAM", DefaultUserSettings={"ExecutionRole": server.role()}
        )["DomainId"]
        self._sagemaker.create_user_profile(DomainId=self.domain, UserProfileName="bench")
        self._sagemaker.create_space(
            DomainId=self.domain,
            SpaceName="bench",
            OwnershipSettings={"OwnerUserProfileName": "bench"},
            SpaceSharingSettings={"SharingType": "Private"},
        )
        self._host = self._cookie = ""

    def start(self) -> float:
        """Seconds until it is InService."""
        began = time.perf_counter()
        self._sagemaker.create_app(DomainId=self.domain, **WHERE)
        wait_until(self._answers, START_SECONDS, every=0.05)
        return time.perf_counter() - began

    def stop(self) -> None:
        self._sagemaker.delete_app(DomainId=self.domain, **WHERE)
        wait_until(lambda: self._state()["Status"] == "Deleted", 60)

    def memory(self) -> float:
        """MB of its own of what runs for it."""
        roots = [each["pid"] for each in self._server.children() if each["kind"] == "studio-app" and each["alive"]]
        found = [each for pid in roots for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
        return sum(each.memory_info().rss for each in found) / MB

    def throughput(self, *, direct: bool) -> float:
        """MB/s of a file that it sends."""
        [home] = (self._server.data / "studio" / "spaces").glob(f"*/*/{self.domain}/bench/home")
        (home / "large.bin").write_bytes(bytes(SIZE * MB))
        rates = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            status, body = self._ask("GET", f"{BASE}/files/large.bin", direct=direct)
            if status != http.client.OK or len(body) != SIZE * MB:
                raise RuntimeError(f"the file came with {status}, and {len(body)} bytes")
            rates.append(SIZE / (time.perf_counter() - began))
        return statistics.median(rates)

    def kernel(self) -> str:
        """The id of a new one."""
        body = json.dumps({"name": "python3"}).encode()
        return str(json.loads(self._ask("POST", f"{BASE}/api/kernels", body, direct=False)[1])["id"])

    async def ping(self, kernel: str, *, direct: bool) -> float:
        """Seconds until a kernel has told what it is, over a WebSocket."""
        lab = self._lab()
        connector = aiohttp.UnixConnector(lab["socket"]) if direct else None
        host = "localhost" if direct else f"127.0.0.1:{self._server.port}"
        taken = []
        url = f"http://{host}{BASE}/api/kernels/{kernel}/channels"
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.ws_connect(url, headers=self._headers(direct=direct)) as channel,
        ):
            for _ in range(PINGS):
                head = {"msg_id": uuid.uuid4().hex, "msg_type": "kernel_info_request", "session": "bench"}
                message = {
                    "header": {**head, "username": "", "version": "5.3"},
                    "parent_header": {},
                    "metadata": {},
                    "content": {},
                    "channel": "shell",
                }
                began = time.perf_counter()
                await channel.send_str(json.dumps(message))
                told: Any = {"msg_type": ""}
                while told["msg_type"] != "kernel_info_reply":
                    told = await channel.receive_json(timeout=60)
                taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def _state(self) -> Any:
        return self._sagemaker.describe_app(DomainId=self.domain, **WHERE)

    def _answers(self) -> bool:
        found = self._state()
        if found["Status"] == "Failed":
            raise RuntimeError(found.get("FailureReason", "the app failed"))
        return bool(found["Status"] == "InService")

    def _headers(self, *, direct: bool) -> dict[str, str]:
        if direct:
            return {"Authorization": f"token {self._lab()['token']}"}
        if not self._cookie:
            asked = {"DomainId": self.domain, "UserProfileName": "bench", "SpaceName": "bench"}
            place = urlsplit(self._sagemaker.create_presigned_domain_url(**asked)["AuthorizedUrl"])
            self._host = place.netloc
            connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
            connection.request("GET", f"{place.path}?{place.query}", headers={"Host": self._host})
            self._cookie = (connection.getresponse().headers["Set-Cookie"] or "").partition(";")[0]
        return {"Host": self._host, "Origin": f"http://{self._host}", "Cookie": self._cookie}

    def _ask(self, method: str, path: str, body: bytes | None = None, *, direct: bool) -> tuple[int, bytes]:
        headers = self._headers(direct=direct)
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
        if direct:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(self._lab()["socket"])
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _lab(self) -> dict[str, str]:
        """Where it listens, and what it wants to be told: nothing that an API tells."""
        with sqlite3.connect(f"file:{self._server.data / 'state.db'}?mode=ro", uri=True) as connection:
            query = "select settings from studio_resources where kind = 'app' and path like ?"
            [(settings,)] = connection.execute(query, (f"{self.domain}/%",)).fetchall()
        found: dict[str, str] = json.loads(settings)
        return found
