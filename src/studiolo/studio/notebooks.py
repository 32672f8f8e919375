"""Notebook instances: JupyterLabs with a name in the account, which are stopped and started and keep their files.

States: Pending -> InService -> Stopping -> Stopped -> Pending ... -> Deleting; Failed with the reason. Instance types,
sizes, networks and keys are recorded only.
"""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from studiolo.domain import Clock, Conflict, Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.signin import SignIns
from studiolo.state import State
from studiolo.studio import resources
from studiolo.studio.lab import NotebookInstance
from studiolo.studio.labs import Labs, thing
from studiolo.studio.values import WHEN, Kind, NotebookLifecycleConfig, arn, decoded

SERVICE = "sagemaker.amazonaws.com"
KINDS: tuple[Kind, ...] = ("notebook-instance", "notebook-instance-lifecycle-config")
AT_REST = ("Stopped", "Failed")
URL = "https://"


class NotebookInstances:
    """Those of every scope, and their lifecycle configurations."""

    def __init__(
        self, state: State, labs: Labs, identity: Identity, tags: Tags, sign_ins: SignIns, clock: Clock
    ) -> None:
        self._state = state
        self._labs = labs
        self._identity = identity
        self._sign_ins = sign_ins
        self._clock = clock
        for kind in KINDS:
            tags.know(kind, partial(resources.exists, kind))

    def start_again(self) -> None:
        """Go on with what a server that ended was at."""
        with self._state.reading() as connection:
            known: list[NotebookInstance] = resources.everywhere(connection, "notebook-instance")
        for notebook in known:
            if notebook.status == "Stopping":
                self._stop(notebook)
            elif notebook.status == "Deleting":
                self._delete(notebook)

    def create(
        self, scope: Scope, principal: Principal, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> NotebookInstance:
        """Make one, and start it. Raises AlreadyExists, Invalid, NotFound and Denied for its role."""
        role = settings["RoleArn"]
        self._identity.pass_role(principal, role, SERVICE)
        _check(settings)
        prepared = self._scripts(scope, settings)
        made = {**settings, **self._labs.new(role), "prepared": prepared}
        with self._state.transaction() as tx:
            resources.insert(tx, scope, "notebook-instance", name, "Pending", self._clock(), made)
            set_tags(tx, arn(scope, "notebook-instance", name), tags)
        notebook = self.get(scope, name)
        self._labs.bring_up(notebook)
        return notebook

    def get(self, scope: Scope, name: str) -> NotebookInstance:
        """Raises NotFound."""
        with self._state.reading() as connection:
            found: NotebookInstance = resources.get(connection, scope, "notebook-instance", name)
        return found

    def update(
        self, scope: Scope, principal: Principal, name: str, changes: Mapping[str, Any], dropped: frozenset[str]
    ) -> None:
        """Change one that rests. dropped: settings that it has no more. Raises NotFound, Invalid, Denied, Conflict."""
        if "RoleArn" in changes:
            self._identity.pass_role(principal, changes["RoleArn"], SERVICE)
        _check(changes)
        with self._state.transaction() as tx:
            notebook = self._at_rest(tx, scope, name, "Updating")
            settings = {key: value for key, value in notebook.settings.items() if key not in dropped}
            settings = {**settings, **changes, "role": changes.get("RoleArn", notebook.role)}
            self._scripts(scope, settings)
            resources.change(tx, notebook, settings=settings, changed=self._clock())

    def start(self, scope: Scope, name: str) -> None:
        """Start one that rests. Raises NotFound, also of its lifecycle configuration, and Conflict."""
        prepared = self._scripts(scope, self.get(scope, name).settings)
        with self._state.transaction() as tx:
            notebook = self._at_rest(tx, scope, name, "Pending")
            settings = {**notebook.settings, "prepared": prepared}
            resources.change(tx, notebook, status="Pending", failure=None, settings=settings, changed=self._clock())
        self._labs.bring_up(self.get(scope, name))

    def stop(self, scope: Scope, name: str) -> None:
        """Stop one; its files stay. Raises NotFound, Conflict."""
        notebook = self._turn(scope, name, ("InService",), "Stopping")
        threading.Thread(target=self._stop, args=(notebook,), name=f"stop {name}", daemon=True).start()

    def delete(self, scope: Scope, name: str) -> None:
        """Delete one that rests, with its files. Raises NotFound, Conflict."""
        notebook = self._turn(scope, name, AT_REST, "Deleting")
        threading.Thread(target=self._delete, args=(notebook,), name=f"delete {name}", daemon=True).start()

    def create_config(
        self, scope: Scope, name: str, scripts: Mapping[str, Any], tags: Mapping[str, str]
    ) -> NotebookLifecycleConfig:
        """Raises AlreadyExists, and Invalid for what is no script in base64."""
        _check_scripts(scripts)
        with self._state.transaction() as tx:
            resources.insert(tx, scope, KINDS[1], name, "InService", self._clock(), dict(scripts))
            set_tags(tx, arn(scope, KINDS[1], name), tags)
        return self.config(scope, name)

    def config(self, scope: Scope, name: str) -> NotebookLifecycleConfig:
        """Raises NotFound."""
        with self._state.reading() as connection:
            found: NotebookLifecycleConfig = resources.get(connection, scope, KINDS[1], name)
        return found

    def update_config(self, scope: Scope, name: str, scripts: Mapping[str, Any]) -> None:
        """Change what instances run from their next start on. Raises NotFound, Invalid."""
        _check_scripts(scripts)
        with self._state.transaction() as tx:
            config = resources.get(tx, scope, KINDS[1], name)
            resources.change(tx, config, settings={**config.settings, **scripts}, changed=self._clock())

    def delete_config(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            resources.delete(tx, resources.get(tx, scope, KINDS[1], name))
            drop_tags(tx, arn(scope, KINDS[1], name))

    def _scripts(self, scope: Scope, settings: Mapping[str, Any]) -> dict[str, str]:
        """What one runs at this start. Raises NotFound."""
        name = settings.get("LifecycleConfigName")
        return {} if name is None else dict(self.config(scope, name).scripts)

    def _at_rest(self, tx: Any, scope: Scope, name: str, wanted: str) -> NotebookInstance:
        found: NotebookInstance = resources.get(tx, scope, "notebook-instance", name)
        _check_status(found, AT_REST, wanted)
        return found

    def _turn(self, scope: Scope, name: str, allowed: tuple[str, ...], wanted: str) -> NotebookInstance:
        notebook = self.get(scope, name)
        with self._state.transaction(thing(notebook)) as tx:
            found: NotebookInstance = resources.get(tx, scope, "notebook-instance", name)
            _check_status(found, allowed, wanted)
            resources.change(tx, found, status=wanted, changed=self._clock())
        return found

    def _stop(self, notebook: NotebookInstance) -> None:
        self._labs.take_down(notebook)
        self._labs.set(notebook, "Stopped")

    def _delete(self, notebook: NotebookInstance) -> None:
        self._labs.take_down(notebook)
        self._labs.place(notebook.place).remove()
        with self._state.transaction(thing(notebook)) as tx:
            resources.delete(tx, notebook)
            drop_tags(tx, arn(notebook.scope, notebook.kind, notebook.path))
        self._sign_ins.end_place(notebook.host)


def _check_status(notebook: NotebookInstance, allowed: tuple[str, ...], wanted: str) -> None:
    if notebook.status not in allowed:
        place = arn(notebook.scope, notebook.kind, notebook.path)
        raise Conflict(
            f"Status ({notebook.status}) not in ([{', '.join(allowed)}]). "
            f"Unable to transition to ({wanted}) for Notebook Instance ({place})."
        )


def _check(settings: Mapping[str, Any]) -> None:
    """Raises Invalid for what cannot be had here."""
    url = settings.get("DefaultCodeRepository")
    if url is not None and not url.startswith(URL):
        raise Invalid(f"DefaultCodeRepository {url} is not supported by Studiolo: it must be an https URL.")
    if settings.get("AdditionalCodeRepositories"):
        raise Invalid("AdditionalCodeRepositories is not supported by Studiolo: clone them in a script OnCreate.")


def _check_scripts(scripts: Mapping[str, Any]) -> None:
    for when in WHEN:
        for script in scripts.get(when, ()):
            try:
                decoded(script["Content"])
            except (KeyError, ValueError) as error:
                raise Invalid(f"{when} is not a script in base64: {error}.") from error
