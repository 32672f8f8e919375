"""Log groups: named, tagged, kept for so many days."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from studiolo.domain import AlreadyExists, Clock, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.logs.tables import groups, metric_filters, streams, subscription_filters
from studiolo.state import State, page

RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""The days that events can be kept for (CloudWatch Logs API Reference, PutRetentionPolicy)."""
KINDS = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group; `retention_days` None keeps events for ever. The key and the class are recorded, no more."""

    name: str
    created: datetime
    retention_days: int | None
    kms_key: str | None
    kind: str
    tags: Mapping[str, str]
    stored_bytes: int
    metric_filters: int


class LogGroups:
    """The log groups of a data folder."""

    def __init__(self, state: State, folder: Path, clock: Clock) -> None:
        self._state = state
        self._folder = folder
        self._clock = clock

    def create(
        self,
        scope: Scope,
        name: str,
        *,
        kms_key: str | None = None,
        kind: str = "STANDARD",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add a log group. Raises AlreadyExists, Invalid, LimitExceeded."""
        if kind not in KINDS:
            raise Invalid(f"The log group class must be one of {', '.join(KINDS)}.")
        with self._state.transaction() as tx:
            if not self.add(tx, scope, name, kms_key=kms_key, kind=kind, tags=_with_tags({}, tags or {})):
                raise AlreadyExists("The specified log group already exists")

    def get(self, scope: Scope, name: str) -> LogGroup:
        """The group of that name. Raises NotFound."""
        with self._state.reading() as connection:
            return self._group(connection, require(connection, scope, name))

    def list(
        self,
        scope: Scope,
        *,
        prefix: str = "",
        containing: str = "",
        kind: str | None = None,
        names: Sequence[str] | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[LogGroup]:
        """Groups of a class, of those names, whose names begin or contain so (the latter whatever the case), by name."""
        query = select(groups).where(
            these(groups, scope),
            groups.c.name.startswith(prefix, autoescape=True),
            groups.c.name.icontains(containing, autoescape=True),
        )
        if kind is not None:
            query = query.where(groups.c.kind == kind)
        if names is not None:
            query = query.where(groups.c.name.in_(names))
        with self._state.reading() as connection:
            rows = page(connection, query, groups.c.name, after, limit)
            return Page([self._group(connection, row) for row in rows.items], rows.next)

    def delete(self, scope: Scope, name: str) -> None:
        """Delete a group with its streams and their events. Raises NotFound."""
        with self._state.transaction() as tx:
            require(tx, scope, name)
            files = self._files(tx, scope, name)
            tx.execute(streams.delete().where(these(streams, scope, group=name)))
            for table in (metric_filters, subscription_filters):
                tx.execute(table.delete().where(these(table, scope, group=name)))
            tx.execute(groups.delete().where(these(groups, scope, name=name)))
        for file in files:
            file.unlink(missing_ok=True)

    def set_retention(self, scope: Scope, name: str, days: int | None) -> None:
        """Keep the group's events for so many days, or for ever. Raises NotFound, Invalid."""
        if days is not None and days not in RETENTIONS:
            raise Invalid(f"retentionInDays must be one of {', '.join(map(str, RETENTIONS))}.")
        with self._state.transaction() as tx:
            require(tx, scope, name)
            tx.execute(groups.update().where(these(groups, scope, name=name)).values(retention_days=days))

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace their values. Raises NotFound, LimitExceeded over 50."""
        with self._state.transaction() as tx:
            kept = _with_tags(require(tx, scope, name).tags, tags)
            tx.execute(groups.update().where(these(groups, scope, name=name)).values(tags=kept))

    def untag(self, scope: Scope, name: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        gone = set(keys)
        with self._state.transaction() as tx:
            tags = require(tx, scope, name).tags
            kept = {key: value for key, value in tags.items() if key not in gone}
            tx.execute(groups.update().where(these(groups, scope, name=name)).values(tags=kept))

    def add(self, tx: Connection, scope: Scope, name: str, **facts: Any) -> bool:
        """Add a group within a transaction, unless it is there. Raises Invalid for its name."""
        if not re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", name):
            raise Invalid(f"The log group name {name!r} has characters other than letters, digits and . - _ / #.")
        if tx.execute(select(groups.c.name).where(these(groups, scope, name=name))).first() is not None:
            return False
        row = {"kms_key": None, "kind": "STANDARD", "tags": {}, **facts, "name": name, "created": self._clock()}
        tx.execute(groups.insert().values(account=scope.account, region=scope.region, **row))
        return True

    def oldest(self, days: int | None) -> int:
        """The moment before which events of that retention are gone, in milliseconds since 1970."""
        return 0 if days is None else int((self._clock() - timedelta(days=days)).timestamp() * 1000)

    def _group(self, connection: Connection, row: Row[Any]) -> LogGroup:
        scope = Scope(row.account, row.region)
        stored = sum(file.stat().st_size for file in self._files(connection, scope, row.name) if file.exists())
        mine = these(metric_filters, scope, group=row.name)
        filters = connection.execute(select(func.count()).select_from(metric_filters).where(mine)).scalar_one()
        return LogGroup(row.name, row.created, row.retention_days, row.kms_key, row.kind, row.tags, stored, filters)

    def _files(self, connection: Connection, scope: Scope, name: str) -> Sequence[Path]:
        query = select(streams.c.file).where(these(streams, scope, group=name))
        return [self._folder / file for file in connection.execute(query).scalars()]


def require(connection: Connection, scope: Scope, name: str) -> Row[Any]:
    """The row of a group. Raises NotFound."""
    row = connection.execute(select(groups).where(these(groups, scope, name=name))).first()
    if row is None:
        raise NotFound("The specified log group does not exist.")
    return row


def these(table: Table, scope: Scope, **values: str) -> ColumnElement[bool]:
    """The rows of a scope with those values."""
    condition = (table.c.account == scope.account) & (table.c.region == scope.region)
    for column, value in values.items():
        condition &= table.c[column] == value
    return condition


def _with_tags(tags: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    together = {**tags, **more}
    if len(together) > MOST_TAGS:
        raise LimitExceeded(f"A log group has at most {MOST_TAGS} tags.")
    return together
