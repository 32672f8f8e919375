"""The rows of stack sets."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table

from studiolo.domain import Clock, Scope
from studiolo.stacks.sets import tables
from studiolo.stacks.sets.model import (
    OPERATION,
    RUNNING,
    STOPPING,
    Instance,
    NoInstance,
    NoOperation,
    NoStackSet,
    Result,
    SetExists,
    SetOperation,
    StackSet,
)
from studiolo.state import State, Thing


class SetStore:
    """The stack sets of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self.changes = state.changes
        self.clock = clock

    @contextmanager
    def writing(self, stack_set: StackSet, operation: str | None = None) -> Iterator["SetWriting"]:
        """A transaction; who waits for the operation is told at its end."""
        things = [
            Thing(OPERATION, stack_set.scope.account, stack_set.scope.region, f"{name}/{operation}")
            for name in (stack_set.name, stack_set.id, stack_set.arn)
        ]
        with self._state.transaction(*things) as tx:
            yield SetWriting(tx, stack_set, self.clock())

    def get(self, scope: Scope, name: str, *, deleted: bool = False) -> StackSet:
        """A stack set by its name, id or ARN. Raises NoStackSet. deleted: whether one may be found that is, by its id."""
        columns = tables.stack_sets.c
        which = columns.id == name.rpartition("/")[2] if ":" in name else columns.live == name
        mine = (columns.account == scope.account) & (columns.region == scope.region)
        [*found] = self._select(tables.stack_sets, mine & which)
        if not found or (found[0].live is None and not deleted):
            raise NoStackSet(f"StackSet {name} not found")
        return _stack_set(found[0])

    def find(self, identifier: str) -> StackSet:
        """A stack set by its id."""
        return _stack_set(self._select(tables.stack_sets, tables.stack_sets.c.id == identifier)[0])

    def all(self, scope: Scope, status: str | None) -> list[StackSet]:
        """By name; status: ACTIVE or DELETED ones alone."""
        columns = tables.stack_sets.c
        which: Any = (columns.account == scope.account) & (columns.region == scope.region)
        if status is not None:
            which &= columns.live.is_not(None) if status == "ACTIVE" else columns.live.is_(None)
        return [_stack_set(row) for row in self._select(tables.stack_sets, which, columns.name, columns.created)]

    def instances(self, stack_set: StackSet) -> list[Instance]:
        """In the order of accounts and regions."""
        columns = tables.instances.c
        rows = self._select(tables.instances, columns.stack_set == stack_set.id, columns.account, columns.region)
        return [Instance(**row._mapping) for row in rows]

    def instance(self, stack_set: StackSet, account: str, region: str) -> Instance:
        """Raises NoInstance."""
        columns = tables.instances.c
        here = (columns.account == account) & (columns.region == region)
        found = self._select(tables.instances, here & (columns.stack_set == stack_set.id))
        if not found:
            raise NoInstance(
                f"Stack instance not found for stack set {stack_set.id} in account {account}, region {region}"
            )
        return Instance(**found[0]._mapping)

    def operations(self, stack_set: StackSet) -> list[SetOperation]:
        """The youngest first."""
        columns = tables.operations.c
        rows = self._select(tables.operations, columns.stack_set == stack_set.id, columns.created.desc(), columns.id)
        return [SetOperation(**row._mapping) for row in rows]

    def operation(self, stack_set: StackSet, identifier: str) -> SetOperation:
        """Raises NoOperation."""
        columns = tables.operations.c
        found = self._select(tables.operations, (columns.stack_set == stack_set.id) & (columns.id == identifier))
        if not found:
            raise NoOperation(f"Operation {identifier} of stack set {stack_set.id} not found")
        return SetOperation(**found[0]._mapping)

    def running(self, stack_set: str | None = None) -> list[SetOperation]:
        """The operations, of that stack set by its id, that have not ended."""
        columns = tables.operations.c
        which: Any = columns.status.in_((RUNNING, STOPPING))
        if stack_set is not None:
            which &= columns.stack_set == stack_set
        return [SetOperation(**row._mapping) for row in self._select(tables.operations, which, columns.created)]

    def results(self, operation: SetOperation) -> list[Result]:
        """In the order in which they are done."""
        columns = tables.results.c
        which = (columns.stack_set == operation.stack_set) & (columns.operation == operation.id)
        return [Result(**row._mapping) for row in self._select(tables.results, which, columns.number)]

    def _select(self, table: Table, which: Any, *order: Any) -> Sequence[Row[Any]]:
        with self._state.reading() as connection:
            return connection.execute(table.select().where(which).order_by(*order)).all()


class SetWriting:
    """One transaction on the rows of a stack set."""

    def __init__(self, tx: Connection, stack_set: StackSet, moment: datetime) -> None:
        self._tx = tx
        self._set = stack_set
        self.moment = moment

    def add(self) -> None:
        """Raises SetExists where one of that name is there."""
        made, columns = self._set, tables.stack_sets.c
        mine = (columns.account == made.scope.account) & (columns.region == made.scope.region)
        if self._tx.execute(tables.stack_sets.select().where(mine, columns.live == made.name)).first() is not None:
            raise SetExists(f"StackSet {made.name} already exists")
        own = {name: getattr(made, name) for name in ("id", "name", "live", "created", "document")}
        row = {**own, "account": made.scope.account, "region": made.scope.region}
        self._tx.execute(tables.stack_sets.insert().values(row))

    def change(self, **changes: Any) -> None:
        """Change columns of the stack set: `live` or `document`."""
        self._tx.execute(tables.stack_sets.update().where(tables.stack_sets.c.id == self._set.id).values(changes))

    def add_instance(self, instance: Instance) -> None:
        self._tx.execute(tables.instances.insert().values(asdict(instance)))

    def set_instance(self, place: tuple[str, str], **changes: Any) -> None:
        """Change columns of an instance."""
        self._tx.execute(tables.instances.update().where(*self._at(place)).values(changes))

    def outdate(self) -> None:
        """Note that the instances are not what the stack set says any more."""
        mine = tables.instances.c.stack_set == self._set.id
        self._tx.execute(tables.instances.update().where(mine).values(status="OUTDATED"))

    def drop(self, place: tuple[str, str]) -> None:
        self._tx.execute(tables.instances.delete().where(*self._at(place)))

    def begin(self, operation: SetOperation, places: Iterable[tuple[str, str]]) -> None:
        """Write a new operation, and what is to be done for it, in its order."""
        self._tx.execute(tables.operations.insert().values(asdict(operation)))
        common = {"stack_set": operation.stack_set, "operation": operation.id, "status": "PENDING", "stage": "new"}
        rows = [
            {**common, "number": number, "account": account, "region": region, "reason": None}
            for number, (account, region) in enumerate(places)
        ]
        if rows:
            self._tx.execute(tables.results.insert(), rows)

    def set_operation(self, identifier: str, **changes: Any) -> None:
        columns = tables.operations.c
        this = (columns.stack_set == self._set.id) & (columns.id == identifier)
        self._tx.execute(tables.operations.update().where(this).values(changes))

    def set_result(self, result: Result, **changes: Any) -> None:
        columns = tables.results.c
        this = (
            (columns.stack_set == result.stack_set)
            & (columns.operation == result.operation)
            & (columns.number == result.number)
        )
        self._tx.execute(tables.results.update().where(this).values(changes))

    def _at(self, place: tuple[str, str]) -> tuple[Any, ...]:
        columns = tables.instances.c
        return columns.stack_set == self._set.id, columns.account == place[0], columns.region == place[1]


def _stack_set(row: Row[Any]) -> StackSet:
    return StackSet(row.id, Scope(row.account, row.region), row.name, row.live, row.created, row.document)
