"""Brings tracking servers to the state that is wanted: up, adopted after a crash, up once more, down.

What is wanted is the recorded state, so that all of this can be killed between any two lines. One that ends by itself is
started again, unless it ends at once.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from studiolo.domain import Clock, DomainError
from studiolo.identity import Identity, client_environment, container_variables
from studiolo.mlflow import program, records
from studiolo.mlflow.records import COMING, TrackingServer
from studiolo.mlflow.tables import servers
from studiolo.processes import Child, Processes, read_end, remove_left
from studiolo.state import State

log = logging.getLogger(__name__)

KIND = "mlflow"
SESSION = "SageMaker"
"""Name of the role sessions of tracking servers."""

START_SECONDS = 180.0
POLL_SECONDS = 0.1
SHORT_LIFE = 30.0
"""Seconds that one must have been up for, to be started again when it ends by itself."""
TAIL_BYTES = 8192
TAIL_LINES = 8


class Keeper:
    """The processes of all tracking servers; `folder` has a folder of each."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        folder: Path,
        endpoint: str,
        s3_endpoint: str,
        clock: Clock,
    ) -> None:
        self._state = state
        self._processes = processes
        self._identity = identity
        self._folder = folder
        self._endpoint = endpoint
        self._s3_endpoint = s3_endpoint
        self._clock = clock
        self._closing = threading.Event()
        self._working: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Adopt those that still run, and go on with what was on its way."""
        self._closing.clear()
        with self._state.reading() as connection:
            known = [records.of_row(row) for row in connection.execute(servers.select())]
        ours = set()
        for server in known:
            child = self._processes.find(_child_name(server))
            ours.add(_child_name(server))
            if server.active and child is not None and child.alive:
                self._watch(server, child)
            elif server.active:
                self._again(server)
            elif server.status in COMING:
                self.bring_up(server)
            elif server.status in ("Stopping", "Deleting"):
                self.take_down(server, "Stopped" if server.status == "Stopping" else None)
        for child in self._processes.children(KIND):
            if child.name not in ours:
                self._processes.stop(child)

    def bring_up(self, server: TrackingServer) -> None:
        """In the background: a new process, where it was in a state of COMING. It is in the next one then."""
        self._work(server, lambda: self._begin(server))

    def take_down(self, server: TrackingServer, status: str | None) -> None:
        """In the background: end it, and record the state; None where it is to be forgotten with its files."""
        self._work(server, lambda: self._end(server, status))

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            working = list(self._working.values())
        for thread in working:
            thread.join()
        for child in self._processes.children(KIND):
            self._processes.stop(child, grace=2.0)

    def empty(self) -> None:
        self.close()
        remove_left(self._folder)
        self._closing.clear()

    def _work(self, server: TrackingServer, what: Callable[[], None]) -> None:
        """One thing at a time for each server, the next when the one before has ended."""
        with self._lock:
            before = self._working.get(server.id)

            def run() -> None:
                if before is not None:
                    before.join()
                try:
                    what()
                except Exception:
                    log.exception("the tracking server %s is left as it is", server.name)
                finally:
                    with self._lock:
                        if self._working.get(server.id) is thread:
                            del self._working[server.id]

            thread = threading.Thread(target=run, name=f"mlflow {server.name}", daemon=True)
            self._working[server.id] = thread
            thread.start()

    def _begin(self, server: TrackingServer) -> None:
        up, failed = COMING[server.status]
        try:
            child = self._started(server)
            if child is not None and self._set(server, up):
                self._watch(server, child)
        except (DomainError, OSError) as error:
            if not self._closing.is_set():
                self._fail(server, failed, str(error))
        except Exception as error:
            log.exception("the tracking server %s could not be started", server.name)
            self._fail(server, failed, f"{type(error).__name__}: {error}")

    def _started(self, server: TrackingServer) -> Child | None:
        """A process of it that answers; None where nobody wants it any more. Raises DomainError, OSError."""
        made = program.environment()
        made.make(log.info, lambda: not self._is_wanted(server))
        name, folder, path = _child_name(server), self._folder / "servers" / server.id, Path(server.socket)
        if (old := self._processes.find(name)) is not None:
            self._processes.stop(old)
        for each in (folder, path.parent):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        self._processes.log(name).unlink(missing_ok=True)
        child = self._processes.start(
            name,
            KIND,
            program.command(made.python, folder, server),
            environment=program.variables(self._aws(server)),
            folder=folder,
            fence=program.fence(made.python, folder, server),
        )
        deadline = time.monotonic() + START_SECONDS
        while not program.answers(server.socket):
            if not self._is_wanted(server):
                self._processes.stop(child, grace=0.0)
                return None
            if not child.alive:
                raise OSError(f"MLflow did not start. It last said: {_tail(child.log)}")
            if time.monotonic() > deadline:
                self._processes.stop(child)
                raise OSError(f"MLflow did not answer within {START_SECONDS:.0f} s. It last said: {_tail(child.log)}")
            time.sleep(POLL_SECONDS)
        return child

    def _aws(self, server: TrackingServer) -> dict[str, str]:
        """The variables by which it finds AWS, and its role's keys, which its client renews."""
        workloads, name = self._identity.workloads, _child_name(server)
        token = workloads.add(name).token
        workloads.give(name, server.role, SESSION)
        credentials = container_variables(self._s3_endpoint, token)
        return client_environment(self._endpoint, self._s3_endpoint, server.scope.region, credentials)

    def _is_wanted(self, server: TrackingServer) -> bool:
        """Whether nothing has come between."""
        if self._closing.is_set():
            return False
        with self._state.reading() as connection:
            found = records.find_by_id(connection, server.id)
        return found is not None and found.status == server.status

    def _watch(self, server: TrackingServer, child: Child) -> None:
        began = time.monotonic()

        def ended(_child: Child, status: int | None) -> None:
            with self._state.reading() as connection:
                found = records.find_by_id(connection, server.id)
            now = self._processes.find(child.name)
            if self._closing.is_set() or found is None or not found.active or (now and now.pid != child.pid):
                return
            how = "ended" if status is None else f"ended with exit status {status}"
            log.warning("the tracking server %s %s by itself", server.name, how)
            if time.monotonic() - began < SHORT_LIFE:
                self._fail(found, "StartFailed", f"MLflow {how} by itself. It last said: {_tail(child.log)}")
            else:
                self._again(found)

        self._processes.watch(child, ended)

    def _again(self, server: TrackingServer) -> None:
        if self._set(server, "Starting"):
            with self._state.reading() as connection:
                found = records.find_by_id(connection, server.id)
            if found is not None:
                self.bring_up(found)

    def _end(self, server: TrackingServer, status: str | None) -> None:
        name = _child_name(server)
        if (child := self._processes.find(name)) is not None:
            self._processes.stop(child)
        self._identity.workloads.end(name)
        with suppress(FileNotFoundError):
            Path(server.socket).unlink()
        if status is not None:
            self._set(server, status)
            return
        remove_left(Path(server.socket).parent)
        remove_left(self._folder / "servers" / server.id)
        self._processes.log(name).unlink(missing_ok=True)
        with self._state.transaction() as tx:
            tx.execute(servers.delete().where(servers.c.id == server.id))

    def _fail(self, server: TrackingServer, status: str, reason: str) -> None:
        log.warning("the tracking server %s is not up: %s", server.name, reason)
        self._identity.workloads.end(_child_name(server))
        self._set(server, status, reason[:1024])

    def _set(self, server: TrackingServer, status: str, failure: str | None = None) -> bool:
        """Record a state, unless another one has come after the one that was known; whether that was done."""
        this = (servers.c.id == server.id) & (servers.c.status == server.status)
        values = {"status": status, "failure": failure, "changed": self._clock()}
        with self._state.transaction() as tx:
            return bool(tx.execute(servers.update().where(this).values(values)).rowcount)


def _child_name(server: TrackingServer) -> str:
    return f"{KIND}-{server.id}"


def _tail(path: Path) -> str:
    try:
        return "\n".join(read_end(path, TAIL_BYTES).splitlines()[-TAIL_LINES:])
    except OSError:
        return "nothing"
