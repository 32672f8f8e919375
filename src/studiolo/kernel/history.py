"""`python -m studiolo.kernel.history FOLDER`: Spark's history servers in one JVM, one for each folder of event logs.

`launch.json` in the folder says how: `{"conf" and "driver": as `Driver` has them, "socket": where to listen, "token":
what their pages ask for, "idle": seconds}`. A line at the socket names a folder in `logs`; the answer is a line of
JSON with the port of its history server. When nobody has asked for so many seconds it ends.
"""

import json
import socketserver
import sys
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway

from studiolo.kernel.doors import TOKEN, UI_DOOR
from studiolo.kernel.driver import Driver

MOST = 8
"""History servers at a time: of more, the one that was asked for the longest ago ends."""

READ_SECONDS, LOOK_AGAIN = 20.0, 0.02
"""How long the first look at event logs is waited for, and between looks whether it was taken."""


class Histories:
    """The history servers, by the names of their folders."""

    def __init__(self, gateway: Any, logs: Path, token: str) -> None:
        self._jvm = gateway.jvm
        self._logs = logs
        self._token = token
        self._open: OrderedDict[str, Any] = OrderedDict()

    def port(self, name: str) -> int:
        """The port of the one for that folder, which is made where there is none."""
        if name not in self._open:
            while len(self._open) >= MOST:
                self._open.popitem(last=False)[1].stop()
            self._open[name] = self._make(name)
        self._open.move_to_end(name)
        return int(self._open[name].boundPort())

    def _make(self, name: str) -> Any:
        history = self._jvm.org.apache.spark.deploy.history
        conf = self._jvm.org.apache.spark.SparkConf(False)
        settings = {
            "spark.history.fs.logDirectory": f"file:{self._logs / name}",
            "spark.history.fs.update.interval": "5s",
            "spark.history.retainedApplications": "5",
            "spark.ui.filters": UI_DOOR,
            TOKEN: self._token,
        }
        for key, value in settings.items():
            conf.set(key, value)
        security = getattr(getattr(history, "HistoryServer$"), "MODULE$").createSecurityManager(conf)
        provider = history.FsHistoryProvider(conf)
        server = history.HistoryServer(conf, provider, security, 0)
        server.bind()
        provider.start()
        last = time.monotonic() + READ_SECONDS
        while _count(provider.getListing()) < len(list((self._logs / name).iterdir())) and time.monotonic() < last:
            time.sleep(LOOK_AGAIN)
        return server


def _count(listing: Any) -> int:
    number = 0
    while listing.hasNext():
        listing.next()
        number += 1
    return number


class Asked(socketserver.StreamRequestHandler):
    """One request."""

    def handle(self) -> None:
        server: Any = self.server
        name = self.rfile.readline(200).decode().strip()
        try:
            answer = {"port": server.histories.port(name)}
        except Exception as error:  # noqa: BLE001 (the log has it, and the next request may be for another)
            sys.stdout.write(f"{name}: {error}\n")
            sys.stdout.flush()
            answer = {}
        self.wfile.write(json.dumps(answer).encode() + b"\n")
        server.last = time.monotonic()


class Server(socketserver.UnixStreamServer):
    """Answers one request after the other."""

    def __init__(self, path: str, histories: Histories) -> None:
        super().__init__(path, Asked)
        self.histories = histories
        self.last = time.monotonic()


def main(folder: Path) -> None:
    launch = json.loads((folder / "launch.json").read_text())
    driver = Driver(launch, folder)
    threading.Thread(target=_pump, args=(driver.output,), name="jvm log", daemon=True).start()
    port, secret = driver.address()
    parameters = GatewayParameters("127.0.0.1", port, auto_field=True, auto_convert=True, auth_token=secret)
    gateway: Any = JavaGateway(gateway_parameters=parameters)
    with Server(launch["socket"], Histories(gateway, folder / "logs", launch["token"])) as server:
        server.timeout = 1.0
        while time.monotonic() - server.last < launch["idle"] and driver.process.poll() is None:
            server.handle_request()
    driver.process.kill()


def _pump(reading: int) -> None:
    with open(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            sys.stdout.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
