"""A tracking server as a value, and the table that remembers it.

SageMaker's MLflow apps are tracking servers that it calls otherwise: their names are not unique, and their ARNs have
identifiers. Here they are named `NAME/ID`, as no other can be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row

from studiolo.domain import Scope
from studiolo.mlflow.errors import NoServer
from studiolo.mlflow.tables import servers

ACTIVE = ("Created", "Started", "Updated")
"""The states in which a server answers."""

COMING = {
    "Creating": ("Created", "CreateFailed"),
    "Starting": ("Started", "StartFailed"),
    "Updating": ("Updated", "UpdateFailed"),
}
"""The states in which it is brought up, and what each becomes when that has worked and when it has not."""

_HOST, _APP = "t-", "app-"
"""What the identifier of a server begins with in its host name, and that of an app in its ARN."""

FAILED = ("CreateFailed", "StartFailed", "UpdateFailed")


@dataclass(frozen=True)
class TrackingServer:
    """settings: as asked for, with `role`, the `socket` it answers at, and who made (`by`) and changed (`changed_by`) it.

    failure: why it is not up, in a sentence; status: SageMaker's word.
    """

    scope: Scope
    name: str
    id: str
    status: str
    failure: str | None
    created: datetime
    changed: datetime
    settings: Mapping[str, Any]

    @property
    def arn(self) -> str:
        return arn(self.scope, self.name)

    @property
    def is_app(self) -> bool:
        return "/" in self.name

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name.partition("/")[0]

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def role(self) -> str:
        return str(self.settings["role"])

    @property
    def socket(self) -> str:
        return str(self.settings["socket"])

    @property
    def artifacts(self) -> str:
        """`s3://BUCKET/PREFIX`, without a slash at its end."""
        return str(self.settings["ArtifactStoreUri"]).rstrip("/")


def arn(scope: Scope, name: str) -> str:
    app = name.partition("/")[2]
    resource = f"mlflow-app/{_APP}{app.removeprefix(_HOST)}" if app else f"mlflow-tracking-server/{name}"
    return f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:{resource}"


def get(connection: Connection, scope: Scope, name: str) -> TrackingServer:
    """Raises NoServer."""
    if (found := find(connection, scope, name)) is None:
        raise NoServer(f"Tracking server {arn(scope, name)} does not exist.")
    return found


def find(connection: Connection, scope: Scope, name: str) -> TrackingServer | None:
    row = connection.execute(servers.select().where(this(scope, name))).first()
    return None if row is None else of_row(row)


def find_by_id(connection: Connection, identifier: str) -> TrackingServer | None:
    row = connection.execute(servers.select().where(servers.c.id == identifier)).first()
    return None if row is None else of_row(row)


def exists(connection: Connection, scope: Scope, name: str) -> bool:
    return find(connection, scope, name) is not None


def find_app(connection: Connection, scope: Scope, resource: str) -> TrackingServer | None:
    """The app that the last part of an ARN names."""
    found = find_by_id(connection, _HOST + resource.removeprefix(_APP)) if resource.startswith(_APP) else None
    return found if found is not None and (found.scope, found.is_app) == (scope, True) else None


def app_exists(connection: Connection, scope: Scope, resource: str) -> bool:
    return find_app(connection, scope, resource) is not None


def this(scope: Scope, name: str) -> ColumnElement[bool]:
    """The condition that a row is that server's."""
    mine: ColumnElement[bool] = servers.c.account == scope.account
    return mine & (servers.c.region == scope.region) & (servers.c.name == name)


def of_row(row: Row[Any]) -> TrackingServer:
    return TrackingServer(
        Scope(row.account, row.region),
        row.name,
        row.id,
        row.status,
        row.failure,
        row.created,
        row.changed,
        row.settings,
    )
