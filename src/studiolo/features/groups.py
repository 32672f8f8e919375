"""Feature groups: made, described, listed, extended, deleted. What takes time is left to the keeper."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Text, cast, func, type_coerce

from studiolo.domain import Clock, Conflict, Invalid, Page, Scope
from studiolo.features.checking import check, check_features
from studiolo.features.errors import NoFeature, NoFeatureGroup
from studiolo.features.model import (
    ACTIVE,
    CREATED,
    CREATING,
    DELETE_FAILED,
    DELETING,
    IN_PROGRESS,
    PASSING,
    Feature,
    FeatureGroup,
    Specification,
    TableName,
    Ttl,
)
from studiolo.features.tables import appends, groups, records
from studiolo.identity import Identity, Principal
from studiolo.ml.errors import NameInUse
from studiolo.ml.names import arn
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.state import State, Thing, page

SERVICE = "sagemaker.amazonaws.com"
DATABASE = "sagemaker_featurestore"
"""Of the tables of groups that name none."""
MOST_PARAMETERS = 25


@dataclass(frozen=True)
class Listing:
    """Which groups, and in which order. `after` is the key that the page before ended with."""

    name_contains: str | None = None
    status: str | None = None
    offline_status: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    sort_by: str = "CreationTime"
    descending: bool = True
    after: str | None = None
    limit: int = 10


class FeatureGroups:
    """The feature groups of every scope. wake: tells the keeper that there is something to do."""

    def __init__(self, state: State, identity: Identity, tags: Tags, clock: Clock, wake: Callable[[], None]) -> None:
        self._state = state
        self._identity = identity
        self._clock = clock
        self._wake = wake
        tags.know("feature-group", lambda connection, scope, name: find(connection, scope, name) is not None)

    def create(
        self, scope: Scope, principal: Principal, name: str, specification: Specification, tags: Mapping[str, str]
    ) -> FeatureGroup:
        """Begin to make a group. Raises NameInUse, Invalid, LimitExceeded, NotFound and Denied."""
        check(name, specification)
        if specification.role is not None:
            self._identity.pass_role(principal, specification.role, SERVICE)
        now = self._clock()
        made = _placed(scope, name, specification, now)
        made = replace(
            made, features=tuple(replace(f, created=now.timestamp(), changed=now.timestamp()) for f in made.features)
        )
        group = FeatureGroup(
            id=uuid.uuid4().hex,
            scope=scope,
            name=name,
            specification=made,
            status=CREATING,
            offline_status=None if made.offline is None else ACTIVE,
            update_status=None,
            reason=None,
            created=now,
            changed=now,
        )
        with self._state.transaction(thing(group)) as tx:
            if find(tx, scope, name) is not None:
                raise NameInUse(
                    f"Resource Already Exists: FeatureGroup with name {name} already exists. Choose a different name."
                )
            kept = {
                key: getattr(group, key) for key in ("id", "name", "status", "offline_status", "created", "changed")
            }
            owner = {"account": scope.account, "region": scope.region}
            tx.execute(groups.insert().values(**kept, **owner, specification=made.as_json()))
            set_tags(tx, group.arn, tags)
        self._wake()
        return group

    def get(self, scope: Scope, name: str) -> FeatureGroup:
        """A group by its name or ARN. Raises NoFeatureGroup."""
        with self._state.reading() as connection:
            return require(connection, scope, name)

    def online_bytes(self, group: FeatureGroup) -> int:
        """About the bytes of its records in the online store."""
        mine = records.c.feature_group == group.id
        with self._state.reading() as connection:
            size = func.sum(func.length(cast(records.c.record, Text)))
            return int(connection.execute(records.select().with_only_columns(size).where(mine)).scalar() or 0)

    def page(self, scope: Scope, listing: Listing) -> Page[FeatureGroup]:
        columns = groups.c
        query = groups.select().where(columns.account == scope.account, columns.region == scope.region)
        if listing.name_contains:
            query = query.where(columns.name.contains(listing.name_contains, autoescape=True))
        for column, value in (("status", listing.status), ("offline_status", listing.offline_status)):
            if value is not None:
                query = query.where(columns[column] == value)
        if listing.created_after is not None:
            query = query.where(columns.created > listing.created_after)
        if listing.created_before is not None:
            query = query.where(columns.created < listing.created_before)
        with self._state.reading() as connection:
            found = page(
                connection, query, _key(listing.sort_by), listing.after, listing.limit, descending=listing.descending
            )
        return Page([as_group(row) for row in found.items], found.next)

    def add_features(self, scope: Scope, name: str, added: Sequence[Feature]) -> FeatureGroup:
        """Add features; the columns of the group's table follow. Raises NoFeatureGroup, Conflict and Invalid."""

        def extended(group: FeatureGroup) -> FeatureGroup:
            now = self._clock().timestamp()
            known = group.specification
            features = (*known.features, *(replace(feature, created=now, changed=now) for feature in added))
            check_features(features, columns=known.offline is not None)
            return replace(group, specification=replace(known, features=features), update_status=IN_PROGRESS)

        return self._change(scope, name, extended)

    def set_online(self, scope: Scope, name: str, ttl: Ttl | None, recorded: Mapping[str, Any]) -> FeatureGroup:
        """Another TTL for the records that come; None for none. Raises NoFeatureGroup, Conflict and Invalid."""

        def changed(group: FeatureGroup) -> FeatureGroup:
            if not group.specification.online:
                raise Invalid(f"Validation Error: FeatureGroup {group.name} has no OnlineStore.")
            known = replace(group.specification, ttl=ttl, recorded={**group.specification.recorded, **recorded})
            return replace(group, specification=known, update_status=IN_PROGRESS)

        return self._change(scope, name, changed)

    def record(self, scope: Scope, name: str, recorded: Mapping[str, Any]) -> FeatureGroup:
        """Keep what is only shown. Raises NoFeatureGroup and Conflict."""

        def changed(group: FeatureGroup) -> FeatureGroup:
            known = group.specification
            return replace(group, specification=replace(known, recorded={**known.recorded, **recorded}))

        return self._change(scope, name, changed)

    def feature(self, scope: Scope, name: str, feature: str) -> tuple[FeatureGroup, Feature]:
        """A group and one of its features. Raises NoFeatureGroup and NoFeature."""
        group = self.get(scope, name)
        return group, _required(group, feature)

    def describe_feature(
        self,
        scope: Scope,
        name: str,
        feature: str,
        description: str | None,
        added: Mapping[str, str],
        removed: Sequence[str],
    ) -> None:
        """Give a feature another description and parameters. Raises NoFeatureGroup, NoFeature, Conflict and Invalid."""

        def changed(group: FeatureGroup) -> FeatureGroup:
            before = _required(group, feature)
            parameters = {key: value for key, value in before.parameters.items() if key not in removed} | dict(added)
            if len(parameters) > MOST_PARAMETERS:
                raise Invalid(f"Validation Error: A feature has {MOST_PARAMETERS} parameters at most.")
            after = replace(before, parameters=parameters, changed=self._clock().timestamp())
            if description is not None:
                after = replace(after, description=description)
            known = group.specification
            features = tuple(after if each.name == feature else each for each in known.features)
            return replace(group, specification=replace(known, features=features))

        self._change(scope, name, changed)

    def delete(self, scope: Scope, name: str) -> None:
        """Begin to delete a group, whose online store is gone at once. Raises NoFeatureGroup and Conflict.

        One that is DeleteFailed goes with the records that could not be written to its offline store.
        """
        with self._state.transaction(Thing("feature-group", scope.account, scope.region, name)) as tx:
            group = require(tx, scope, name, lock=True)
            if group.status in PASSING:
                raise _in_state(group)
            tx.execute(records.delete().where(records.c.feature_group == group.id))
            if group.status == DELETE_FAILED:
                forget(tx, group)
            else:
                tx.execute(_row(group).values(status=DELETING, changed=self._clock()))
        self._wake()

    def _change(self, scope: Scope, name: str, change: Callable[[FeatureGroup], FeatureGroup]) -> FeatureGroup:
        with self._state.transaction() as tx:
            group = require(tx, scope, name, lock=True)
            if group.status != CREATED or group.update_status == IN_PROGRESS:
                raise _in_state(group)
            after = change(group)
            tx.execute(
                _row(group).values(
                    specification=after.specification.as_json(),
                    update_status=after.update_status,
                    changed=self._clock(),
                )
            )
        self._wake()
        return after


def thing(group: FeatureGroup) -> Thing:
    return Thing("feature-group", group.scope.account, group.scope.region, group.name)


def require(connection: Connection, scope: Scope, name: str, *, lock: bool = False) -> FeatureGroup:
    """A group by its name or ARN; lock: nobody else changes it or its records meanwhile. Raises NoFeatureGroup."""
    plain = name.rpartition("/")[2]
    row = find(connection, scope, plain, lock=lock) if name in (plain, arn(scope, "feature-group", plain)) else None
    if row is None:
        raise NoFeatureGroup(name)
    return as_group(row)


def find(connection: Connection, scope: Scope, name: str, *, lock: bool = False) -> Row[Any] | None:
    columns = groups.c
    mine = (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)
    query = groups.select().where(mine)
    return connection.execute(query.with_for_update() if lock else query).first()


def forget(tx: Connection, group: FeatureGroup) -> None:
    """Forget a group, with what was not written to its offline store."""
    tx.execute(appends.delete().where(appends.c.feature_group == group.id))
    tx.execute(records.delete().where(records.c.feature_group == group.id))
    tx.execute(groups.delete().where(groups.c.id == group.id))
    drop_tags(tx, group.arn)


def as_group(row: Row[Any]) -> FeatureGroup:
    return FeatureGroup(
        id=row.id,
        scope=Scope(row.account, row.region),
        name=row.name,
        specification=Specification.from_json(row.specification),
        status=row.status,
        offline_status=row.offline_status,
        update_status=row.update_status,
        reason=row.reason,
        created=row.created,
        changed=row.changed,
    )


def _row(group: FeatureGroup) -> Any:
    return groups.update().where(groups.c.id == group.id)


def _in_state(group: FeatureGroup) -> Conflict:
    doing = "Updating" if group.status == CREATED else group.status
    return Conflict(f"Validation Error: FeatureGroup {group.name} is in the state {doing}, which does not allow this.")


def _required(group: FeatureGroup, name: str) -> Feature:
    feature = group.specification.feature(name)
    if feature is None:
        raise NoFeature(f"Resource Not Found: FeatureGroup {group.name} has no Feature with name {name}")
    return feature


def _placed(scope: Scope, name: str, specification: Specification, now: datetime) -> Specification:
    """The specification with where its offline store lies, and the table that it has when it names none."""
    offline = specification.offline
    if offline is None:
        return specification
    made = int(now.timestamp())
    resolved = f"{offline.uri.rstrip('/')}/{scope.account}/sagemaker/{scope.region}/offline-store/{name}-{made}/data"
    table = offline.table
    if table is None and offline.managed:
        table = TableName(DATABASE, f"{name.lower().replace('-', '_')}_{made}")
    return replace(specification, offline=replace(offline, resolved=resolved, table=table))


def _key(sort_by: str) -> ColumnElement[str]:
    """Text that sorts as asked, and is unique in the scope."""
    columns = groups.c
    if sort_by == "Name":
        return columns.name
    if sort_by == "FeatureGroupStatus":
        return columns.status + "/" + columns.name
    if sort_by == "OfflineStoreStatus":
        return func.coalesce(columns.offline_status, "") + "/" + columns.name
    return cast(type_coerce(columns.created, BigInteger), Text) + "/" + columns.name
