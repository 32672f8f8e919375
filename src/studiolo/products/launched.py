"""What was launched, and the records of what was done to it, as values and rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from studiolo.domain import Clock, Scope
from studiolo.products.errors import Exists, Missing
from studiolo.products.tables import provisioned_products, provisioning_records
from studiolo.state import State

PROVISION, UPDATE, TERMINATE = "PROVISION_PRODUCT", "UPDATE_PROVISIONED_PRODUCT", "TERMINATE_PROVISIONED_PRODUCT"
UNFINISHED = ("CREATED", "IN_PROGRESS", "IN_PROGRESS_IN_ERROR")


@dataclass(frozen=True)
class Provisioned:
    """A product that was launched.

    status: AVAILABLE, UNDER_CHANGE, TAINTED (its stack was turned back to what it was), ERROR; reason: why.
    document: product, product_name, artifact, artifact_name, path, role, user, session, tags, token, stack, last,
    last_provisioning, last_successful (ids of records).
    """

    id: str
    scope: Scope
    name: str
    live: str | None
    status: str
    reason: str | None
    created: datetime
    document: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.document.get(name)

    @property
    def arn(self) -> str:
        place = f"arn:{self.scope.partition}:servicecatalog:{self.scope.region}:{self.scope.account}"
        return f"{place}:stack/{self.name}/{self.id}"

    def with_(self, status: str, reason: str | None = None, **document: Any) -> "Provisioned":
        return replace(self, status=status, reason=reason, document={**self.document, **document})


@dataclass(frozen=True)
class Done:
    """The record of something that is, or was, done to a provisioned product.

    document: name, product, artifact, artifact_name, path, role, tags, errors, call (operation and parameters of
    CloudFormation), principal (who calls), ignore (errors), outputs.
    """

    id: str
    scope: Scope
    provisioned: str
    token: str
    kind: str
    status: str
    created: datetime
    updated: datetime
    document: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.document.get(name)

    @property
    def running(self) -> bool:
        return self.status in UNFINISHED

    def with_(self, status: str, updated: datetime, **document: Any) -> "Done":
        return replace(self, status=status, updated=updated, document={**self.document, **document})


class Launched:
    """The rows of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self.clock = clock

    @contextmanager
    def writing(self) -> Iterator["Writing"]:
        with self._state.transaction() as tx:
            yield Writing(tx)

    def provisioned(self, scope: Scope, identifier: str | None, name: str | None = None) -> Provisioned:
        """By its id, or the name of one that is not terminated. Raises Missing."""
        columns = provisioned_products.c
        which = columns.id == identifier if identifier is not None else columns.live == name
        found = self._provisioned(scope, which)
        if not found:
            raise Missing(f"Provisioned product {identifier or name} not found.")
        return found[0]

    def all(self, scope: Scope) -> list[Provisioned]:
        """Those that are not terminated, the youngest first."""
        return self._provisioned(scope, provisioned_products.c.live.is_not(None))

    def record(self, scope: Scope, identifier: str) -> Done:
        """Raises Missing."""
        found = self._records(provisioning_records.c.id == identifier)
        if not found or found[0].scope != scope:
            raise Missing(f"Record {identifier} not found.")
        return found[0]

    def with_token(self, scope: Scope, kind: str, token: str) -> Done | None:
        columns = provisioning_records.c
        mine = (columns.account == scope.account) & (columns.region == scope.region)
        return next(iter(self._records(mine & (columns.token == token) & (columns.kind == kind))), None)

    def records(self, scope: Scope) -> list[Done]:
        """The youngest first."""
        columns = provisioning_records.c
        return self._records((columns.account == scope.account) & (columns.region == scope.region))

    def unfinished(self) -> list[Done]:
        return self._records(provisioning_records.c.status.in_(UNFINISHED))

    def _provisioned(self, scope: Scope, which: Any) -> list[Provisioned]:
        columns = provisioned_products.c
        query = provisioned_products.select().where(
            columns.account == scope.account, columns.region == scope.region, which
        )
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(columns.created.desc(), columns.id)).all()
        return [
            Provisioned(row.id, scope, row.name, row.live, row.status, row.reason, row.created, row.document)
            for row in rows
        ]

    def _records(self, which: Any) -> list[Done]:
        columns = provisioning_records.c
        query = provisioning_records.select().where(which).order_by(columns.created.desc(), columns.id)
        with self._state.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Done(
                row.id,
                Scope(row.account, row.region),
                row.provisioned,
                row.token,
                row.kind,
                row.status,
                row.created,
                row.updated,
                row.document,
            )
            for row in rows
        ]


class Writing:
    """One transaction."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx

    def add(self, made: Provisioned) -> None:
        """Raises Exists where one of that name is not terminated."""
        columns = provisioned_products.c
        mine = (columns.account == made.scope.account) & (columns.region == made.scope.region)
        if self._tx.execute(provisioned_products.select().where(mine, columns.live == made.name)).first() is not None:
            raise Exists(f"A provisioned product named {made.name} already exists.")
        self._tx.execute(provisioned_products.insert().values(_place(made.scope) | _columns(made) | {"id": made.id}))

    def put(self, changed: Provisioned) -> None:
        this = provisioned_products.c.id == changed.id
        self._tx.execute(provisioned_products.update().where(this).values(_columns(changed)))

    def add_record(self, record: Done) -> None:
        values = {
            "id": record.id,
            "provisioned": record.provisioned,
            "token": record.token,
            "kind": record.kind,
            "created": record.created,
        }
        self._tx.execute(provisioning_records.insert().values(_place(record.scope) | values | _state(record)))

    def put_record(self, record: Done) -> None:
        this = provisioning_records.c.id == record.id
        self._tx.execute(provisioning_records.update().where(this).values(_state(record)))


def _place(scope: Scope) -> dict[str, Any]:
    return {"account": scope.account, "region": scope.region}


def _columns(each: Provisioned) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("name", "live", "status", "reason", "created", "document")}


def _state(record: Done) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("status", "updated", "document")}
