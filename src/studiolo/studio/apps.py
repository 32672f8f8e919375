"""Apps: each a JupyterLab of its own, brought up in the background, adopted after a crash, ended when it idles.

States: Pending -> InService -> Deleting -> Deleted; Failed with the reason where it does not start, or ends by itself.
What is InService when the server ends on purpose comes back at the next start.
"""

import logging
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from studiolo.domain import Clock, DomainError, Invalid, Scope
from studiolo.identity import Identity, client_environment, container_variables
from studiolo.processes import Child, Processes, read_end, remove_left, socket_folder
from studiolo.state import State
from studiolo.studio import jupyter, resources
from studiolo.studio.errors import InUse, Missing
from studiolo.studio.kernels import lab_environment
from studiolo.studio.lifecycle import LifecycleConfigs
from studiolo.studio.resources import App, Space

log = logging.getLogger(__name__)

KIND = "studio-app"
SESSION = "SageMaker"
"""Name of the role sessions of apps, as Studio has it."""
TYPE, NAME = "JupyterLab", "default"

START_SECONDS = 120.0
POLL_SECONDS = 0.1
LOOK_SECONDS = 30.0
"""Between two looks at whether apps idle."""
TAIL_LINES = 8
TAIL_BYTES = 8192


@dataclass(frozen=True)
class Addresses:
    """Where clients in an app find AWS."""

    endpoint: str
    s3_endpoint: str


class Apps:
    """The apps of all spaces; `folder` has a folder of each space."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        lifecycle: LifecycleConfigs,
        folder: Path,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._state = state
        self._processes = processes
        self._identity = identity
        self._lifecycle = lifecycle
        self._folder = folder
        self._addresses = addresses
        self._clock = clock
        self._closing = threading.Event()
        self._starting: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Adopt the apps that still run, and start again those that should."""
        self._closing.clear()
        with self._state.reading() as connection:
            known: list[App] = resources.everywhere(connection, "app")
        for app in known:
            child = self._processes.find(child_name(app.id))
            if app.status == "InService" and child is not None and child.alive:
                self._watch(app, child)
            elif app.status in ("Pending", "InService"):
                self._set(app, "Pending")
                self._bring_up(app)
            elif app.status == "Deleting":
                self._take_down(app)
        ours = {child_name(app.id) for app in known if app.status in ("Pending", "InService")}
        for child in self._processes.children(KIND):
            if child.name not in ours:
                self._processes.stop(child)
        self._begin_looking()

    def create(self, space: Space, app_type: str, name: str, role: str, owner: str | None, settings: Any) -> App:
        """Start an app in a space, which acts as the role. Raises Invalid, InUse."""
        if app_type != TYPE:
            raise Invalid(f"AppType {app_type} is not supported by Studiolo: create a JupyterLab app in a space.")
        if name != NAME:
            raise Invalid(f"The name of a {TYPE} app is {NAME}.")
        path = f"{space.path}/{app_type}/{name}"
        identifier = uuid.uuid4().hex[:12]
        made = {"id": identifier, "role": role, "owner": owner, "token": jupyter.new_token(), **settings}
        made["socket"] = str(socket_folder(self._folder / "ipc" / identifier, jupyter.SOCKET) / jupyter.SOCKET)
        with self._state.transaction() as tx:
            resources.insert(tx, space.scope, "app", path, "Pending", self._clock(), made)
        app = self.get(space.scope, path)
        self._bring_up(app)
        return app

    def get(self, scope: Scope, path: str) -> App:
        """Raises Missing."""
        with self._state.reading() as connection:
            found: App = resources.get(connection, scope, "app", path)
        return found

    def find(self, scope: Scope, space: str) -> App | None:
        """The JupyterLab of a space, by the space's path, if it was made and not deleted."""
        with self._state.reading() as connection:
            found: App | None = resources.find(connection, scope, "app", f"{space}/{TYPE}/{NAME}")
        return None if found is None or found.status == "Deleted" else found

    def delete(self, scope: Scope, path: str) -> None:
        """End an app; its space's files stay. Raises Missing."""
        app = self.get(scope, path)
        if app.status == "Deleted":
            raise Missing(f"App [{path}] does not exist.")
        self._set(app, "Deleting")
        threading.Thread(target=self._take_down, args=(app,), name=f"end {app.path}", daemon=True).start()

    def drop_failed(self, app: App) -> None:
        """Make room for another run of an app that has failed."""
        self._take_down(app)

    def forget_space(self, space: Space) -> None:
        """Remove a space's files and what is left of its apps. Raises InUse while one lives."""
        with self._state.transaction() as tx:
            for app in resources.below(tx, space.scope, "app", space.path):
                if app.status not in ("Deleted", "Failed"):
                    raise InUse(f"The space {space.name} has an app that is {app.status}: delete it first.")
                resources.delete(tx, app)
        self.place(space.scope, space.path).remove()

    def place(self, scope: Scope, space: str) -> jupyter.Place:
        """The folder of a space."""
        return jupyter.Place(self._folder / "spaces" / scope.account / scope.region / space)

    def close(self) -> None:
        """End all apps' processes, which come back at the next start."""
        self._closing.set()
        self._lifecycle.close()
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
        self._closing.clear()
        self._begin_looking()

    def _bring_up(self, app: App) -> None:
        thread = threading.Thread(target=self._begin, args=(app,), name=f"start {app.path}", daemon=True)
        with self._lock:
            self._starting[app.id] = thread
        thread.start()

    def _begin(self, app: App) -> None:
        try:
            child = self._started(app)
            if child is not None:
                self._set(app, "InService", active=self._clock())
                self._watch(app, child)
        except (DomainError, OSError) as error:
            if not self._closing.is_set():
                self._fail(app, str(error))
        except Exception as error:
            log.exception("the app %s could not be started", app.path)
            self._fail(app, f"{type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._starting.pop(app.id, None)

    def _started(self, app: App) -> Child | None:
        """A process of the app that answers; None where nobody wants it any more. Raises DomainError, OSError."""
        made = lab_environment()
        made.make(log.info, lambda: not self._is_wanted(app))
        place, path = self.place(app.scope, f"{app.domain}/{app.space}"), Path(app.socket)
        name = child_name(app.id)
        if (old := self._processes.find(name)) is not None:
            self._processes.stop(old)
        place.make(app, made.python)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        self._processes.log(name).unlink(missing_ok=True)
        environment, fence = place.environment(app, self._aws(app)), place.fence(made.python, path)
        if (reason := self._lifecycle.run(app, place, environment, fence)) is not None:
            raise OSError(reason)
        child = self._processes.start(
            name,
            KIND,
            place.command(made.python, app.socket),
            environment=environment,
            folder=place.home,
            fence=fence,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError, ValueError):
                jupyter.ask(app.socket, app.token, "api/status")
                return child
            if not self._is_wanted(app):
                self._processes.stop(child, grace=0.0)
                return None
            if not child.alive:
                raise OSError(f"JupyterLab did not start. It last said: {_tail(child.log)}")
            if time.monotonic() > deadline:
                self._processes.stop(child)
                raise OSError(f"JupyterLab did not answer within {START_SECONDS:.0f} s. It said: {_tail(child.log)}")
            time.sleep(POLL_SECONDS)

    def _aws(self, app: App) -> dict[str, str]:
        """The variables by which clients in the app find AWS, and the role's keys, which they renew."""
        workloads = self._identity.workloads
        token = workloads.add(child_name(app.id)).token
        workloads.give(child_name(app.id), app.role, SESSION)
        credentials = container_variables(self._addresses.s3_endpoint, token)
        return client_environment(self._addresses.endpoint, self._addresses.s3_endpoint, app.scope.region, credentials)

    def _is_wanted(self, app: App) -> bool:
        if self._closing.is_set():
            return False
        with self._state.reading() as connection:
            found: App | None = resources.find(connection, app.scope, "app", app.path)
        return found is not None and found.id == app.id and found.status in ("Pending", "InService")

    def _watch(self, app: App, child: Child) -> None:
        def ended(_child: Child, status: int | None) -> None:
            if self._is_wanted(app):
                how = "ended" if status is None else f"ended with exit status {status}"
                self._fail(app, f"JupyterLab {how} by itself. It last said: {_tail(child.log)}")

        self._processes.watch(child, ended)

    def _take_down(self, app: App) -> None:
        with self._lock:
            starting = self._starting.get(app.id)
        if starting is not None:
            self._lifecycle.stop(app)
            starting.join()
        name = child_name(app.id)
        if (child := self._processes.find(name)) is not None:
            self._processes.stop(child)
        self._identity.workloads.end(name)
        remove_left(Path(app.socket).parent)
        self._processes.log(name).unlink(missing_ok=True)
        self._set(app, "Deleted")

    def _fail(self, app: App, reason: str) -> None:
        self._identity.workloads.end(child_name(app.id))
        self._set(app, "Failed", failure=reason[:1024])

    def _set(self, app: App, status: str, failure: str | None = None, active: datetime | None = None) -> None:
        values: dict[str, Any] = {"status": status, "failure": failure, "changed": self._clock()}
        with self._state.transaction() as tx:
            found: App | None = resources.find(tx, app.scope, "app", app.path)
            # Not over what came after it: another run, or its deletion.
            if found is None or found.id != app.id or (found.status == "Deleting" and status != "Deleted"):
                return
            resources.change(tx, app, **values, **({"active": active} if active is not None else {}))

    def _begin_looking(self) -> None:
        threading.Thread(target=self._look_after, name="studio idle", daemon=True).start()

    def _look_after(self) -> None:
        """Note when each app was used last, and end those that idle for longer than their space allows."""
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:
                log.exception("the apps of Studio could not be looked after")

    def look(self) -> None:
        """One look of that."""
        with self._state.reading() as connection:
            living: list[App] = [app for app in resources.everywhere(connection, "app") if app.status == "InService"]
        for app in living:
            try:
                active = jupyter.last_activity(app.socket, app.token)
            except (OSError, ValueError, KeyError):
                continue
            self._set(app, "InService", active=active)
            with self._state.reading() as connection:
                space: Space | None = resources.find(connection, app.scope, "space", f"{app.domain}/{app.space}")
            minutes = space.idle_minutes if space is not None else None
            if minutes is not None and self._clock() - active > timedelta(minutes=minutes):
                log.info("the app %s was idle for %d minutes and ends", app.path, minutes)
                self.delete(app.scope, app.path)


def child_name(identifier: str) -> str:
    return f"{KIND}-{identifier}"


def _tail(path: Path) -> str:
    try:
        return "\n".join(read_end(path, TAIL_BYTES).splitlines()[-TAIL_LINES:])
    except OSError:
        return "nothing"
