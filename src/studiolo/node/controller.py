"""What runs on a cluster as long as it lives: brings its daemons to what the server wants, and reports how they are.

The server leaves `wanted.json` and sends SIGINT; `report.json` says what is there. Both are replaced whole.
"""

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from studiolo.node import logs
from studiolo.node.applications import Application, ended
from studiolo.node.daemons import Daemons, Worker

SOON, IDLE = 0.1, 2.0
"""Seconds between looks at the daemons: while something is on its way, and else."""

END_SECONDS = 3.0
LOG_SECONDS, LAST_LOG_SECONDS = 60.0, 5.0
"""Seconds between two times that the applications' logs are put where LogUri says, and for the last time."""


class Controller:
    """The daemons of the cluster whose files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = json.loads((folder / "node.json").read_text())
        self._wake = threading.Event()
        self._ending = False
        self._leaving: dict[int, float] = {}
        self._applications: dict[str, Application] = {}
        self._told: Mapping[int, Worker] = {}
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
                self._report({"error": f"The JVM of the cluster's daemons {ended(status)}."})
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
        if wanted != self._told:
            self._told = wanted
            for application in self._applications.values():
                application.tell()
        for number in wanted.keys() - set(self._daemons.workers):
            self._daemons.start_worker(wanted[number])
        seen = self._seen()
        self._let_go(set(self._daemons.workers) - wanted.keys(), seen)
        alive = [number for number in wanted if _state(seen, number) == "ALIVE"]
        if seen and len(alive) == len(wanted):
            for entry in self._plan["applications"]:
                if entry["name"] not in self._applications:
                    self._applications[entry["name"]] = Application(
                        entry, self._folder, self._plan["host"], self._wake.set
                    )
        applications = {name: application.state() for name, application in self._applications.items()}
        running = [*seen.get("running", []), *self._on_yarn(applications)]
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
                "notes": [application.note for application in self._applications.values() if application.note],
                "running": running,
            }
        )
        return settled and not running

    def _on_yarn(self, applications: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """The applications that YARN has not ended yet, where it runs."""
        file = self._folder / "yarn.json"
        if applications.get("Hadoop") != "running" or not file.exists():
            return ()
        running: Sequence[Mapping[str, Any]] = json.loads(file.read_text())
        return running

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


def run(folder: Path) -> int:
    """Run the daemons of the cluster in `folder`."""
    return Controller(folder).run()
