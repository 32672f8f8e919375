"""The door's process as the server keeps it: started, adopted after a crash, started again, ended."""

import http.client
import json
import socket
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import studiolo
from studiolo import __version__
from studiolo.config import Settings, addresses
from studiolo.door.app import HEALTH_PATH
from studiolo.door.store import Plan, Store
from studiolo.processes import Child, Keeper, Kept, Processes, child_environment
from studiolo.storage import Storage

PACKAGES = str(Path(studiolo.__file__).parents[1])
"""Where the door finds the code that the server runs."""

NAME = "s3-door"
GRACE_SECONDS = 2.0
POLL_SECONDS = 0.02


class DoorUnavailable(Exception):
    """Why there is no S3 door, in one sentence."""


class DoorProcess:
    """A child named `s3-door`. It keeps its port over restarts, so that what clients were told stays true."""

    def __init__(self, settings: Settings, processes: Processes, storage: Storage) -> None:
        self._settings = settings
        self._processes = processes
        self._storage = storage
        self._folder = settings.folder / NAME
        self._plan: Plan | None = None
        self._keeper = Keeper("The S3 door", processes, self._launch)

    @property
    def endpoint(self) -> str:
        """Its URL. Raises DoorUnavailable before the start."""
        if self._plan is None:
            raise DoorUnavailable("The S3 door has not been started.")
        host = f"[{self._plan.host}]" if ":" in self._plan.host else self._plan.host
        return f"http://{host}:{self._plan.port}"

    def start(self) -> None:
        """Take over the door that a crashed server left, if it leads where this one's would; else start one."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        child = self._processes.find(NAME)
        if child is not None and child.alive:
            self._plan = self._made_plan(int(child.details["port"]))
            if child.details == self._details(self._plan):
                self._keeper.take(child)
                return
            self._processes.stop(child, GRACE_SECONDS)
        self._plan = self._made_plan(_port(self._settings.host, self._kept_port()))
        self._keeper.start()

    def ready(self, timeout: float = 60.0) -> None:
        """Wait until the door answers. Raises DoorUnavailable when it has failed, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            kept = self._keeper.state
            if kept.status == "failed":
                raise DoorUnavailable(kept.reason or "The S3 door has failed.")
            if time.monotonic() > deadline:
                raise DoorUnavailable(f"The S3 door at {self.endpoint} does not answer.")
            time.sleep(POLL_SECONDS)

    @property
    def state(self) -> Kept:
        """How the door is at this moment."""
        return self._keeper.state

    def close(self) -> None:
        self._keeper.stop(GRACE_SECONDS)

    def _made_plan(self, port: int) -> Plan:
        settings = self._settings
        store = Store(self._storage.access, self._storage.folder)
        return Plan(
            host=settings.host,
            hosts=settings.host_names,
            port=port,
            workers=settings.s3_workers,
            data=settings.folder,
            database=settings.database,
            account=settings.account_id,
            partition=settings.partition,
            strict=settings.lake_strict,
            store=store,
        )

    def _launch(self) -> Child:
        assert self._plan is not None
        file = self._folder / "door.json"
        self._plan.write(file)
        return self._processes.start(
            NAME,
            NAME,
            [sys.executable, "-m", "studiolo.door", str(file)],
            environment=child_environment({"PYTHONPATH": PACKAGES}),
            folder=self._folder,
            details=self._details(self._plan),
        )

    def _details(self, plan: Plan) -> dict[str, object]:
        """What a door that is to be taken over must have been started with."""
        return {
            "port": plan.port,
            "host": plan.host,
            "hosts": plan.hosts,
            "workers": plan.workers,
            "strict": plan.strict,
            "store": plan.store.access.endpoint,
            "version": __version__,
        }

    def _kept_port(self) -> int:
        try:
            return int(json.loads((self._folder / "door.json").read_text())["port"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0

    def _answers(self) -> bool:
        assert self._plan is not None
        connection = http.client.HTTPConnection(self._plan.host, self._plan.port, timeout=2.0)
        try:
            connection.request("GET", HEALTH_PATH)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _port(host: str, wanted: int) -> int:
    """The wanted port if it is free at all addresses of a door at that host, else another."""
    with suppress(OSError):
        return _bound(host, wanted)
    return _bound(host, 0)


def _bound(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises OSError where it is not free."""
    with ExitStack() as probes:
        for address in addresses(host):
            probe = probes.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            port = int(probe.getsockname()[1])
    return port
