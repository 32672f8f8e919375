"""Records: the newest of each identifier in the online store, and all of them on their way to the offline store."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from studiolo.domain import Clock, Conflict, Invalid, Scope
from studiolo.features.groups import as_group, require
from studiolo.features.model import CREATED, FeatureGroup, Ttl, Value
from studiolo.features.tables import appends, groups, records
from studiolo.features.values import (
    LATEST,
    checked_identifier,
    checked_record,
    event_time,
    size_of,
)
from studiolo.state import State
from studiolo.state.tables import EPOCH, MICROSECOND

ONLINE, OFFLINE = "OnlineStore", "OfflineStore"


@dataclass(frozen=True)
class Found:
    """A record as it is read: its values in the order of the features; expires: nanoseconds since 1970."""

    values: Mapping[str, Value]
    expires: int | None


def expiry(event: int, ttl: Ttl | None) -> int | None:
    """When a record of that event time ends, in nanoseconds since 1970; None for never."""
    if ttl is None or event + ttl.nanoseconds > LATEST:
        return None
    return event + ttl.nanoseconds


def replaces(event: int, stored: int | None, stored_expires: int | None, now: int) -> bool:
    """Whether a record is to be the online one: the others are history, unless what is stored has expired."""
    return stored is None or (stored_expires is not None and stored_expires <= now) or event > stored


class Records:
    """The records of every feature group. appended: tells that there is something to write to an offline store."""

    def __init__(self, state: State, clock: Clock, appended: Callable[[], None]) -> None:
        self._state = state
        self._clock = clock
        self._appended = appended

    def put(
        self,
        scope: Scope,
        name: str,
        record: Mapping[str, Value],
        stores: Collection[str] | None = None,
        ttl: Ttl | None = None,
    ) -> None:
        """Take a record; it survives when this returns. stores: None for all that the group has.

        Raises NoFeatureGroup, Conflict and Invalid.
        """
        with self._state.transaction() as tx:
            group = _ready(tx, scope, name, lock=True)
            targets = _targets(group, stores)
            identifier, event = checked_record(group.specification, record)
            record = {name: _as_kept(group, name, value) for name, value in record.items()}
            if ttl is not None and ONLINE not in targets:
                raise Invalid("Validation Error: TtlDuration needs the OnlineStore among the TargetStores.")
            if ONLINE in targets:
                self._put_online(tx, group, identifier, event, record, ttl)
            if OFFLINE in targets:
                self._append(tx, group, event, record)
        if OFFLINE in targets:
            self._appended()

    def get(self, scope: Scope, name: str, identifier: str, features: Collection[str] | None = None) -> Found | None:
        """The newest record; None where there is none any more. Raises NoFeatureGroup, Conflict and Invalid."""
        return self.get_all(scope, name, [identifier], features).get(identifier)

    def get_all(
        self, scope: Scope, name: str, identifiers: Sequence[str], features: Collection[str] | None = None
    ) -> Mapping[str, Found]:
        """The newest records of those of the identifiers that have one. Raises NoFeatureGroup, Conflict and Invalid."""
        with self._state.reading() as connection:
            group = _ready(connection, scope, name)
            _targets(group, [ONLINE])
            unknown = [feature for feature in features or () if group.specification.feature(feature) is None]
            if unknown:
                raise Invalid(f"Validation Error: FeatureGroup has no Feature with name {', '.join(unknown)}.")
            columns = records.c
            mine = (columns.feature_group == group.id) & columns.identifier.in_(list(identifiers))
            rows = connection.execute(select(records).where(mine, columns.deleted == 0)).all()
        now = self._now()
        live = {row.identifier: row for row in rows if row.expires is None or row.expires > now}
        return {
            identifier: Found(_chosen(group, live[identifier].record, features), live[identifier].expires)
            for identifier in identifiers
            if identifier in live
        }

    def delete(
        self,
        scope: Scope,
        name: str,
        identifier: str,
        told: str,
        stores: Collection[str] | None = None,
        *,
        hard: bool = False,
    ) -> None:
        """Delete a record as of an event time; the offline store has a marker of it.

        Softly it may not be read any more, and hard it is gone. One that is not older than the event time stays: the
        marker is written all the same, where it is not to be hard. Raises NoFeatureGroup, Conflict and Invalid.
        """
        with self._state.transaction() as tx:
            group = _ready(tx, scope, name, lock=True)
            targets = _targets(group, stores)
            known = group.specification
            feature = known.feature(known.event_time)
            event = event_time(feature, told) if feature is not None else 0
            marker: dict[str, Value] = {known.identifier: checked_identifier(identifier), known.event_time: told}
            checked_record(known, marker)
            if ONLINE in targets:
                self._delete_online(tx, group, identifier, event, marker, hard=hard)
            elif hard:
                raise Invalid("Validation Error: DeletionMode HardDelete is of the OnlineStore.")
            if OFFLINE in targets:
                self._append(tx, group, event, marker, deleted=True)
        if OFFLINE in targets:
            self._appended()

    def expire(self) -> None:
        """Remove from the online stores what has expired; their offline stores have markers of it."""
        due = (records.c.expires <= self._now()) & (records.c.deleted == 0)
        with self._state.reading() as connection:
            rows = connection.execute(select(records).where(due).limit(1000)).all()
        for row in rows:
            self._expire(row)
        if rows:
            self._appended()

    def _expire(self, row: Row[Any]) -> None:
        with self._state.transaction() as tx:
            found = tx.execute(groups.select().where(groups.c.id == row.feature_group).with_for_update()).first()
            same = (records.c.feature_group == row.feature_group) & (records.c.identifier == row.identifier)
            gone = tx.execute(records.delete().where(same, records.c.event == row.event)).rowcount
            if found is None or not gone:
                return
            group = as_group(found)
            known = group.specification
            if known.offline is not None:
                marker = {name: row.record[name] for name in (known.identifier, known.event_time)}
                self._append(tx, group, row.event, marker, deleted=True)

    def _put_online(
        self,
        tx: Connection,
        group: FeatureGroup,
        identifier: str,
        event: int,
        record: Mapping[str, Value],
        ttl: Ttl | None,
    ) -> None:
        if self._is_history(tx, group, identifier, event):
            return
        _forget(tx, group, identifier)
        tx.execute(
            records.insert().values(
                feature_group=group.id,
                identifier=identifier,
                event=event,
                deleted=0,
                expires=expiry(event, ttl or group.specification.ttl),
                record=dict(record),
            )
        )

    def _delete_online(
        self,
        tx: Connection,
        group: FeatureGroup,
        identifier: str,
        event: int,
        marker: Mapping[str, Value],
        *,
        hard: bool,
    ) -> None:
        if self._is_history(tx, group, identifier, event):
            if hard:
                raise Invalid(
                    "Validation Error: EventTime must be later than the EventTime of the record in the OnlineStore."
                )
            return
        _forget(tx, group, identifier)
        if not hard:
            tx.execute(
                records.insert().values(
                    feature_group=group.id, identifier=identifier, event=event, deleted=1, record=dict(marker)
                )
            )

    def _is_history(self, tx: Connection, group: FeatureGroup, identifier: str, event: int) -> bool:
        mine = (records.c.feature_group == group.id) & (records.c.identifier == identifier)
        row = tx.execute(select(records.c.event, records.c.expires).where(mine)).first()
        return row is not None and not replaces(event, row.event, row.expires, self._now())

    def _append(
        self, tx: Connection, group: FeatureGroup, event: int, record: Mapping[str, Value], *, deleted: bool = False
    ) -> None:
        tx.execute(
            appends.insert().values(
                feature_group=group.id,
                event=event,
                called=self._clock(),
                deleted=int(deleted),
                size=size_of(record),
                record=dict(record),
            )
        )

    def _now(self) -> int:
        return (self._clock() - EPOCH) // MICROSECOND * 1000


def _ready(connection: Connection, scope: Scope, name: str, *, lock: bool = False) -> FeatureGroup:
    group = require(connection, scope, name, lock=lock)
    if group.status != CREATED:
        raise Conflict(f"Validation Error: FeatureGroup {group.name} is in the state {group.status}, not {CREATED}.")
    return group


def _targets(group: FeatureGroup, stores: Collection[str] | None) -> Collection[str]:
    has = {ONLINE: group.specification.online, OFFLINE: group.specification.offline is not None}
    missing = [store for store in stores or () if not has[store]]
    if missing:
        raise Invalid(f"Validation Error: FeatureGroup {group.name} has no {' and no '.join(missing)}.")
    return stores or [store for store, there in has.items() if there]


def _as_kept(group: FeatureGroup, name: str, value: Value) -> Value:
    """A value as it is kept: a Set has each of its members once."""
    feature = group.specification.feature(name)
    return list(dict.fromkeys(value)) if feature is not None and feature.collection == "Set" else value


def _forget(tx: Connection, group: FeatureGroup, identifier: str) -> None:
    columns = records.c
    tx.execute(records.delete().where(columns.feature_group == group.id, columns.identifier == identifier))


def _chosen(group: FeatureGroup, record: Mapping[str, Value], features: Collection[str] | None) -> Mapping[str, Value]:
    names = [feature.name for feature in group.specification.features if not features or feature.name in features]
    return {name: record[name] for name in names if name in record}
