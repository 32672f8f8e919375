"""The rows of targets, policies, scheduled actions and activities as values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, select

from studiolo.domain import NotFound, Page, Scope
from studiolo.scaling.model import (
    IN_PROGRESS,
    Activity,
    Last,
    Policy,
    Resource,
    ScheduledAction,
    Steps,
    Target,
    Tracking,
)
from studiolo.scaling.tables import activities, policies, schedules, targets
from studiolo.state import State, page

KEPT = timedelta(weeks=6)
"""How long activities are remembered."""


def of(table: Table, resource: Resource) -> ColumnElement[bool]:
    columns = table.c
    named = and_(columns.resource == resource.id, columns.dimension == resource.dimension)
    return and_(columns.account == resource.scope.account, columns.region == resource.scope.region, named)


def bound(resource: Resource) -> dict[str, str]:
    scope = resource.scope
    owner = {"account": scope.account, "region": scope.region}
    return {**owner, "resource": resource.id, "dimension": resource.dimension}


def select_page(
    state: State,
    table: Table,
    scope: Scope,
    key: str,
    wanted: Mapping[str, Sequence[str] | None],
    after: str | None,
    limit: int,
) -> Page[Any]:
    """Rows of a scope by `key`; wanted: values of columns, None for any."""
    query = select(table).where(table.c.account == scope.account, table.c.region == scope.region)
    for name, values in wanted.items():
        if values:
            query = query.where(table.c[name].in_(values))
    with state.reading() as connection:
        return page(connection, query, table.c[key], after, limit)


def newest_activities(
    state: State, scope: Scope, resource: str | None, after: str | None, limit: int
) -> Page[Activity]:
    columns = activities.c
    query = select(activities).where(columns.account == scope.account, columns.region == scope.region)
    if resource is not None:
        query = query.where(columns.resource == resource)
    if after is not None:
        query = query.where(columns.number < int(after))
    with state.reading() as connection:
        rows = connection.execute(query.order_by(columns.number.desc()).limit(limit + 1)).all()
    return Page([as_activity(row) for row in rows[:limit]], str(rows[limit - 1].number) if len(rows) > limit else None)


def note(tx: Connection, activity: Activity, **more: Any) -> None:
    """Remember an activity, and forget those of long ago."""
    values = {
        name: getattr(activity, name)
        for name in ("id", "description", "cause", "status", "message", "started", "ended")
    }
    tx.execute(activities.insert().values(**bound(activity.resource), **values, **more))
    tx.execute(activities.delete().where(activities.c.started < activity.started - KEPT))


def in_progress(connection: Connection, resource: Resource | None = None) -> Sequence[Any]:
    query = select(activities).where(activities.c.status == IN_PROGRESS)
    return connection.execute(query if resource is None else query.where(of(activities, resource))).all()


def target_of(connection: Connection, resource: Resource) -> Target:
    """Raises NotFound."""
    row = connection.execute(select(targets).where(of(targets, resource))).first()
    if row is None:
        raise NotFound(
            f"No scalable target registered for service namespace: {resource.namespace}, resource ID: {resource.id}, "
            f"scalable dimension: {resource.dimension}."
        )
    return as_target(row)


def as_target(row: Any) -> Target:
    return Target(resource_of(row), row.least, row.most, row.role, row.suspended, row.created)


def as_policy(row: Any) -> Policy:
    how = Tracking.from_json(row.how) if row.kind == "TargetTrackingScaling" else Steps.from_json(row.how)
    last = None if row.last_at is None else Last(row.last_at, row.last_before, row.last_after)
    return Policy(resource_of(row), row.name, row.arn, how, tuple(row.alarms), row.created, last)


def as_schedule(row: Any) -> ScheduledAction:
    names = ("name", "arn", "schedule", "timezone", "start", "end", "least", "most", "created")
    return ScheduledAction(resource_of(row), **{name: getattr(row, name) for name in names})


def as_activity(row: Any) -> Activity:
    return Activity(
        row.id, resource_of(row), row.description, row.cause, row.status, row.message, row.started, row.ended
    )


def resource_of(row: Any) -> Resource:
    return Resource(Scope(row.account, row.region), row.resource, row.dimension)


def policy_of(connection: Connection, arn: str) -> Policy:
    """Raises NotFound."""
    row = connection.execute(select(policies).where(policies.c.arn == arn)).first()
    if row is None:
        raise NotFound(f"There is no scaling policy {arn}.")
    return as_policy(row)


def due_schedules(connection: Connection, present: datetime) -> Sequence[Any]:
    return connection.execute(select(schedules).where(schedules.c.due <= present)).all()
