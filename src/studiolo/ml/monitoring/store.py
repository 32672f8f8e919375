"""The rows of monitoring as values."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from studiolo.domain import Page, Scope
from studiolo.ml.errors import RecordMissing
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.monitoring.model import OPEN, Analysis, Definition, Execution, Plan, Schedule
from studiolo.ml.monitoring.tables import definitions, executions, schedules


def of(table: Table, scope: Scope, name: str) -> ColumnElement[bool]:
    columns = table.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def definition(connection: Connection, scope: Scope, kind: str, name: str) -> Definition | None:
    is_it = of(definitions, scope, name) & (definitions.c.kind == kind)
    row = connection.execute(select(definitions).where(is_it)).first()
    return None if row is None else _as_definition(row)


def definition_page(
    connection: Connection, scope: Scope, kind: str, endpoint: str | None, listing: Listing
) -> Page[Definition]:
    further = [definitions.c.kind == kind, *_equal(definitions, endpoint=endpoint)]
    found = select_page(connection, definitions, scope, listing, *further)
    return Page([_as_definition(row) for row in found.items], found.next)


def add_definition(tx: Connection, made: Definition) -> None:
    tx.execute(
        definitions.insert().values(
            **_owner(made.scope),
            kind=made.analysis.kind,
            name=made.name,
            endpoint=made.analysis.calls.endpoint,
            created=made.created,
            analysis=asdict(made.analysis),
        )
    )


def schedule(connection: Connection, scope: Scope, name: str) -> Schedule:
    """Raises RecordMissing."""
    row = connection.execute(select(schedules).where(of(schedules, scope, name))).first()
    if row is None:
        raise RecordMissing(f"Monitoring schedule {name} cannot be found.")
    return _as_schedule(row)


def schedule_page(
    connection: Connection, scope: Scope, listing: Listing, equal: dict[str, str | None]
) -> Page[Schedule]:
    found = select_page(connection, schedules, scope, listing, *_equal(schedules, **equal))
    return Page([_as_schedule(row) for row in found.items], found.next)


def put_schedule(tx: Connection, made: Schedule, *, known: bool) -> None:
    values = {
        "changed": made.changed,
        "status": made.status,
        "due": made.due,
        "endpoint": made.endpoint,
        "kind": made.plan.kind,
        "definition": made.plan.definition,
        "plan": asdict(made.plan),
    }
    if known:
        tx.execute(schedules.update().where(of(schedules, made.scope, made.name)).values(values))
    else:
        tx.execute(schedules.insert().values(**_owner(made.scope), name=made.name, created=made.created, **values))


def due(connection: Connection, present: datetime) -> Sequence[Schedule]:
    query = select(schedules).where(schedules.c.due <= present).order_by(schedules.c.due)
    return [_as_schedule(row) for row in connection.execute(query)]


def add_execution(tx: Connection, made: Execution, plan: Plan) -> None:
    values = {name: value for name, value in asdict(made).items() if name != "scope"}
    tx.execute(executions.insert().values(**_owner(made.scope), plan=asdict(plan), **values))


def open_executions(connection: Connection) -> Sequence[tuple[Execution, Plan]]:
    """Those that have not ended, with the plans by which they are begun, oldest first."""
    query = select(executions).where(executions.c.status.in_(OPEN)).order_by(executions.c.created)
    return [(_as_execution(row), Plan.from_json(row.plan)) for row in connection.execute(query)]


def change_execution(tx: Connection, made: Execution, **values: Any) -> None:
    tx.execute(executions.update().where(of(executions, made.scope, made.name)).values(values))


def execution_page(
    connection: Connection,
    scope: Scope,
    listing: Listing,
    equal: dict[str, str | None],
    scheduled: tuple[datetime | None, datetime | None] = (None, None),
) -> Page[Execution]:
    """scheduled: the moments after and before which they were due."""
    after, before = scheduled
    further = _equal(executions, **equal)
    further += [] if after is None else [executions.c.scheduled > after]
    further += [] if before is None else [executions.c.scheduled < before]
    found = select_page(connection, executions, scope, listing, *further)
    return Page([_as_execution(row) for row in found.items], found.next)


def _equal(table: Table, **values: str | None) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in values.items() if value is not None]


def _owner(scope: Scope) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region}


def _as_definition(row: Row[Any]) -> Definition:
    return Definition(Scope(row.account, row.region), row.name, Analysis.from_json(row.analysis), row.created)


def _as_schedule(row: Row[Any]) -> Schedule:
    scope, plan = Scope(row.account, row.region), Plan.from_json(row.plan)
    return Schedule(scope, row.name, plan, row.status, row.endpoint, row.created, row.changed, row.due)


def _as_execution(row: Row[Any]) -> Execution:
    return Execution(
        Scope(row.account, row.region),
        row.name,
        row.schedule,
        row.endpoint,
        row.kind,
        row.definition,
        row.scheduled,
        row.status,
        row.failure,
        row.begun,
        row.created,
        row.changed,
    )
