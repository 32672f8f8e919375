"""The rows of stacks: reading them, and writing what happened in one transaction with its events."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from studiolo.domain import AlreadyExists, Clock, NotFound, Page, Scope
from studiolo.stacks import tables
from studiolo.stacks.model import (
    MACRO,
    STACK_TYPE,
    ChangeSet,
    Detection,
    Drift,
    Event,
    Operation,
    Resource,
    Stack,
    Target,
)
from studiolo.state import State, Thing

STACK = "stack"
"""The kind of thing that transactions tell of."""


class Missing(NotFound):
    """There is no such stack, change set, resource. `name` is what was asked for."""

    def __init__(self, words: str, name: str = "") -> None:
        super().__init__(words)
        self.name = name


class Store:
    """The stacks of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self.clock = clock

    @contextmanager
    def writing(self, stack: Stack | None = None) -> Iterator["Writing"]:
        """A transaction; who waits for the stack is told at its end."""
        things = () if stack is None else _things(stack)
        with self._state.transaction(*things) as tx:
            yield Writing(tx, self.clock())

    def stack(self, scope: Scope, name: str, deleted: bool = True) -> Stack:
        """A stack by its name, or id. Raises Missing. deleted: whether one may be found, by its id, that is deleted."""
        columns = tables.stacks.c
        mine = (columns.account == scope.account) & (columns.region == scope.region)
        which = columns.id == name if name.startswith("arn:") else columns.live == name
        with self._state.reading() as connection:
            row = connection.execute(tables.stacks.select().where(mine, which)).first()
        if row is None or (row.live is None and not deleted):
            raise Missing(f"Stack with id {name} does not exist", name)
        return as_stack(row)

    def living(self, scope: Scope, name: str) -> Stack | None:
        """The stack of a name, or id, that has not been deleted."""
        try:
            return self.stack(scope, name, deleted=False)
        except Missing:
            return None

    def find(self, identifier: str) -> Stack:
        """A stack by its id. Raises Missing."""
        with self._state.reading() as connection:
            row = connection.execute(tables.stacks.select().where(tables.stacks.c.id == identifier)).first()
        if row is None:
            raise Missing(f"Stack with id {identifier} does not exist", identifier)
        return as_stack(row)

    def stacks(self, scope: Scope, statuses: Sequence[str], after: str | None, limit: int, live: bool) -> Page[Stack]:
        """Stacks, the youngest first. live: without the deleted ones."""
        columns = tables.stacks.c
        query = tables.stacks.select().where(columns.account == scope.account, columns.region == scope.region)
        if live:
            query = query.where(columns.live.is_not(None))
        if statuses:
            query = query.where(columns.status.in_(statuses))
        if after is not None:
            moment, _, identifier = after.partition(" ")
            at = datetime.fromisoformat(moment)
            query = query.where((columns.created < at) | ((columns.created == at) & (columns.id < identifier)))
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(columns.created.desc(), columns.id.desc()).limit(limit + 1)).all()
        found = [as_stack(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(found, f"{found[-1].created.isoformat()} {found[-1].id}" if more else None)

    def children(self, stack: str) -> list[Stack]:
        """The living stacks that are resources of that one."""
        columns = tables.stacks.c
        with self._state.reading() as connection:
            query = tables.stacks.select().where(columns.parent == stack, columns.live.is_not(None))
            return [as_stack(row) for row in connection.execute(query)]

    def resources(self, stack: str) -> list[Resource]:
        """All that a stack has made and still knows of, in the order of logical ids and generations."""
        columns = tables.resources.c
        query = tables.resources.select().where(columns.stack == stack).order_by(columns.logical, columns.generation)
        with self._state.reading() as connection:
            return [Resource(**row._mapping) for row in connection.execute(query)]

    def current(self, stack: Stack) -> dict[str, Resource]:
        """The resources that a stack has, or had when it was deleted, by logical id."""
        rows = self.resources(stack.id)
        return {row.logical: row for row in rows if not row.gone or stack.deleted is not None}

    def stack_of(self, scope: Scope, physical: str) -> Stack | None:
        """The stack that has a resource of that physical id."""
        query = tables.resources.select().where(tables.resources.c.physical == physical)
        with self._state.reading() as connection:
            found = [row.stack for row in connection.execute(query) if row.status != "DELETE_COMPLETE"]
        stacks = [self.find(identifier) for identifier in found]
        return next((stack for stack in stacks if stack.scope == scope and stack.deleted is None), None)

    def events(self, stack: str, before: int | None, limit: int) -> Page[Event]:
        """Events, the youngest first."""
        query = tables.events.select().where(tables.events.c.stack == stack)
        if before is not None:
            query = query.where(tables.events.c.number < before)
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(tables.events.c.number.desc()).limit(limit + 1)).all()
        found = [Event(**row._mapping) for row in rows[:limit]]
        return Page(found, str(found[-1].number) if len(rows) > limit else None)

    def operation(self, identifier: str) -> Operation:
        with self._state.reading() as connection:
            row = connection.execute(tables.operations.select().where(tables.operations.c.id == identifier)).one()
        return _as_operation(row)

    def running(self, stack: str | None = None) -> list[Operation]:
        """The operations that have not ended, in the order in which they began."""
        columns = tables.operations.c
        query = tables.operations.select().where(columns.running)
        if stack is not None:
            query = query.where(columns.stack == stack)
        with self._state.reading() as connection:
            return [_as_operation(row) for row in connection.execute(query.order_by(columns.created))]

    def with_token(self, stack: str, kind: str, token: str) -> Operation | None:
        """The operation of a stack that was asked for with that token."""
        columns = tables.operations.c
        query = tables.operations.select().where(columns.stack == stack, columns.kind == kind, columns.token == token)
        with self._state.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _as_operation(row)

    def change_set(self, scope: Scope, name: str, stack: str | None) -> ChangeSet:
        """A change set by its ARN, or its name and its stack. Raises Missing."""
        columns = tables.change_sets.c
        query = tables.change_sets.select()
        if name.startswith("arn:"):
            query = query.where(columns.id == name)
        elif stack is not None:
            query = query.where(columns.name == name, columns.stack == self.stack(scope, stack).id)
        else:
            raise Missing(f"ChangeSet [{name}] does not exist: give its ARN, or StackName too", name)
        with self._state.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise Missing(f"ChangeSet [{name}] does not exist", name)
        return ChangeSet(**row._mapping)

    def change_sets(self, stack: str) -> list[ChangeSet]:
        query = tables.change_sets.select().where(tables.change_sets.c.stack == stack)
        with self._state.reading() as connection:
            return [ChangeSet(**row._mapping) for row in connection.execute(query.order_by(tables.change_sets.c.name))]

    def macro(self, scope: Scope, name: str) -> str | None:
        """The function of a macro, which is a resource of a stack; None for no such."""
        gone = ("CREATE_FAILED", "DELETE_COMPLETE")
        which = tables.resources.c
        query = (
            select(which.properties)
            .join(tables.stacks, tables.stacks.c.id == which.stack)
            .where(tables.stacks.c.account == scope.account, tables.stacks.c.region == scope.region)
            .where(which.type == MACRO, which.physical == name, which.status.not_in(gone))
        )
        with self._state.reading() as connection:
            found = connection.execute(query).first()
        return None if found is None else str(found.properties["FunctionName"])

    def exports(self, scope: Scope) -> list[Row[Any]]:
        columns = tables.exports.c
        query = tables.exports.select().where(columns.account == scope.account, columns.region == scope.region)
        with self._state.reading() as connection:
            return list(connection.execute(query.order_by(columns.name)))

    def importers(self, scope: Scope, name: str) -> list[str]:
        """The ids of the stacks that use an export."""
        columns = tables.imports.c
        query = select(columns.stack).where(
            columns.account == scope.account, columns.region == scope.region, columns.name == name
        )
        with self._state.reading() as connection:
            return list(connection.execute(query.order_by(columns.stack)).scalars())

    def drifts(self, stack: str) -> list[Drift]:
        """What was last found of a stack's resources, in the order of logical ids."""
        columns = tables.drifts.c
        with self._state.reading() as connection:
            rows = connection.execute(tables.drifts.select().where(columns.stack == stack).order_by(columns.logical))
            return [Drift(**row._mapping) for row in rows]

    def detection(self, which: str) -> Detection:
        """A look at a stack, by its id. Raises Missing."""
        found = self._detections(tables.detections.c.id == which)
        if not found:
            raise Missing(f"Drift detection {which} does not exist", which)
        return found[0]

    def last_detection(self, stack: str) -> Detection | None:
        return next(iter(self._detections(tables.detections.c.stack == stack)), None)

    def _detections(self, which: Any) -> list[Detection]:
        query = tables.detections.select().where(which).order_by(tables.detections.c.at.desc())
        with self._state.reading() as connection:
            return [Detection(**row._mapping) for row in connection.execute(query)]


class Writing:
    """One transaction on the rows of stacks."""

    def __init__(self, tx: Connection, moment: datetime) -> None:
        self.tx = tx
        self.moment = moment

    def add_stack(self, stack: Stack) -> None:
        """Raises AlreadyExists where a living stack has that name."""
        columns = tables.stacks.c
        mine = (columns.account == stack.scope.account) & (columns.region == stack.scope.region)
        if self.tx.execute(select(columns.id).where(mine, columns.live == stack.name)).first() is not None:
            raise AlreadyExists(f"Stack [{stack.name}] already exists")
        values = {
            "id": stack.id,
            "account": stack.scope.account,
            "region": stack.scope.region,
            "name": stack.name,
            "live": stack.name,
            "status": stack.status,
            "reason": stack.reason,
            "created": stack.created,
            "parent": stack.parent,
            "root": stack.root,
            "protected": stack.protected,
            "policy": stack.policy,
            "target": None if stack.target is None else stack.target.as_json(),
            "good": None,
            "outputs": stack.outputs,
        }
        self.tx.execute(tables.stacks.insert().values(values))

    def set_stack(self, identifier: str, **changes: Any) -> None:
        """Change columns of a stack; targets are given as values."""
        for name in ("target", "good"):
            if isinstance(changes.get(name), Target):
                changes[name] = changes[name].as_json()
        self.tx.execute(tables.stacks.update().where(tables.stacks.c.id == identifier).values(changes))

    def add_operation(self, operation: Operation) -> None:
        values = {**asdict(operation), "running": True, "created": self.moment}
        self.tx.execute(tables.operations.insert().values(values))

    def end_operation(self, identifier: str) -> None:
        self.tx.execute(tables.operations.update().where(tables.operations.c.id == identifier).values(running=False))

    def cancel_operation(self, identifier: str) -> None:
        self.tx.execute(tables.operations.update().where(tables.operations.c.id == identifier).values(cancelled=True))

    def put(self, resource: Resource) -> None:
        """Write a resource's row."""
        columns = tables.resources.c
        this = (
            (columns.stack == resource.stack)
            & (columns.logical == resource.logical)
            & (columns.generation == resource.generation)
        )
        values = {name: getattr(resource, name) for name in columns.keys()}  # noqa: SIM118 (SQLAlchemy's columns)
        if self.tx.execute(tables.resources.update().where(this).values(values)).rowcount == 0:
            self.tx.execute(tables.resources.insert().values(values))

    def drop(self, resource: Resource) -> None:
        columns = tables.resources.c
        self.tx.execute(
            tables.resources.delete().where(
                columns.stack == resource.stack,
                columns.logical == resource.logical,
                columns.generation == resource.generation,
            )
        )

    def event(self, stack: Stack, token: str | None, told: Mapping[str, Any]) -> None:
        """Note an event. told: LogicalResourceId, ResourceStatus and so on; without a resource, it is the stack's own."""
        document = {
            "LogicalResourceId": stack.name,
            "PhysicalResourceId": stack.id,
            "ResourceType": STACK_TYPE,
            **told,
            **({} if token is None else {"ClientRequestToken": token}),
        }
        logical = document["LogicalResourceId"]
        identifier = (
            str(uuid.uuid4()) if logical == stack.name else f"{logical}-{document['ResourceStatus']}-{uuid.uuid4()}"
        )
        columns = tables.events.c
        last = self.tx.execute(select(func.max(columns.number)).where(columns.stack == stack.id)).scalar()
        self.tx.execute(
            tables.events.insert().values(
                stack=stack.id, number=(last or 0) + 1, id=identifier, at=self.moment, document=document
            )
        )

    def put_drift(self, found: Drift) -> None:
        columns = tables.drifts.c
        this = (columns.stack == found.stack) & (columns.logical == found.logical)
        self.tx.execute(tables.drifts.delete().where(this))
        self.tx.execute(tables.drifts.insert().values(asdict(found)))

    def add_detection(self, made: Detection) -> None:
        self.tx.execute(tables.detections.insert().values(asdict(made)))

    def drop_drifts(self, stack: str) -> None:
        """Forget what was found of a stack: it has changed, or gone."""
        self.tx.execute(tables.drifts.delete().where(tables.drifts.c.stack == stack))

    def put_change_set(self, change_set: ChangeSet) -> None:
        self.tx.execute(tables.change_sets.delete().where(tables.change_sets.c.id == change_set.id))
        self.tx.execute(tables.change_sets.insert().values(asdict(change_set)))

    def executing(self, stack: str, change_set: str | None) -> None:
        """Say that a change set of a stack is being executed, and that its others are of the past."""
        columns = tables.change_sets.c
        mine = tables.change_sets.update().where(columns.stack == stack)
        self.tx.execute(mine.where(columns.execution == "AVAILABLE").values(execution="OBSOLETE"))
        if change_set is not None:
            self.executed(change_set, "EXECUTE_IN_PROGRESS")

    def executed(self, change_set: str, execution: str) -> None:
        columns = tables.change_sets.c
        self.tx.execute(tables.change_sets.update().where(columns.id == change_set).values(execution=execution))

    def drop_change_sets(self, where: Callable[[Any], Any]) -> None:
        self.tx.execute(tables.change_sets.delete().where(where(tables.change_sets.c)))

    def set_exports(self, stack: Stack, exported: Mapping[str, str]) -> None:
        """The exports of a stack from now on. Raises AlreadyExists for one that another stack has."""
        columns = tables.exports.c
        mine = (columns.account == stack.scope.account) & (columns.region == stack.scope.region)
        self.tx.execute(tables.exports.delete().where(columns.stack == stack.id))
        for name, value in exported.items():
            other = self.tx.execute(select(columns.stack).where(mine, columns.name == name)).scalar()
            if other is not None:
                by = other.rpartition("/")[0].rpartition("/")[2]
                raise AlreadyExists(f"Export with name {name} is already exported by stack {by}.")
            row = {"account": stack.scope.account, "region": stack.scope.region, "name": name, "value": value}
            self.tx.execute(tables.exports.insert().values(**row, stack=stack.id))

    def set_imports(self, stack: Stack, names: Sequence[str]) -> None:
        """The exports that a stack uses from now on."""
        self.tx.execute(tables.imports.delete().where(tables.imports.c.stack == stack.id))
        for name in sorted(set(names)):
            row = {"account": stack.scope.account, "region": stack.scope.region, "name": name, "stack": stack.id}
            self.tx.execute(tables.imports.insert().values(row))


def as_stack(row: Row[Any]) -> Stack:
    return Stack(
        id=row.id,
        scope=Scope(row.account, row.region),
        name=row.name,
        status=row.status,
        reason=row.reason,
        created=row.created,
        updated=row.updated,
        deleted=row.deleted,
        parent=row.parent,
        root=row.root,
        protected=row.protected,
        policy=row.policy,
        target=None if row.target is None else Target.from_json(row.target),
        good=None if row.good is None else Target.from_json(row.good),
        outputs=row.outputs,
    )


def _as_operation(row: Row[Any]) -> Operation:
    return Operation(row.id, row.stack, row.kind, row.token, row.cancelled, row.document)


def _things(stack: Stack) -> tuple[Thing, ...]:
    return tuple(Thing(STACK, stack.scope.account, stack.scope.region, name) for name in (stack.name, stack.id))
