"""The records of applications and job runs: every change of state names the states it is from."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, and_, func, select

from studiolo.domain import Clock, Conflict, NotFound, Page, Scope
from studiolo.serverless.model import (
    UNFINISHED,
    Application,
    ApplicationRequest,
    ApplicationState,
    Capacity,
    HiveJob,
    Run,
    RunRequest,
    RunState,
    SparkJob,
    Workers,
    application_thing,
    run_thing,
)
from studiolo.serverless.tables import applications, runs
from studiolo.state import State, page


def new_id() -> str:
    """Sixteen letters and digits as the service's, in the order in which they are made."""
    return f"00{time.time_ns() // 1_000_000:011x}{secrets.randbelow(4096):03x}"


class Store:
    """EMR Serverless in the database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def add_application(
        self, scope: Scope, token: str, asked: ApplicationRequest, tags: Mapping[str, str]
    ) -> Application:
        """Record an application; the one that the same token has made already, if it asked for the same.

        Raises Conflict where it asked for something else.
        """
        moment, kept = self._clock(), asdict(asked)
        with self._state.transaction() as tx:
            query = applications.select().where(_in(applications, scope), applications.c.token == token)
            if (row := tx.execute(query).first()) is not None:
                if _as_application(row).asked != asked:
                    raise Conflict("The client token was used for another application.")
                return _as_application(row)
            values = {
                "account": scope.account, "region": scope.region, "id": new_id(), "token": token, "asked": kept,
                "tags": dict(tags), "state": "CREATED", "details": "", "created": moment, "updated": moment,
            }  # fmt: skip
            tx.execute(applications.insert().values(values))
            made = tx.execute(query).one()
        return _as_application(made)

    def application(self, scope: Scope, name: str) -> Application:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(applications.select().where(_app(scope, name))).first()
        if row is None:
            raise NotFound(f"Application {name} does not exist.")
        return _as_application(row)

    def applications(self, scope: Scope, states: tuple[str, ...], after: str | None, limit: int) -> Page[Application]:
        """In the order of their ids, of any of these states, or of all where none is named."""
        query = applications.select().where(_in(applications, scope))
        if states:
            query = query.where(applications.c.state.in_(states))
        with self._state.reading() as connection:
            found = page(connection, query, applications.c.id, after, limit)
        return Page([_as_application(row) for row in found.items], found.next)

    def all_applications(self, *states: ApplicationState) -> list[Application]:
        """Those of every scope in one of these states."""
        with self._state.reading() as connection:
            rows = connection.execute(applications.select().where(applications.c.state.in_(states))).all()
        return [_as_application(row) for row in rows]

    def change_application(
        self, scope: Scope, name: str, before: tuple[ApplicationState, ...], after: ApplicationState, details: str = ""
    ) -> bool:
        """Change its state if it is one of `before`; whether it was."""
        values = {"state": after, "details": details, "updated": self._clock()}
        with self._state.transaction(application_thing(scope, name)) as tx:
            change = applications.update().where(_app(scope, name), applications.c.state.in_(before))
            return tx.execute(change.values(values)).rowcount == 1

    def update_application(self, scope: Scope, name: str, asked: ApplicationRequest) -> None:
        with self._state.transaction(application_thing(scope, name)) as tx:
            values = {"asked": asdict(asked), "updated": self._clock()}
            tx.execute(applications.update().where(_app(scope, name)).values(values))

    def touch(self, scope: Scope, name: str) -> None:
        """The application is in use."""
        with self._state.transaction() as tx:
            tx.execute(applications.update().where(_app(scope, name)).values(updated=self._clock()))

    def set_tags(self, table: Any, scope: Scope, name: str, tags: Mapping[str, str]) -> None:
        """table: of applications or of job runs."""
        with self._state.transaction() as tx:
            tx.execute(table.update().where(_in(table, scope), table.c.id == name).values(tags=dict(tags)))

    def add_run(self, app: Application, token: str, asked: RunRequest, tags: Mapping[str, str]) -> Run:
        """Record a job run; the one that the same token has made already, if it asked for the same. Raises Conflict."""
        moment, scope = self._clock(), app.scope
        with self._state.transaction(app.thing) as tx:
            query = runs.select().where(_in(runs, scope), runs.c.application == app.id, runs.c.token == token)
            if (row := tx.execute(query).first()) is not None:
                if _as_run(row).asked != asked:
                    raise Conflict("The client token was used for another job run.")
                return _as_run(row)
            values = {
                "account": scope.account, "region": scope.region, "application": app.id, "id": new_id(),
                "token": token, "asked": asdict(asked), "label": app.asked.label, "tags": dict(tags),
                "state": "SUBMITTED", "details": "", "attempt": 1, "created": moment, "updated": moment,
                "attempt_created": moment,
            }  # fmt: skip
            tx.execute(runs.insert().values(values))
            made = tx.execute(query).one()
        return _as_run(made)

    def run(self, scope: Scope, application: str, name: str) -> Run:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(runs.select().where(_run(scope, name), runs.c.application == application)).first()
        if row is None:
            raise NotFound(f"JobRun {name} does not exist.")
        return _as_run(row)

    def runs(
        self, scope: Scope, application: str, filters: Mapping[str, Any], after: str | None, limit: int
    ) -> Page[Run]:
        """Those of an application, in the order of their ids; filters: `states`, `since`, `until`."""
        query = runs.select().where(_in(runs, scope), runs.c.application == application)
        if filters.get("states"):
            query = query.where(runs.c.state.in_(filters["states"]))
        if filters.get("since"):
            query = query.where(runs.c.created >= filters["since"])
        if filters.get("until"):
            query = query.where(runs.c.created <= filters["until"])
        with self._state.reading() as connection:
            found = page(connection, query, runs.c.id, after, limit)
        return Page([_as_run(row) for row in found.items], found.next)

    def all_runs(self, *states: RunState) -> list[Run]:
        """Those of every scope in one of these states, the oldest first."""
        with self._state.reading() as connection:
            query = runs.select().where(runs.c.state.in_(states)).order_by(runs.c.id)
            return [_as_run(row) for row in connection.execute(query).all()]

    def active_runs(self, app: Application) -> int:
        """How many runs of the application have not ended."""
        with self._state.reading() as connection:
            query = select(func.count()).select_from(runs).where(_in(runs, app.scope), runs.c.application == app.id)
            return int(connection.execute(query.where(runs.c.state.in_(UNFINISHED))).scalar_one())

    def change_run(self, run: Run, before: tuple[RunState, ...], after: RunState, details: str = "") -> bool:
        """Change its state if it is one of `before`; whether it was."""
        moment = self._clock()
        values: dict[str, Any] = {"state": after, "details": details[:256], "updated": moment}
        if after == "RUNNING":
            values["started"] = moment
        if after not in UNFINISHED:
            values["ended"] = moment
        return self._set(run, before, values)

    def next_attempt(self, run: Run) -> bool:
        """Have a run tried once more whose attempt has failed; whether it still was to be."""
        moment = self._clock()
        values = {
            "state": "SUBMITTED", "details": "", "attempt": run.attempt + 1, "updated": moment,
            "attempt_created": moment, "started": None,
        }  # fmt: skip
        return self._set(run, ("SCHEDULED", "RUNNING"), values)

    def _set(self, run: Run, before: tuple[RunState, ...], values: Mapping[str, Any]) -> bool:
        with self._state.transaction(run_thing(run.scope, run.id)) as tx:
            change = runs.update().where(_run(run.scope, run.id), runs.c.state.in_(before))
            changed = tx.execute(change.values(values)).rowcount == 1
            app = applications.update().where(_app(run.scope, run.application))
            tx.execute(app.values(updated=self._clock()))
            return changed

    def empty(self) -> None:
        with self._state.transaction() as tx:
            tx.execute(runs.delete())
            tx.execute(applications.delete())


def _in(table: Any, scope: Scope) -> Any:
    return and_(table.c.account == scope.account, table.c.region == scope.region)


def _app(scope: Scope, name: str) -> Any:
    return and_(_in(applications, scope), applications.c.id == name)


def _run(scope: Scope, name: str) -> Any:
    return and_(_in(runs, scope), runs.c.id == name)


def _as_application(row: Row[Any]) -> Application:
    asked = {**row.asked, "initial": {kind: Workers(**each) for kind, each in row.asked["initial"].items()}}
    request = ApplicationRequest(**{**asked, "runtime": tuple(asked["runtime"])})
    scope = Scope(row.account, row.region)
    return Application(row.id, scope, request, row.tags, row.state, row.details, row.created, row.updated)


def _as_run(row: Row[Any]) -> Run:
    asked = {**row.asked, "runtime": tuple(row.asked["runtime"])}
    if asked["spark"] is not None:
        asked["spark"] = SparkJob(**{**asked["spark"], "arguments": tuple(asked["spark"]["arguments"])})
    if asked["hive"] is not None:
        asked["hive"] = HiveJob(**asked["hive"])
    if asked.get("capacity") is not None:
        asked["capacity"] = Capacity(**asked["capacity"])
    return Run(
        id=row.id,
        application=row.application,
        scope=Scope(row.account, row.region),
        asked=RunRequest(**asked),
        label=row.label,
        tags=row.tags,
        state=row.state,
        details=row.details,
        created=row.created,
        updated=row.updated,
        attempt=row.attempt,
        attempt_created=row.attempt_created,
        started=row.started,
        ended=row.ended,
    )
