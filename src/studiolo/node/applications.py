"""The daemons of a cluster's applications, each a program of its own."""

import os
import re
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from studiolo.node.doors import Doors

ANSWER_SECONDS, LARGEST_ANSWER = 1.0, 64 * 1024

LAST_LINES = 6
FRAME = re.compile(r"\s+at |\s*\.\.\. \d+ more")
"""A line of Java's that says where something was thrown."""

RESTARTS = 3
"""How often a daemon that has ended is started again."""

DORMANT, STARTING, RUNNING = "dormant", "starting", "running"


class Application:
    """The daemon of an application: a program of its own, ready when its port is open, or when its page says so.

    One with doors is started when somebody knocks, which wakes whom it concerns by `on_knock`.
    """

    def __init__(self, entry: Mapping[str, Any], folder: Path, host: str, on_knock: Callable[[], object]) -> None:
        self._entry = entry
        self._host = host
        self._log = folder / "mnt" / "var" / "log" / entry["name"].lower() / "daemon.log"
        self._starts = 0
        self._ready = threading.Event()
        self._has_been_ready = False
        self._process: subprocess.Popen[bytes] | None = None
        self._doors = Doors(host, entry["doors"], self._ready, on_knock) if entry["doors"] else None
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
        """`dormant`, `starting`, `running`, or `failed: …`.

        One that was ready once, or that somebody has knocked for, and has ended is started again a few times.
        """
        if self._process is None:
            if self._doors is not None and not self._doors.opened:
                return DORMANT
            self._process = self._start()
        status = self._process.poll()
        if status is not None:
            again = self._has_been_ready or self._doors is not None
            if self._starts > RESTARTS or not again:
                if self._doors is not None:
                    self._doors.close()
                self.note = ""
                return f"failed: it {ended(status)}, and last said: {self._last_words(LAST_LINES)}"
            said = "" if status < 0 else self._last_words(1)
            self.note = f"{self._entry['name']} was started again: {said or f'it {ended(status)}.'}"
            self._process = self._start()
        if not self._ready.is_set():
            with suppress(OSError, HTTPException):
                if self._answers():
                    self._ready.set()
                    self._has_been_ready = True
        return RUNNING if self._ready.is_set() else STARTING

    def _answers(self) -> bool:
        host, port = self._host, self._entry["port"]
        if self._entry["answer"] is None:
            with socket.create_connection((host, port), ANSWER_SECONDS):
                return True
        path, text = self._entry["answer"]
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=ANSWER_SECONDS) as page:
            return text.encode() in page.read(LARGEST_ANSWER)

    def _last_words(self, most: int) -> str:
        """The last lines of what it printed, those of several starts once."""
        with self._log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - LARGEST_ANSWER))
            lines = log.read(LARGEST_ANSWER).decode(errors="replace").splitlines()
        said = [line.strip() for line in lines if line.strip() and not FRAME.match(line)]
        return " ".join(dict.fromkeys(said[-most:]))

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
