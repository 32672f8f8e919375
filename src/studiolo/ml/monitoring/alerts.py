"""The alert of each schedule: on while so many of its last executions have gone wrong ("View and edit alerts")."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from studiolo.domain import Invalid, Page, Scope
from studiolo.ml.errors import RecordMissing
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.monitoring.model import FAILED, OPEN, VIOLATED
from studiolo.ml.monitoring.tables import alert_changes, alerts, executions

NAME = "default"
"""Of the one alert that a schedule has: the API makes no others."""
ON, OFF = "InAlert", "OK"
WRONG = (VIOLATED, FAILED)


@dataclass(frozen=True)
class Alert:
    """On while at least `datapoints` of the last `period` executions found violations or failed."""

    name: str
    schedule: str
    status: str
    datapoints: int
    period: int
    created: datetime
    changed: datetime


@dataclass(frozen=True)
class Change:
    """What status an alert took, and when."""

    alert: str
    schedule: str
    status: str
    created: datetime


def add(tx: Connection, scope: Scope, schedule: str, moment: datetime) -> None:
    """Give a new schedule its alert: of one wrong execution, the last."""
    tx.execute(
        alerts.insert().values(
            account=scope.account, region=scope.region, schedule=schedule, name=NAME,
            created=moment, changed=moment, status=OFF, datapoints=1, period=1,
        )
    )  # fmt: skip


def drop(tx: Connection, scope: Scope, schedule: str) -> None:
    """Forget a schedule's alert; its changes stay, as the executions do."""
    tx.execute(alerts.delete().where(_of(scope, schedule)))


def page(connection: Connection, scope: Scope, schedule: str, listing: Listing) -> Page[Alert]:
    found = select_page(connection, alerts, scope, listing, alerts.c.schedule == schedule)
    return Page([_as_alert(row) for row in found.items], found.next)


def change(
    tx: Connection, scope: Scope, schedule: str, name: str, datapoints: int, period: int, moment: datetime
) -> None:
    """Let an alert be on from so many wrong executions of so many. Raises RecordMissing and Invalid."""
    if datapoints > period:
        raise Invalid(
            f"DatapointsToAlert {datapoints} must not be greater than EvaluationPeriod {period}: it counts executions "
            "within that."
        )
    changed = alerts.update().where(_of(scope, schedule), alerts.c.name == name)
    if not tx.execute(changed.values(datapoints=datapoints, period=period, changed=moment)).rowcount:
        raise RecordMissing(f"The monitoring schedule {schedule} has no alert {name}.")
    judge(tx, scope, schedule, moment)


def judge(tx: Connection, scope: Scope, schedule: str, moment: datetime) -> None:
    """Let a schedule's alert be on or off by how the last executions ended, and write down where that is new."""
    row = tx.execute(select(alerts).where(_of(scope, schedule))).first()
    if row is None:
        return  # the schedule was deleted meanwhile
    columns = executions.c
    last = (
        select(columns.status)
        .where(columns.account == scope.account, columns.region == scope.region, columns.schedule == schedule)
        # Those before are of a schedule that was deleted, and had the same name.
        .where(columns.created >= row.created, columns.status.not_in(OPEN))
        .order_by(columns.scheduled.desc(), columns.created.desc())
        .limit(row.period)
        .subquery()
    )
    wrong = tx.execute(select(func.count()).select_from(last).where(last.c.status.in_(WRONG))).scalar_one()
    status = ON if wrong >= row.datapoints else OFF
    if status == row.status:
        return
    tx.execute(alerts.update().where(_of(scope, schedule)).values(status=status))
    tx.execute(
        alert_changes.insert().values(
            account=scope.account, region=scope.region, name=uuid.uuid4().hex,
            schedule=schedule, alert=row.name, status=status, created=moment,
        )
    )  # fmt: skip


def history(
    connection: Connection, scope: Scope, listing: Listing, schedule: str | None, name: str | None
) -> Page[Change]:
    columns = alert_changes.c
    further = [columns.schedule == schedule] if schedule is not None else []
    further += [columns.alert == name] if name is not None else []
    found = select_page(connection, alert_changes, scope, listing, *further)
    return Page([Change(row.alert, row.schedule, row.status, row.created) for row in found.items], found.next)


def _of(scope: Scope, schedule: str) -> ColumnElement[bool]:
    columns = alerts.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.schedule == schedule)


def _as_alert(row: Row[Any]) -> Alert:
    return Alert(row.name, row.schedule, row.status, row.datapoints, row.period, row.created, row.changed)
