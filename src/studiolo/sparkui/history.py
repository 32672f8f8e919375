"""The process of Spark's history servers: started when one is asked for, and gone when none has been for a while."""

import json
import secrets
import shutil
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from studiolo.domain import Conflict
from studiolo.processes import (
    Child,
    Fence,
    Processes,
    child_environment,
    left_socket,
    read_end,
    remove_left,
    socket_folder,
)
from studiolo.runtimes import Archives, JarsUnavailable, Runtimes

NAME = KIND = "spark-history"
HEAP = "1g"
IDLE_SECONDS = 600
START_SECONDS, OPEN_SECONDS, LOOK_AGAIN = 60.0, 60.0, 0.02
SOCKET = "h"

QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""Options of Java for what starts quickly and computes little."""


class History:
    """Opens folders of event logs, each at a port of its own that asks for a token."""

    def __init__(self, processes: Processes, runtimes: Runtimes, data: Path) -> None:
        self._processes = processes
        self._runtimes = runtimes
        self._archives = Archives(processes, runtimes)
        self._folder = data / "spark-history"
        self._packages = runtimes.packages
        self._lock = threading.Lock()
        self._token = ""
        self._socket: Path | None = None

    def logs(self, name: str) -> Path:
        """The folder whose event logs `open` opens by that name."""
        return self._folder / "logs" / name

    def close(self) -> None:
        """End the process."""
        self._archives.close()
        self.clear()

    def clear(self) -> None:
        """End the process that there is, and remove what it has used."""
        with self._lock:
            child = self._processes.find(NAME)
            if child is not None:
                self._end(child)
            remove_left(self._folder)

    def open(self, name: str) -> tuple[str, str]:
        """The URL at which the event logs of that name are shown, and the token that it asks for. Raises Conflict."""
        with self._lock:
            child = self._processes.find(NAME)
            if child is None or not child.alive or self._socket is None:
                child = self._begin()
            port = self._ask(child, name)
        return f"http://127.0.0.1:{port}", self._token

    def _begin(self) -> Child:
        if (left := self._processes.find(NAME)) is not None:
            self._end(left)
        runtime = self._runtimes.for_glue(self._runtimes.default_label()).runtime
        folder, self._token = self._folder, secrets.token_urlsafe(32)
        (folder / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "logs").mkdir(exist_ok=True, mode=0o700)
        sockets = socket_folder(folder, SOCKET)
        self._socket = sockets / SOCKET
        self._socket.unlink(missing_ok=True)
        archive = self._archives.find(runtime)
        launch = folder / "launch.json"
        launch.touch(0o600)
        try:
            jar = self._runtimes.doors(runtime)
        except JarsUnavailable as error:
            raise Conflict(f"Spark's history server cannot be started: {error}") from error
        options = f"-Djava.io.tmpdir={folder / 'tmp'} -Duser.home={folder}"
        content = {
            "conf": {"spark.driver.memory": HEAP, "spark.driver.extraJavaOptions": options},
            "driver": {
                "java": str(runtime.java / "bin" / "java"),
                "spark": str(runtime.spark_home),
                "jars": [str(jar)],
                "options": [*runtime.java_options, *QUICK],
                "archive": ":".join(map(str, archive)) or None,
            },
            "socket": str(self._socket),
            "token": self._token,
            "idle": IDLE_SECONDS,
        }
        launch.write_text(json.dumps(content))
        seen = (*runtime.seen, runtime.spark_home, *archive, self._packages, jar)
        return self._processes.start(
            NAME,
            KIND,
            [str(runtime.python), "-m", "studiolo.kernel.history", str(folder)],
            environment=child_environment({"PYTHONPATH": str(self._packages), "SPARK_LOCAL_IP": "127.0.0.1"}),
            folder=folder,
            details={"sockets": str(sockets)},
            fence=Fence(folder, seen=seen, at={} if sockets == folder else {str(sockets): sockets}),
        )

    def _ask(self, child: Child, name: str) -> int:
        """The port; the first time the process is waited for."""
        assert self._socket is not None
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as asking:
                    asking.settimeout(OPEN_SECONDS)
                    with left_socket(str(self._socket)) as path:
                        asking.connect(path)
                    asking.sendall(f"{name}\n".encode())
                    answer = json.loads(asking.makefile("rb").readline() or b"{}")
                return int(answer["port"])
            except (FileNotFoundError, ConnectionRefusedError):
                # It does not listen yet.
                if not child.alive or time.monotonic() > end:
                    raise Conflict(f"Spark's history server did not start: {_last_words(child)}") from None
                time.sleep(LOOK_AGAIN)
            except (OSError, ValueError, LookupError):
                raise Conflict(f"Spark's history server did not open the logs: {_last_words(child)}") from None

    def _end(self, child: Child) -> None:
        self._processes.stop(child, 1.0)
        child.log.unlink(missing_ok=True)
        self._processes.forget(NAME)
        if (sockets := Path(child.details["sockets"])) != self._folder:
            shutil.rmtree(sockets, ignore_errors=True)


def _last_words(child: Child) -> str:
    with suppress(OSError):
        return read_end(child.log, 1000).strip()
    return "it has said nothing."
