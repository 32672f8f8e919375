"""Tracking servers: made, listed, started, stopped, changed and deleted."""

import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.domain import AlreadyExists, Clock, Invalid, Page, Scope
from studiolo.identity import Identity, Principal
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.mlflow import program, records
from studiolo.mlflow.errors import Busy, NoServer
from studiolo.mlflow.keeper import Keeper
from studiolo.mlflow.opening import Opening
from studiolo.mlflow.records import FAILED, TrackingServer
from studiolo.mlflow.tables import servers
from studiolo.processes import Processes, socket_folder
from studiolo.signin import SignIns
from studiolo.state import State

SERVICE = "sagemaker.amazonaws.com"
ALPHABET = string.ascii_lowercase + string.digits
STORE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
MAJOR = f"{program.VERSION.partition('.')[0]}."


@dataclass(frozen=True)
class Addresses:
    """Where browsers, and clients in a tracking server, find AWS."""

    endpoint: str
    s3_endpoint: str


class TrackingServers:
    """The tracking servers of every scope; `folder` has a folder of each."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        tags: Tags,
        sign_ins: SignIns,
        folder: Path,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._state = state
        self._identity = identity
        self._sign_ins = sign_ins
        self._folder = folder
        self._clock = clock
        self._keeper = Keeper(state, processes, identity, folder, addresses.endpoint, addresses.s3_endpoint, clock)
        self.opening = Opening(self, sign_ins, addresses.endpoint)
        tags.know("mlflow-tracking-server", records.exists)
        tags.know("mlflow-app", records.app_exists)

    def start(self) -> None:
        """Adopt those that a crashed server left, and bring up those that should run."""
        self._keeper.start()

    def close(self) -> None:
        """End their processes, which come back at the next start."""
        self._keeper.close()

    def empty(self) -> None:
        """End and forget everything."""
        self._keeper.empty()

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        settings: Mapping[str, Any],
        tags: Mapping[str, str],
        *,
        app: bool = False,
    ) -> TrackingServer:
        """A new one, or an app, which starts. Raises Invalid, AlreadyExists; Denied and NotFound for its role."""
        _check(settings)
        self._identity.pass_role(principal, settings["role"], SERVICE)
        identifier = "t-" + "".join(secrets.choice(ALPHABET) for _ in range(12))
        name = f"{name}/{identifier}" if app else name
        path = socket_folder(self._folder / "ipc" / identifier, program.SOCKET) / program.SOCKET
        present = self._clock()
        row = {
            "account": scope.account,
            "region": scope.region,
            "name": name,
            "id": identifier,
            "status": "Creating",
            "created": present,
            "changed": present,
            "settings": {**settings, "socket": str(path), "by": _who(principal), "changed_by": _who(principal)},
        }
        with self._state.transaction() as tx:
            if records.exists(tx, scope, name):
                raise AlreadyExists(f"Tracking server {records.arn(scope, name)} already exists.")
            tx.execute(servers.insert().values(row))
            set_tags(tx, records.arn(scope, name), tags)
        return self._brought_up(scope, name)

    def get(self, scope: Scope, name: str) -> TrackingServer:
        """Raises NoServer."""
        with self._state.reading() as connection:
            return records.get(connection, scope, name)

    def app(self, scope: Scope, arn: str) -> TrackingServer:
        """The app of an ARN. Raises NoServer."""
        with self._state.reading() as connection:
            found = records.find_app(connection, scope, arn.rpartition("/")[2])
        if found is None or found.arn != arn:
            raise NoServer(f"MLflow app {arn} does not exist.")
        return found

    def of_id(self, identifier: str) -> TrackingServer:
        """The one whose host name begins so. Raises NoServer."""
        with self._state.reading() as connection:
            found = records.find_by_id(connection, identifier)
        if found is None:
            raise NoServer("There is no tracking server of this name any more.")
        return found

    def page(
        self, scope: Scope, listing: Listing, version: str | None, defaults: Mapping[str, str] | None = None
    ) -> Page[TrackingServer]:
        """The page that is asked for; version: of MLflow, that they run.

        defaults: apps, whose settings of these names are or have these values; None for the other servers.
        """
        which = servers.c.name.contains("/")
        conditions = [which if defaults is not None else ~which]
        for setting, value in (defaults or {}).items():
            found = servers.c.settings[setting].as_string()
            conditions.append((found == value) | found.contains(f'"{value}"', autoescape=True))
        if version is not None and version != program.VERSION:
            return Page([], None)
        with self._state.reading() as connection:
            found = select_page(connection, servers, scope, listing, *conditions)
        return Page([records.of_row(row) for row in found.items], found.next)

    def begin(self, scope: Scope, principal: Principal, name: str) -> TrackingServer:
        """Start one that is stopped, or has failed. Raises NoServer, Busy."""
        self._move(scope, principal, name, "Starting", lambda found: found.status in ("Stopped", *FAILED))
        return self._brought_up(scope, name)

    def stop(self, scope: Scope, principal: Principal, name: str) -> TrackingServer:
        """Stop one; what it was told stays. Raises NoServer, Busy."""
        self._move(scope, principal, name, "Stopping", lambda found: found.active or found.status in FAILED)
        found = self.get(scope, name)
        self._keeper.take_down(found, "Stopped")
        return found

    def update(self, scope: Scope, principal: Principal, name: str, changes: Mapping[str, Any]) -> TrackingServer:
        """Change the settings of one that runs; another place of artifacts is for new experiments.

        Raises NoServer, Busy, Invalid.
        """
        _check(changes)
        if "ArtifactStoreUri" not in changes:
            self._move(scope, principal, name, "Updated", lambda found: found.active, changes)
            return self.get(scope, name)
        self._move(scope, principal, name, "Updating", lambda found: found.active, changes)
        return self._brought_up(scope, name)

    def rename(self, app: TrackingServer, title: str) -> TrackingServer:
        """Call an app otherwise."""
        name = f"{title}/{app.id}"
        with self._state.transaction() as tx:
            tx.execute(servers.update().where(servers.c.id == app.id).values(name=name, changed=self._clock()))
        return self.get(app.scope, name)

    def delete(self, scope: Scope, name: str) -> TrackingServer:
        """Delete one with all that it was told; its artifacts stay in S3. Raises NoServer."""
        with self._state.transaction() as tx:
            found = records.get(tx, scope, name)
            again = found.status == "Deleting"
            tx.execute(servers.update().where(records.this(scope, name)).values(status="Deleting"))
            drop_tags(tx, found.arn)
        if not again:
            self._sign_ins.end_place(found.id)
            self._keeper.take_down(found, None)
        return found

    def _brought_up(self, scope: Scope, name: str) -> TrackingServer:
        found = self.get(scope, name)
        self._keeper.bring_up(found)
        return found

    def _move(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        status: str,
        may: Callable[[TrackingServer], bool],
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Record a new state, where it `may` be left for it, and who has wanted that. Raises NoServer, Busy."""
        with self._state.transaction() as tx:
            found = records.get(tx, scope, name)
            if not may(found):
                raise Busy(f"{found.arn} is {found.status}: it cannot be {status} now.")
            settings = {**found.settings, **(changes or {}), "changed_by": _who(principal)}
            values = {"status": status, "failure": None, "changed": self._clock(), "settings": settings}
            tx.execute(servers.update().where(records.this(scope, name)).values(values))


def _check(settings: Mapping[str, Any]) -> None:
    """Raises Invalid for what cannot be had here."""
    store, version = settings.get("ArtifactStoreUri"), settings.get("MlflowVersion")
    if store is not None and STORE.fullmatch(store) is None:
        raise Invalid(
            f"ArtifactStoreUri {store} is not supported by Studiolo: name a place in S3, as s3://bucket/prefix."
        )
    if version is not None and not version.startswith(MAJOR):
        raise Invalid(f"MlflowVersion {version} is not supported by Studiolo, which has {program.VERSION}.")


def _who(principal: Principal) -> list[str]:
    return [principal.arn, principal.user_id]
