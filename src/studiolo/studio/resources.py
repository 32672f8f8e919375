"""The table that remembers what there is in Studio."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Text, cast, type_coerce

from studiolo.domain import AlreadyExists, NotFound, Page, Scope
from studiolo.state import page
from studiolo.studio.errors import InUse, Missing
from studiolo.studio.lab import App, NotebookInstance
from studiolo.studio.tables import resources
from studiolo.studio.values import (
    NOUNS,
    AppImageConfig,
    Domain,
    Image,
    ImageVersion,
    Kind,
    LifecycleConfig,
    NotebookLifecycleConfig,
    Resource,
    Space,
    UserProfile,
)

TYPES: Mapping[Kind, Any] = {
    "domain": Domain,
    "user-profile": UserProfile,
    "space": Space,
    "app": App,
    "studio-lifecycle-config": LifecycleConfig,
    "notebook-instance": NotebookInstance,
    "notebook-instance-lifecycle-config": NotebookLifecycleConfig,
    "image": Image,
    "image-version": ImageVersion,
    "app-image-config": AppImageConfig,
}

OLDER = frozenset({"notebook-instance", "notebook-instance-lifecycle-config"})
"""Kinds whose operations have no codes of their own for what is not there, or there already."""


@dataclass(frozen=True)
class Listing:
    """Which of a kind: below a domain, with a text in their names; in which order, from where.

    created, changed: later and earlier than these; having: a text in each of these settings.
    """

    domain: str | None = None
    contains: str | None = None
    owner: str | None = None
    by_change: bool = False
    by_name: bool = False
    by_status: bool = False
    status: str | None = None
    created: tuple[datetime | None, datetime | None] = (None, None)
    changed: tuple[datetime | None, datetime | None] = (None, None)
    having: tuple[tuple[str, str], ...] = ()
    descending: bool = False
    after: str | None = None
    limit: int = 10


def insert(tx: Connection, scope: Scope, kind: Kind, path: str, status: str, at: datetime, settings: Any) -> None:
    """Add one, in the place of one that is `Deleted`. Raises InUse, or AlreadyExists for what is older than Studio."""
    found = find(tx, scope, kind, path)
    if found is not None and found.status != "Deleted":
        if kind in OLDER:
            raise AlreadyExists(f"Cannot create a duplicate {NOUNS[kind]}: {path} already exists.")
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
    """Raises Missing, or NotFound for what is older than Studio."""
    found = find(connection, scope, kind, path)
    if found is None and kind in OLDER:
        raise NotFound(f"RecordNotFound: {NOUNS[kind]} {path} does not exist.")
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
    if listing.status is not None:
        query = query.where(resources.c.status == listing.status)
    for moment, (after, before) in ((resources.c.created, listing.created), (resources.c.changed, listing.changed)):
        query = query if after is None else query.where(moment > after)
        query = query if before is None else query.where(moment < before)
    for setting, text in listing.having:
        query = query.where(resources.c.settings[setting].as_string().contains(text, autoescape=True))
    column = resources.c.changed if listing.by_change else resources.c.created
    # Microseconds since 1970 have 16 digits from 2001 to 2286, so that their text sorts as they do.
    first = resources.c.status if listing.by_status else cast(type_coerce(column, BigInteger), Text)
    key: ColumnElement[Any] = resources.c.path if listing.by_name else first + "/" + resources.c.path
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
