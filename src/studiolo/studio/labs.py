"""JupyterLabs: each brought up in the background, adopted after a crash, its end noted.

What is InService when the server ends on purpose comes back at the next start. Whose they are, and what becomes of them
when they are ended, is for `Apps` and `NotebookInstances`.
"""

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from studiolo.domain import Clock, DomainError
from studiolo.identity import Identity, client_environment, container_variables
from studiolo.processes import Child, Processes, read_end, remove_left, socket_folder
from studiolo.state import State, Thing
from studiolo.studio import jupyter, resources
from studiolo.studio.images import Images
from studiolo.studio.kernels import lab_environment
from studiolo.studio.lab import Lab
from studiolo.studio.scripts import Scripts

log = logging.getLogger(__name__)

KIND = "studio-app"
SESSION = "SageMaker"
"""Name of the role sessions of JupyterLabs, as Studio has it."""

START_SECONDS = 120.0
POLL_SECONDS = 0.1
TAIL_LINES = 8
TAIL_BYTES = 8192
WANTED = ("Pending", "InService")
ENDING = ("Deleting", "Stopping")


@dataclass(frozen=True)
class Addresses:
    """Where clients in a JupyterLab find AWS."""

    endpoint: str
    s3_endpoint: str


class Labs:
    """The JupyterLabs of all spaces and notebook instances; `folder` has their folders."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        scripts: Scripts,
        images: Images,
        folder: Path,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._state = state
        self._processes = processes
        self._identity = identity
        self._scripts = scripts
        self._images = images
        self._folder = folder
        self._addresses = addresses
        self._clock = clock
        self.closing = threading.Event()
        self._starting: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def adopt(self, known: Iterable[Lab]) -> None:
        """Take over those that run, start again those that should, and end those that nobody knows."""
        self.closing.clear()
        wanted = [lab for lab in known if lab.status in WANTED]
        for lab in wanted:
            child = self._processes.find(child_name(lab.id))
            if lab.status == "InService" and child is not None and child.alive:
                self._watch(lab, child)
            else:
                self.set(lab, "Pending")
                self.bring_up(lab)
        ours = {child_name(lab.id) for lab in wanted}
        for child in self._processes.children(KIND):
            if child.name not in ours:
                self._processes.stop(child)

    def new(self, role: str) -> dict[str, Any]:
        """The settings that tell a new one from all others, which acts as the role."""
        identifier = uuid.uuid4().hex[:12]
        socket = socket_folder(self._folder / "ipc" / identifier, jupyter.SOCKET) / jupyter.SOCKET
        return {"id": identifier, "role": role, "token": jupyter.new_token(), "socket": str(socket)}

    def bring_up(self, lab: Lab) -> None:
        """Start one that is Pending, in the background."""
        thread = threading.Thread(target=self._begin, args=(lab,), name=f"start {lab.path}", daemon=True)
        with self._lock:
            self._starting[lab.id] = thread
        thread.start()

    def take_down(self, lab: Lab) -> None:
        """End one that is not wanted any more: when this returns, nothing of it runs."""
        with self._lock:
            starting = self._starting.get(lab.id)
        if starting is not None:
            self._scripts.stop(lab)
            starting.join()
        name = child_name(lab.id)
        if (child := self._processes.find(name)) is not None:
            self._processes.stop(child)
        self._identity.workloads.end(name)
        remove_left(Path(lab.socket).parent)
        self._processes.log(name).unlink(missing_ok=True)

    def place(self, path: str) -> jupyter.Place:
        """The folder of a space, or of a notebook instance."""
        return jupyter.Place(self._folder / path)

    def set(self, lab: Lab, status: str, failure: str | None = None, active: datetime | None = None) -> None:
        """Note what has become of it; not over what came after it: another one of its name, or its end."""
        values: dict[str, Any] = {"status": status, "failure": failure, "changed": self._clock()}
        with self._state.transaction(thing(lab)) as tx:
            found: Lab | None = resources.find(tx, lab.scope, lab.kind, lab.path)
            over = found is not None and found.status in ENDING and status in (*WANTED, "Failed")
            if found is None or found.id != lab.id or over:
                return
            resources.change(tx, lab, **values, **({"active": active} if active is not None else {}))

    def close(self) -> None:
        """End all processes, which come back at the next start."""
        self.closing.set()
        self._scripts.close()
        with self._lock:
            starting = list(self._starting.values())
        for thread in starting:
            thread.join()
        for child in self._processes.children(KIND):
            self._processes.stop(child, grace=2.0)

    def empty(self) -> None:
        """End and forget everything."""
        self.close()
        remove_left(self._folder)
        self.closing.clear()

    def _begin(self, lab: Lab) -> None:
        try:
            child = self._started(lab)
            if child is not None:
                self.set(lab, "InService", active=self._clock())
                self._watch(lab, child)
        except (DomainError, OSError) as error:
            if not self.closing.is_set():
                self._fail(lab, str(error))
        except Exception as error:
            log.exception("JupyterLab of %s could not be started", lab.path)
            self._fail(lab, f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._starting.pop(lab.id, None)

    def _started(self, lab: Lab) -> Child | None:
        """A process of it that answers; None where nobody wants it any more. Raises DomainError, OSError."""
        made = lab_environment()
        made.make(log.info, lambda: not self._is_wanted(lab))
        place, path = self.place(lab.place), Path(lab.socket)
        name = child_name(lab.id)
        if (old := self._processes.find(name)) is not None:
            self._processes.stop(old)
        images = self._images.kernels(lab, place.images)
        place.make(lab, made.python, images)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        self._processes.log(name).unlink(missing_ok=True)
        environment, fence = place.environment(lab, self._aws(lab)), place.fence(lab, made.python, images)
        if (reason := self._scripts.run(lab, place, environment, fence)) is not None:
            raise OSError(reason)
        child = self._processes.start(
            name,
            KIND,
            place.command(lab, made.python),
            environment=environment,
            folder=place.home,
            fence=fence,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError, ValueError):
                jupyter.ask(lab, "api/status")
                return child
            if not self._is_wanted(lab):
                self._processes.stop(child, grace=0.0)
                return None
            if not child.alive:
                raise OSError(f"JupyterLab did not start. It last said: {_tail(child.log)}")
            if time.monotonic() > deadline:
                self._processes.stop(child)
                raise OSError(f"JupyterLab did not answer within {START_SECONDS:.0f} s. It said: {_tail(child.log)}")
            time.sleep(POLL_SECONDS)

    def _aws(self, lab: Lab) -> dict[str, str]:
        """The variables by which clients in it find AWS, and the role's keys, which they renew."""
        workloads = self._identity.workloads
        token = workloads.add(child_name(lab.id)).token
        workloads.give(child_name(lab.id), lab.role, SESSION)
        credentials = container_variables(self._addresses.s3_endpoint, token)
        return client_environment(self._addresses.endpoint, self._addresses.s3_endpoint, lab.scope.region, credentials)

    def _is_wanted(self, lab: Lab) -> bool:
        if self.closing.is_set():
            return False
        with self._state.reading() as connection:
            found: Lab | None = resources.find(connection, lab.scope, lab.kind, lab.path)
        return found is not None and found.id == lab.id and found.status in WANTED

    def _watch(self, lab: Lab, child: Child) -> None:
        def ended(_child: Child, status: int | None) -> None:
            if self._is_wanted(lab):
                how = "ended" if status is None else f"ended with exit status {status}"
                self._fail(lab, f"JupyterLab {how} by itself. It last said: {_tail(child.log)}")

        self._processes.watch(child, ended)

    def _fail(self, lab: Lab, reason: str) -> None:
        self._identity.workloads.end(child_name(lab.id))
        self.set(lab, "Failed", failure=reason[:1024])


def child_name(identifier: str) -> str:
    return f"{KIND}-{identifier}"


def thing(lab: Lab) -> Thing:
    """What readers of it wait for."""
    return Thing(lab.kind, lab.scope.account, lab.scope.region, lab.path)


def _tail(path: Path) -> str:
    try:
        return "\n".join(read_end(path, TAIL_BYTES).splitlines()[-TAIL_LINES:])
    except OSError:
        return "nothing"
