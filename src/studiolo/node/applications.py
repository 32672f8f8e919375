"""The daemons of a cluster's applications, each a program of its own."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from studiolo.node.doors import Doors

RESTARTS = 3
"""How often a daemon that has ended is started again."""

LAST_WORDS = 4096

DORMANT, STARTING, RUNNING = "dormant", "starting", "running"


class Application:
    """The daemon of an application, ready when its port is open. One with doors is started when somebody knocks."""

    def __init__(self, entry: Mapping[str, Any], folder: Path, host: str) -> None:
        self._entry = entry
        self._host = host
        self._log = folder / "mnt" / "var" / "log" / entry["name"].lower() / "daemon.log"
        self._starts = 0
        self._ready = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._doors = Doors(host, entry["doors"], self._ready) if entry["doors"] else None
        self.note = ""
        """What happened to it, in a sentence."""

    def _start(self) -> "subprocess.Popen[bytes]":
        self._starts += 1
        self._ready.clear()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            return subprocess.Popen(
                self._entry["command"],
                env={**os.environ, **self._entry["environment"]},
                cwd=self._log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def state(self) -> str:
        """`dormant`, `starting`, `running`, or `failed: …`; one that has ended is started again a few times."""
        if self._process is None:
            if self._doors is not None and not self._doors.opened:
                return DORMANT
            self._process = self._start()
        status = self._process.poll()
        if status is not None:
            words = self._last_words() or f"It {ended(status)}."
            if self._starts > RESTARTS:
                return f"failed: it ended {self._starts} times. {words}"
            self.note = f"{self._entry['name']} was started again: {words}"
            self._process = self._start()
        if not self._ready.is_set():
            with suppress(OSError), socket.create_connection((self._host, self._entry["port"]), 1.0):
                self._ready.set()
        return RUNNING if self._ready.is_set() else STARTING

    def _last_words(self) -> str:
        """The last line of what it printed."""
        with suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_WORDS))
            lines = file.read().decode(errors="replace").split("\n")
            return next((line for line in reversed(lines) if line.strip()), "")
        return ""

    def tell(self) -> None:
        """Say that other workers are wanted: only one that is woken by a knock wants to know."""
        if self._process is not None and self._doors is not None:
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        if self._doors is not None:
            self._doors.close()
        if self._process is not None:
            self._process.terminate()


def ended(status: int) -> str:
    """How a process has ended, by its status."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
