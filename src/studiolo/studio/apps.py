"""Apps: the JupyterLabs and Code Editors of spaces, ended when they idle.

States: Pending -> InService -> Deleting -> Deleted; Failed with the reason where one does not start, or ends by itself.
"""

import logging
import threading
from datetime import timedelta
from typing import Any

from studiolo.domain import Clock, Invalid, Scope
from studiolo.state import State
from studiolo.studio import editor, jupyter, resources
from studiolo.studio.errors import InUse, Missing
from studiolo.studio.lab import App, space_folder
from studiolo.studio.labs import Labs
from studiolo.studio.values import Domain, Space, idle_settings

log = logging.getLogger(__name__)

TYPE, NAME = "JupyterLab", "default"
LOOK_SECONDS = 30.0
"""Between two looks at whether apps idle."""


def check_type(app_type: str) -> None:
    """Raises Invalid, by its name, for what no app here is."""
    if app_type not in (TYPE, editor.TYPE):
        raise Invalid(f"AppType {app_type} is not supported by Studiolo: use {TYPE}, or {editor.TYPE}.")
    if app_type == editor.TYPE and editor.program() is None:
        raise Invalid(editor.MISSING)


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
        check_type(app_type)
        if app_type != space.app_type:
            raise Invalid(f"The space {space.name} is for {space.app_type} apps, by the AppType of its SpaceSettings.")
        if name != NAME:
            raise Invalid(f"The name of a {app_type} app is {NAME}.")
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

    def find(self, space: Space) -> App | None:
        """The app of a space, if it was made and not deleted."""
        with self._state.reading() as connection:
            found: App | None = resources.find(connection, space.scope, "app", f"{space.path}/{space.app_type}/{NAME}")
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
            minutes = self._idle_minutes(app)
            if minutes is not None and self._clock() - active > timedelta(minutes=minutes):
                log.info("the app %s was idle for %d minutes and ends", app.path, minutes)
                self.delete(app.scope, app.path)

    def _idle_minutes(self, app: App) -> int | None:
        """What its space says, else its user, else the domain, where they enable it; None for ever."""
        with self._state.reading() as connection:
            space: Space | None = resources.find(connection, app.scope, "space", f"{app.domain}/{app.space}")
            domain: Domain | None = resources.find(connection, app.scope, "domain", app.domain)
            if space is None or domain is None or space.idle_minutes is not None:
                return space.idle_minutes if space is not None else None
            owner = resources.find(connection, app.scope, "user-profile", f"{app.domain}/{space.owner}")
        levels = [domain.settings.get("DefaultSpaceSettings" if space.shared else "DefaultUserSettings", {})]
        if owner is not None and not space.shared:
            levels.insert(0, owner.settings.get("UserSettings", {}))
        told = (idle_settings(level, app.type) for level in levels)
        chosen = next((each for each in told if "LifecycleManagement" in each), {})
        minutes: int | None = chosen.get("IdleTimeoutInMinutes")
        return minutes if chosen.get("LifecycleManagement") == "ENABLED" else None
