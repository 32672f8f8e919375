"""Apps: the JupyterLabs of spaces, ended when they idle.

States: Pending -> InService -> Deleting -> Deleted; Failed with the reason where one does not start, or ends by itself.
"""

import logging
import threading
from datetime import timedelta
from typing import Any

from studiolo.domain import Clock, Invalid, Scope
from studiolo.state import State
from studiolo.studio import jupyter, resources
from studiolo.studio.errors import InUse, Missing
from studiolo.studio.lab import App, space_folder
from studiolo.studio.labs import Labs
from studiolo.studio.values import Space

log = logging.getLogger(__name__)

TYPE, NAME = "JupyterLab", "default"
LOOK_SECONDS = 30.0
"""Between two looks at whether apps idle."""


class Apps:
    """The apps of all spaces."""

    def __init__(self, state: State, labs: Labs, clock: Clock) -> None:
        self._state = state
        self._labs = labs
        self._clock = clock

    def start(self) -> None:
        """Go on with what a server that ended was at, and look after the others."""
        with self._state.reading() as connection:
            known: list[App] = resources.everywhere(connection, "app")
        for app in known:
            if app.status == "Deleting":
                self._take_down(app)
        self.begin_looking()

    def create(self, space: Space, app_type: str, name: str, role: str, owner: str | None, settings: Any) -> App:
        """Start an app in a space, which acts as the role. Raises Invalid, InUse."""
        if app_type != TYPE:
            raise Invalid(f"AppType {app_type} is not supported by Studiolo: create a JupyterLab app in a space.")
        if name != NAME:
            raise Invalid(f"The name of a {TYPE} app is {NAME}.")
        path = f"{space.path}/{app_type}/{name}"
        made = {"owner": owner, **self._labs.new(role), **settings}
        with self._state.transaction() as tx:
            resources.insert(tx, space.scope, "app", path, "Pending", self._clock(), made)
        app = self.get(space.scope, path)
        self._labs.bring_up(app)
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
        self._labs.set(app, "Deleting")
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
        self._labs.place(space_folder(space.scope, space.path)).remove()

    def _take_down(self, app: App) -> None:
        self._labs.take_down(app)
        self._labs.set(app, "Deleted")

    def begin_looking(self) -> None:
        """Look after the apps until the server ends."""
        threading.Thread(target=self._look_after, name="studio idle", daemon=True).start()

    def _look_after(self) -> None:
        """Note when each app was used last, and end those that idle for longer than their space allows."""
        while not self._labs.closing.wait(LOOK_SECONDS):
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
                active = jupyter.last_activity(app)
            except (OSError, ValueError, KeyError):
                continue
            self._labs.set(app, "InService", active=active)
            with self._state.reading() as connection:
                space: Space | None = resources.find(connection, app.scope, "space", f"{app.domain}/{app.space}")
            minutes = space.idle_minutes if space is not None else None
            if minutes is not None and self._clock() - active > timedelta(minutes=minutes):
                log.info("the app %s was idle for %d minutes and ends", app.path, minutes)
                self.delete(app.scope, app.path)
