"""What runs on a cluster as long as it lives: brings its daemons to what the server wants, and reports how they are.

The server leaves `wanted.json` and sends SIGINT; `report.json` says what is there. Both are replaced whole.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from studiolo.node import logs
from studiolo.node.daemons import Daemons, Worker

SOON, IDLE = 0.1, 2.0
"""Seconds between looks at the daemons: while something is on its way, and else."""

END_SECONDS = 3.0
ANSWER_SECONDS, LARGEST_ANSWER = 1.0, 64 * 1024
LOG_SECONDS, LAST_LOG_SECONDS = 60.0, 5.0
"""Seconds between two times that the applications' logs are put where LogUri says, and for the last time."""

LAST_LINES = 6
FRAME = re.compile(r"\s+at |\s*\.\.\. \d+ more")
"""A line of Java's that says where something was thrown."""

RESTARTS = 3
"""How often an application's daemon that has ended is started again."""


class Application:
    """The daemon of an application: a program of its own, ready when its port is open, or when its page says so."""

    def __init__(self, entry: Mapping[str, Any], folder: Path, host: str) -> None:
        self._entry = entry
        self._host = host
        self._log = folder / "mnt" / "var" / "log" / entry["name"].lower() / "daemon.log"
        self._starts = 0
        self._ready = self._has_been_ready = False
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        self._starts += 1
        self._ready = False
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
        """`starting`, `running`, or `failed: …`; one that was ready once and has ended is started again a few times."""
        status = self._process.poll()
        if status is not None:
            if self._starts > RESTARTS or not self._has_been_ready:
                return f"failed: it {_ended(status)}, and last said: {self._last_words()}"
            self._process = self._start()
        if not self._ready:
            with suppress(OSError, HTTPException):
                self._ready = self._answers()
                self._has_been_ready |= self._ready
        return "running" if self._ready else "starting"

    def _answers(self) -> bool:
        host, port = self._host, self._entry["port"]
        if self._entry["answer"] is None:
            with socket.create_connection((host, port), ANSWER_SECONDS):
                return True
        path, text = self._entry["answer"]
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=ANSWER_SECONDS) as page:
            return text.encode() in page.read(LARGEST_ANSWER)

    def _last_words(self) -> str:
        with self._log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - LARGEST_ANSWER))
            lines = log.read(LARGEST_ANSWER).decode(errors="replace").splitlines()
        return " ".join([line.strip() for line in lines if line.strip() and not FRAME.match(line)][-LAST_LINES:])

    def end(self) -> None:
        self._process.terminate()


class Controller:
    """The daemons of the cluster whose files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = json.loads((folder / "node.json").read_text())
        self._wake = threading.Event()
        self._ending = False
        self._leaving: dict[int, float] = {}
        self._applications: dict[str, Application] = {}
        self._reported: Mapping[str, Any] = {}
        signal.signal(signal.SIGINT, lambda *_: self._wake.set())
        signal.signal(signal.SIGTERM, self._end)
        self._daemons = Daemons(folder, self._plan)
        self._logged = time.time()
        self._logging: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Until SIGTERM, or until the JVM has ended; the exit status."""
        self._daemons.start()
        while not self._ending:
            self._wake.clear()
            if (status := self._daemons.process.poll()) is not None:
                self._report({"error": f"The JVM of the cluster's daemons {_ended(status)}."})
                return 1
            settled = self._look()
            if time.time() - self._logged > LOG_SECONDS:
                self._put_logs()
            self._wake.wait(IDLE if settled else SOON)
        for application in self._applications.values():
            application.end()
        assert self._daemons.process.stdin is not None
        self._daemons.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._daemons.process.wait(END_SECONDS)
        self._put_logs()
        if self._logging is not None:
            with suppress(subprocess.TimeoutExpired):
                self._logging.wait(LAST_LOG_SECONDS)
        return 0

    def _put_logs(self) -> None:
        """Have the applications' logs that have changed put where LogUri says, beside what else is done here."""
        if self._plan["log"] is None or (self._logging is not None and self._logging.poll() is None):
            return
        found = logs.logs(self._folder, list(self._applications))
        changed = [str(log) for log in found if log.stat().st_mtime > self._logged]
        self._logged = time.time()
        if changed:
            command = [sys.executable, "-m", "studiolo.node.logs", self._plan["log"], *changed]
            self._logging = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def _end(self, *_: object) -> None:
        self._ending = True
        self._wake.set()

    def _look(self) -> bool:
        """Move towards what is wanted and report; whether it is reached and nothing computes."""
        wanted = {worker["number"]: Worker(**worker) for worker in self._wanted()}
        for number in wanted.keys() - set(self._daemons.workers):
            self._daemons.start_worker(wanted[number])
        seen = self._seen()
        self._let_go(set(self._daemons.workers) - wanted.keys(), seen)
        alive = [number for number in wanted if _state(seen, number) == "ALIVE"]
        if seen and len(alive) == len(wanted):
            for entry in self._plan["applications"]:
                if entry["name"] not in self._applications:
                    self._applications[entry["name"]] = Application(entry, self._folder, self._plan["host"])
        applications = {name: application.state() for name, application in self._applications.items()}
        settled = (
            set(self._daemons.workers) == wanted.keys()
            and len(alive) == len(wanted)
            and len(applications) == len(self._plan["applications"])
            and all(state != "starting" for state in applications.values())
        )
        self._report(
            {
                "master": bool(seen),
                "settled": settled,
                "workers": {str(number): worker for number, worker in seen.get("workers", {}).items()},
                "applications": applications,
                "running": seen.get("running", []),
            }
        )
        return settled and not seen.get("running")

    def _let_go(self, leaving: set[int], seen: Mapping[str, Any]) -> None:
        """Decommission the workers that are not wanted any more, and end those that have finished."""
        for number in leaving:
            worker = seen.get("workers", {}).get(number)
            if number not in self._leaving:
                self._leaving[number] = time.monotonic()
                if worker is not None:
                    self._daemons.decommission([worker["id"]])
            busy = worker is not None and worker["used"] > 0
            if not busy or time.monotonic() - self._leaving[number] > self._plan["decommission_seconds"]:
                self._daemons.stop_worker(number)
                del self._leaving[number]

    def _seen(self) -> dict[str, Any]:
        """What the master says of its workers and applications; nothing where it does not answer."""
        url = f"http://{self._plan['host']}:{self._plan['ports']['master_ui']}/json/"
        try:
            with urllib.request.urlopen(url, timeout=5.0) as answer:
                found = json.load(answer)
        except (OSError, ValueError):
            return {}
        numbers = {self._daemons.port(number): number for number in self._daemons.workers}
        workers = {
            numbers[worker["port"]]: {
                "id": worker["id"],
                "state": worker["state"],
                "used": worker["coresused"],
                "cores": worker["cores"],
            }
            for worker in found["workers"]
            if worker["port"] in numbers
        }
        running = [{"id": app["id"], "name": app["name"], "cores": app["cores"]} for app in found["activeapps"]]
        return {"workers": workers, "running": running}

    def _wanted(self) -> Sequence[Mapping[str, Any]]:
        wanted: Sequence[Mapping[str, Any]] = json.loads((self._folder / "wanted.json").read_text())
        return wanted

    def _report(self, content: Mapping[str, Any]) -> None:
        if content == self._reported:
            return
        self._reported = content
        part = self._folder / "report.part"
        part.write_text(json.dumps(content))
        part.replace(self._folder / "report.json")


def _state(seen: Mapping[str, Any], number: int) -> str | None:
    state: str | None = seen.get("workers", {}).get(number, {}).get("state")
    return state


def _ended(status: int) -> str:
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def run(folder: Path) -> int:
    """Run the daemons of the cluster in `folder`."""
    return Controller(folder).run()
