"""Pipelines, versions, executions and steps in the database."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Text, cast, func, type_coerce

from studiolo.domain import AlreadyExists, Clock, Page, Scope
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.pipelines import tables
from studiolo.pipelines.errors import Busy, NoPipeline
from studiolo.pipelines.model import (
    PASSING,
    SUCCEEDED,
    By,
    Execution,
    Pipeline,
    Selection,
    Settings,
    StepRun,
    Version,
    execution_arn,
    pipeline_arn,
)
from studiolo.state import State, Thing, page

THING = "pipeline-execution"
"""The kind of thing that transactions tell of; its name is the ARN."""


class Store:
    """What is remembered of pipelines."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self.clock = clock

    # --- pipelines

    def add(
        self, scope: Scope, name: str, settings: Settings, definition: str, by: By, token: str, tags: Mapping[str, str]
    ) -> Pipeline:
        """Raises AlreadyExists, but for a repeated request."""
        moment = self.clock()
        kept = {**asdict(settings), "created_by": asdict(by), "changed_by": asdict(by), "token": token}
        with self._state.transaction() as tx:
            found = self._find(tx, scope, name)
            if found is not None:
                if found.token == token:
                    return found
                raise AlreadyExists(
                    "Pipeline names must be unique within an AWS account and region. "
                    f"Pipeline with name ({name}) already exists."
                )
            owned = {"account": scope.account, "region": scope.region}
            tx.execute(
                tables.pipelines.insert().values(
                    **owned, name=name, created=moment, changed=moment, version=1, settings=kept
                )
            )
            tx.execute(
                tables.versions.insert().values(**owned, pipeline=name, number=1, created=moment, definition=definition)
            )
            set_tags(tx, pipeline_arn(scope, name), tags)
        return self.pipeline(scope, name)

    def update(self, scope: Scope, name: str, changes: Mapping[str, Any], definition: str | None, by: By) -> Pipeline:
        """Raises NoPipeline."""
        moment = self.clock()
        with self._state.transaction() as tx:
            found = self._require(tx, scope, name)
            kept = {
                **asdict(replace(found.settings, **changes)),
                "created_by": asdict(found.created_by),
                "changed_by": asdict(by),
                "token": found.token,
            }
            number = found.version + (definition is not None)
            if definition is not None:
                tx.execute(
                    tables.versions.insert().values(
                        account=scope.account,
                        region=scope.region,
                        pipeline=name,
                        number=number,
                        created=moment,
                        definition=definition,
                    )
                )
            values = {"settings": kept, "changed": moment, "version": number}
            tx.execute(tables.pipelines.update().where(_is_pipeline(scope, name)).values(values))
        return self.pipeline(scope, name)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a pipeline and its executions. Raises NoPipeline, and Busy while one runs."""
        with self._state.transaction() as tx:
            self._require(tx, scope, name)
            mine = _are_executions(scope, name)
            columns = tables.executions.c
            if tx.execute(tables.executions.select().where(mine, columns.status.in_(PASSING))).first() is not None:
                raise Busy(
                    f"Pipeline {pipeline_arn(scope, name)} has executions that have not ended: stop them before the "
                    "pipeline is deleted."
                )
            ids = tables.executions.select().with_only_columns(columns.id).where(mine)
            tx.execute(tables.callbacks.delete().where(tables.callbacks.c.execution.in_(ids)))
            tx.execute(tables.steps.delete().where(tables.steps.c.execution.in_(ids)))
            tx.execute(tables.executions.delete().where(mine))
            owned = tables.versions.c
            where = (owned.account == scope.account) & (owned.region == scope.region) & (owned.pipeline == name)
            tx.execute(tables.versions.delete().where(where))
            tx.execute(tables.pipelines.delete().where(_is_pipeline(scope, name)))
            drop_tags(tx, pipeline_arn(scope, name))

    def pipeline(self, scope: Scope, name: str) -> Pipeline:
        """Raises NoPipeline."""
        with self._state.reading() as connection:
            return self._require(connection, scope, name)

    def exists(self, connection: Connection, scope: Scope, name: str) -> bool:
        return self._find(connection, scope, name) is not None

    def pipelines(self, scope: Scope, listing: Listing, prefix: str | None) -> Page[Pipeline]:
        table = tables.pipelines
        named = [] if prefix is None else [table.c.name.startswith(prefix, autoescape=True)]
        with self._state.reading() as connection:
            found = select_page(connection, table, scope, listing, *named)
        return Page([_as_pipeline(row) for row in found.items], found.next)

    def version(self, scope: Scope, name: str, number: int) -> Version:
        """Raises NoPipeline."""
        columns = tables.versions.c
        mine = (columns.account == scope.account) & (columns.region == scope.region) & (columns.pipeline == name)
        with self._state.reading() as connection:
            row = connection.execute(tables.versions.select().where(mine, columns.number == number)).first()
        if row is None:
            raise NoPipeline(f"Pipeline {pipeline_arn(scope, name)} has no version {number}.")
        return Version(row.number, row.created, row.definition)

    def versions(self, scope: Scope, name: str, after: str | None, limit: int, *, descending: bool) -> Page[Version]:
        columns = tables.versions.c
        mine = (columns.account == scope.account) & (columns.region == scope.region) & (columns.pipeline == name)
        key = func.substr("0000000000" + cast(columns.number, Text), -10)
        with self._state.reading() as connection:
            found = page(connection, tables.versions.select().where(mine), key, after, limit, descending=descending)
        return Page([Version(row.number, row.created, row.definition) for row in found.items], found.next)

    # --- executions

    def start(self, execution: Execution, token: str, reused: Mapping[str, StepRun]) -> Execution:
        """Record a new execution; that of the same request where it was recorded before."""
        columns, scope = tables.executions.c, execution.scope
        with self._state.transaction(Thing(THING, scope.account, scope.region, execution.arn)) as tx:
            mine = _are_executions(execution.scope, execution.pipeline)
            row = tx.execute(tables.executions.select().where(mine, columns.token == token)).first()
            if row is not None:
                return _as_execution(row)
            values = {
                "id": execution.id,
                "account": execution.scope.account,
                "region": execution.scope.region,
                "pipeline": execution.pipeline,
                "version": execution.version,
                "token": token,
                "created": execution.created,
                "changed": execution.changed,
                "status": execution.status,
                "settings": _settings(execution),
            }
            tx.execute(tables.executions.insert().values(values))
            for run in reused.values():
                tx.execute(tables.steps.insert().values(_step_values(execution.id, run)))
            own = _is_pipeline(execution.scope, execution.pipeline)
            tx.execute(tables.pipelines.update().where(own).values(last_run=execution.created))
        return execution

    def execution(self, identifier: str) -> Execution:
        """Raises NoPipeline."""
        with self._state.reading() as connection:
            row = connection.execute(tables.executions.select().where(tables.executions.c.id == identifier)).first()
        if row is None:
            raise NoPipeline(f"Pipeline execution with ID {identifier} does not exist.")
        return _as_execution(row)

    def execution_of(self, scope: Scope, arn: str) -> Execution:
        """The execution of an ARN. Raises NoPipeline."""
        identifier = arn.rpartition("/")[2]
        try:
            found = self.execution(identifier)
        except NoPipeline:
            found = None
        if found is None or found.scope != scope or found.arn != arn:
            raise NoPipeline(f"Pipeline execution with ARN '{arn}' does not exist.")
        return found

    def change(self, identifier: str, edit: Callable[[Execution], Execution]) -> Execution:
        """An execution after `edit`, which sees it as it is, and may raise; who waits for it is told."""
        table = tables.executions
        mine = table.c.id == identifier
        known = self.execution(identifier)
        with self._state.transaction(Thing(THING, known.scope.account, known.scope.region, known.arn)) as tx:
            row = tx.execute(table.select().where(mine)).first()
            if row is None:
                raise NoPipeline(f"Pipeline execution with ARN '{known.arn}' does not exist.")
            after = replace(edit(_as_execution(row)), changed=self.clock())
            values = {"status": after.status, "changed": after.changed, "settings": _settings(after)}
            tx.execute(table.update().where(mine).values(values))
        return after

    def unfinished(self) -> list[str]:
        """The executions of every scope that have not ended."""
        query = tables.executions.select().where(tables.executions.c.status.in_(PASSING))
        with self._state.reading() as connection:
            return [row.id for row in connection.execute(query)]

    def executions(
        self,
        scope: Scope,
        pipeline: str,
        between: tuple[datetime | None, datetime | None],
        sort: str,
        after: str | None,
        limit: int,
        *,
        descending: bool,
    ) -> Page[Execution]:
        """A page of a pipeline's executions. sort: `CreationTime` or `PipelineExecutionArn`."""
        columns = tables.executions.c
        query = tables.executions.select().where(_are_executions(scope, pipeline))
        if between[0] is not None:
            query = query.where(columns.created > between[0])
        if between[1] is not None:
            query = query.where(columns.created < between[1])
        key: ColumnElement[str] = columns.id
        if sort == "CreationTime":
            # Microseconds since 1970 have 16 digits from 2001 to 2286, so that their text sorts as they do.
            key = cast(type_coerce(columns.created, BigInteger), Text) + "/" + columns.id
        with self._state.reading() as connection:
            found = page(connection, query, key, after, limit, descending=descending)
        return Page([_as_execution(row) for row in found.items], found.next)

    # --- steps

    def steps(self, execution: str) -> dict[str, StepRun]:
        """The steps of an execution that were begun, or need not be, by name and in that order."""
        table = tables.steps
        query = table.select().where(table.c.execution == execution).order_by(table.c.number)
        with self._state.reading() as connection:
            return {row.name: _as_step(row) for row in connection.execute(query)}

    def put(self, execution: str, run: StepRun) -> StepRun:
        """Record a step as it is now."""
        mine = (tables.steps.c.execution == execution) & (tables.steps.c.name == run.name)
        with self._state.transaction() as tx:
            values = _step_values(execution, run)
            if tx.execute(tables.steps.update().where(mine).values(values)).rowcount == 0:
                tx.execute(tables.steps.insert().values(values))
        return run

    def forget(self, execution: str, names: list[str]) -> None:
        """Forget steps, so that they are begun anew."""
        mine = (tables.steps.c.execution == execution) & tables.steps.c.name.in_(names)
        with self._state.transaction() as tx:
            tx.execute(tables.steps.delete().where(mine))

    def cached(self, scope: Scope, pipeline: str, name: str, key: str, since: datetime) -> tuple[str, StepRun] | None:
        """The ARN of the latest execution in which a step with that key has succeeded, and the step."""
        steps, executions = tables.steps.c, tables.executions.c
        query = (
            tables.steps.join(tables.executions, steps.execution == executions.id)
            .select()
            .with_only_columns(*steps)
            .where(_are_executions(scope, pipeline), steps.name == name, steps.cache_key == key)
            .where(steps.status == SUCCEEDED, steps.started > since)
            .order_by(steps.started.desc())
        )
        with self._state.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (execution_arn(scope, pipeline, row.execution), _as_step(row))

    def empty(self) -> None:
        with self._state.transaction() as tx:
            for table in (tables.callbacks, tables.steps, tables.executions, tables.versions, tables.pipelines):
                tx.execute(table.delete())

    def _require(self, connection: Connection, scope: Scope, name: str) -> Pipeline:
        found = self._find(connection, scope, name)
        if found is None:
            raise NoPipeline(f"Pipeline '{pipeline_arn(scope, name)}' does not exist.")
        return found

    def _find(self, connection: Connection, scope: Scope, name: str) -> Pipeline | None:
        row = connection.execute(tables.pipelines.select().where(_is_pipeline(scope, name))).first()
        return None if row is None else _as_pipeline(row)


def _is_pipeline(scope: Scope, name: str) -> Any:
    columns = tables.pipelines.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def _are_executions(scope: Scope, pipeline: str) -> Any:
    columns = tables.executions.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.pipeline == pipeline)


def _as_pipeline(row: Row[Any]) -> Pipeline:
    kept = dict(row.settings)
    by = {name: By(**kept.pop(name)) for name in ("created_by", "changed_by")}
    token = kept.pop("token")
    scope = Scope(row.account, row.region)
    return Pipeline(
        scope, row.name, Settings(**kept), row.version, row.created, row.changed, row.last_run, token=token, **by
    )


_COLUMNS = {"scope", "pipeline", "id", "version", "status", "created", "changed"}


def _settings(execution: Execution) -> dict[str, Any]:
    return {name: value for name, value in asdict(execution).items() if name not in _COLUMNS}


def _as_execution(row: Row[Any]) -> Execution:
    kept = dict(row.settings)
    selection, experiment = kept.pop("selection"), kept.pop("experiment")
    return Execution(
        scope=Scope(row.account, row.region),
        pipeline=row.pipeline,
        id=row.id,
        version=row.version,
        status=row.status,
        created=row.created,
        changed=row.changed,
        selection=None if selection is None else Selection(tuple(selection["steps"]), selection["source"]),
        experiment=None if experiment is None else (experiment[0], experiment[1]),
        **{**kept, "by": By(**kept["by"]), "changed_by": By(**kept["changed_by"])},
    )


def _step_values(execution: str, run: StepRun) -> dict[str, Any]:
    return {
        "execution": execution,
        "name": run.name,
        "number": run.number,
        "status": run.status,
        "started": run.started,
        "cache_key": run.cache_key,
        "run": run.kept(),
    }


def _as_step(row: Row[Any]) -> StepRun:
    return StepRun(row.name, row.number, row.status, row.started, cache_key=row.cache_key, **row.run)
