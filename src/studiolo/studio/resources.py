"""What there is in Studio, as values, and the table that remembers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Text, cast, type_coerce

from studiolo.domain import Page, Scope
from studiolo.state import page
from studiolo.studio.errors import InUse, Missing
from studiolo.studio.tables import resources

Kind = Literal["domain", "user-profile", "space", "app", "studio-lifecycle-config"]
NOUNS: Mapping[Kind, str] = {
    "domain": "Domain",
    "user-profile": "UserProfile",
    "space": "Space",
    "app": "App",
    "studio-lifecycle-config": "StudioLifecycleConfig",
}


@dataclass(frozen=True)
class Resource:
    """What all of them have. settings: as asked for; statuses are SageMaker's words."""

    scope: Scope
    path: str
    status: str
    failure: str | None
    created: datetime
    changed: datetime
    active: datetime | None
    settings: Mapping[str, Any]

    @property
    def parts(self) -> list[str]:
        return self.path.split("/")

    @property
    def domain(self) -> str:
        """The domain's id."""
        return self.parts[0]


def lifecycle_of(lab: Mapping[str, Any]) -> str | None:
    """The ARN of the lifecycle configuration that a JupyterLabAppSettings names for apps that name none."""
    named: str | None = lab.get("DefaultResourceSpec", {}).get("LifecycleConfigArn")
    return named


@dataclass(frozen=True)
class Domain(Resource):
    """`default_role` is what profiles and spaces act as that name none."""

    kind: Kind = "domain"

    @property
    def default_role(self) -> str | None:
        role: str | None = self.settings["DefaultUserSettings"].get("ExecutionRole")
        return role

    def lab_settings(self, *, shared: bool) -> Mapping[str, Any]:
        """What its private, or shared, spaces have of JupyterLabAppSettings."""
        part = self.settings.get("DefaultSpaceSettings" if shared else "DefaultUserSettings", {})
        settings: Mapping[str, Any] = part.get("JupyterLabAppSettings", {})
        return settings

    @property
    def shared_role(self) -> str | None:
        """The role of its shared spaces."""
        role: str | None = self.settings.get("DefaultSpaceSettings", {}).get("ExecutionRole")
        return role


@dataclass(frozen=True)
class UserProfile(Resource):
    kind: Kind = "user-profile"

    @property
    def name(self) -> str:
        return self.parts[1]

    @property
    def role(self) -> str | None:
        role: str | None = self.settings.get("UserSettings", {}).get("ExecutionRole")
        return role

    @property
    def lab_settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.settings.get("UserSettings", {}).get("JupyterLabAppSettings", {})
        return settings


@dataclass(frozen=True)
class Space(Resource):
    kind: Kind = "space"

    @property
    def name(self) -> str:
        return self.parts[1]

    @property
    def owner(self) -> str | None:
        """The user profile that owns it."""
        owner: str | None = self.settings.get("OwnershipSettings", {}).get("OwnerUserProfileName")
        return owner

    @property
    def shared(self) -> bool:
        return bool(self.settings.get("SpaceSharingSettings", {}).get("SharingType", "Shared") == "Shared")

    @property
    def lab_settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self.settings.get("SpaceSettings", {}).get("JupyterLabAppSettings", {})
        return settings

    @property
    def idle_minutes(self) -> int | None:
        """After so many minutes without use its JupyterLab is ended."""
        minutes: int | None = (
            self.lab_settings.get("AppLifecycleManagement", {}).get("IdleSettings", {}).get("IdleTimeoutInMinutes")
        )
        return minutes


@dataclass(frozen=True)
class App(Resource):
    """A program in a space. `socket`: where it answers; `token`: what it wants to be told."""

    kind: Kind = "app"

    @property
    def space(self) -> str:
        return self.parts[1]

    @property
    def type(self) -> str:
        return self.parts[2]

    @property
    def name(self) -> str:
        return self.parts[3]

    @property
    def id(self) -> str:
        """Of this run of it: another one after it was deleted and made again."""
        return str(self.settings["id"])

    @property
    def role(self) -> str:
        return str(self.settings["role"])

    @property
    def script(self) -> str | None:
        """What runs before it starts, of its lifecycle configuration, in base64."""
        script: str | None = self.settings.get("script")
        return script

    @property
    def socket(self) -> str:
        return str(self.settings["socket"])

    @property
    def token(self) -> str:
        return str(self.settings["token"])


@dataclass(frozen=True)
class LifecycleConfig(Resource):
    """A shell script that runs before an app starts."""

    kind: Kind = "studio-lifecycle-config"

    @property
    def name(self) -> str:
        return self.path

    @property
    def app_type(self) -> str:
        return str(self.settings["AppType"])

    @property
    def content(self) -> str:
        """The script, in base64."""
        return str(self.settings["Content"])


@dataclass(frozen=True)
class Listing:
    """Which of a kind: below a domain, with a text in their names; in which order, from where."""

    domain: str | None = None
    contains: str | None = None
    owner: str | None = None
    by_change: bool = False
    by_name: bool = False
    descending: bool = False
    after: str | None = None
    limit: int = 10


TYPES: Mapping[Kind, Any] = {
    "domain": Domain,
    "user-profile": UserProfile,
    "space": Space,
    "app": App,
    "studio-lifecycle-config": LifecycleConfig,
}


def arn(scope: Scope, kind: Kind, path: str) -> str:
    return f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:{kind}/{path}"


def insert(tx: Connection, scope: Scope, kind: Kind, path: str, status: str, at: datetime, settings: Any) -> None:
    """Add one, in the place of one that is `Deleted`. Raises InUse."""
    found = find(tx, scope, kind, path)
    if found is not None and found.status != "Deleted":
        raise InUse(f"{NOUNS[kind]} already exists: {path}.")
    tx.execute(resources.delete().where(_is(scope, kind), resources.c.path == path))
    row = {"account": scope.account, "region": scope.region, "kind": kind, "path": path, "status": status}
    tx.execute(resources.insert().values({**row, "created": at, "changed": at, "settings": settings}))


def find(connection: Connection, scope: Scope, kind: Kind, path: str) -> Any | None:
    row = connection.execute(resources.select().where(_is(scope, kind), resources.c.path == path)).first()
    return None if row is None else _of_row(row)


def exists(kind: Kind, connection: Connection, scope: Scope, path: str) -> bool:
    return find(connection, scope, kind, path) is not None


def get(connection: Connection, scope: Scope, kind: Kind, path: str) -> Any:
    """Raises Missing."""
    found = find(connection, scope, kind, path)
    if found is None:
        raise Missing(f"{NOUNS[kind]} [{path}] does not exist.")
    return found


def change(tx: Connection, resource: Resource, **values: Any) -> None:
    this = _is(resource.scope, resource.kind) & (resources.c.path == resource.path)  # type: ignore[attr-defined]
    tx.execute(resources.update().where(this).values(values))


def delete(tx: Connection, resource: Resource) -> None:
    this = _is(resource.scope, resource.kind) & (resources.c.path == resource.path)  # type: ignore[attr-defined]
    tx.execute(resources.delete().where(this))


def below(connection: Connection, scope: Scope, kind: Kind, path: str) -> list[Any]:
    """All of a kind in a domain, or in a space."""
    query = resources.select().where(_is(scope, kind), resources.c.path.startswith(f"{path}/", autoescape=True))
    return [_of_row(row) for row in connection.execute(query.order_by(resources.c.path))]


def everywhere(connection: Connection, kind: Kind) -> list[Any]:
    """All of a kind, of every account and region."""
    return [_of_row(row) for row in connection.execute(resources.select().where(resources.c.kind == kind))]


def listed(connection: Connection, scope: Scope, kind: Kind, listing: Listing) -> Page[Any]:
    query = resources.select().where(_is(scope, kind))
    if listing.domain is not None:
        prefix = f"{listing.domain}/{listing.owner}/" if listing.owner is not None else f"{listing.domain}/"
        query = query.where(resources.c.path.startswith(prefix, autoescape=True))
    if listing.contains is not None:
        query = query.where(resources.c.path.contains(listing.contains, autoescape=True))
    column = resources.c.changed if listing.by_change else resources.c.created
    # Microseconds since 1970 have 16 digits from 2001 to 2286, so that their text sorts as they do.
    moment = cast(type_coerce(column, BigInteger), Text) + "/" + resources.c.path
    key: ColumnElement[Any] = resources.c.path if listing.by_name else moment
    rows = page(connection, query, key, listing.after, listing.limit, descending=listing.descending)
    return Page([_of_row(row) for row in rows.items], rows.next)


def _is(scope: Scope, kind: Kind) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = resources.c.account == scope.account
    return mine & (resources.c.region == scope.region) & (resources.c.kind == kind)


def _of_row(row: Row[Any]) -> Any:
    return TYPES[row.kind](
        Scope(row.account, row.region),
        row.path,
        row.status,
        row.failure,
        row.created,
        row.changed,
        row.active,
        row.settings,
    )
