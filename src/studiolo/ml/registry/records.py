"""Records of the registry: things of a kind by their names, with what is told of them.

What is told (`document`) is kept in the words of the API that tells it, as little here acts on it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Text, cast, type_coerce

from studiolo.domain import Clock, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.listing import Listing
from studiolo.ml.tables import records
from studiolo.state import State, Thing, page


@dataclass(frozen=True)
class Record:
    """One thing. parent, type: as its table says."""

    scope: Scope
    kind: str
    name: str
    document: Mapping[str, Any]
    created: datetime
    changed: datetime
    parent: str | None = None
    type: str | None = None
    status: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.document[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.document.get(name, default)

    def telling(self, **told: Any) -> "Record":
        """The same with some of its document changed; what is None is left out."""
        merged = {**self.document, **told}
        return replace(self, document={name: value for name, value in merged.items() if value is not None})


@dataclass(frozen=True)
class Which:
    """Which records of a kind a list has."""

    parent: str | None = None
    type: str | None = None
    versioned: bool | None = None


class Book:
    """The records of one scope, within one transaction."""

    def __init__(self, connection: Connection, scope: Scope, clock: Clock) -> None:
        self.connection = connection
        self.scope = scope
        self.now = clock()
        self.changed: list[Thing] = []
        self._mine = (records.c.account == scope.account) & (records.c.region == scope.region)

    def find(self, kind: str, name: str) -> Record | None:
        row = self.connection.execute(records.select().where(self._this(kind, name))).first()
        return None if row is None else _as_record(row)

    def all(self, kind: str, parent: str | None = None) -> Iterator[Record]:
        """Those of a kind, oldest first."""
        query = records.select().where(self._mine, records.c.kind == kind)
        if parent is not None:
            query = query.where(records.c.parent == parent)
        yield from map(_as_record, self.connection.execute(query.order_by(records.c.created, records.c.name)))

    def page(self, kind: str, listing: Listing, which: Which) -> Page[Record]:
        query, columns = records.select().where(self._mine, records.c.kind == kind), records.c
        if listing.name_contains:
            query = query.where(columns.name.contains(listing.name_contains, autoescape=True))
        for column, wanted in (("status", listing.status), ("parent", which.parent), ("type", which.type)):
            if wanted is not None:
                query = query.where(columns[column] == wanted)
        if which.versioned is not None:
            query = query.where(columns.parent.is_not(None) if which.versioned else columns.parent.is_(None))
        for column, after, before in (
            ("created", listing.created_after, listing.created_before),
            ("changed", listing.changed_after, listing.changed_before),
        ):
            if after is not None:
                query = query.where(columns[column] > after)
            if before is not None:
                query = query.where(columns[column] < before)
        key: ColumnElement[str] = columns.name
        if listing.sort_by != "Name":
            key = cast(type_coerce(columns.created, BigInteger), Text) + "/" + columns.name
        found = page(self.connection, query, key, listing.after, listing.limit, descending=listing.descending)
        return Page([_as_record(row) for row in found.items], found.next)

    def add(
        self,
        kind: str,
        name: str,
        document: Mapping[str, Any],
        *,
        parent: str | None = None,
        type: str | None = None,  # noqa: A002 - the field's word
        status: str | None = None,
    ) -> Record:
        """Write a new record; what of its document is None is left out."""
        kept = {name: value for name, value in document.items() if value is not None}
        record = Record(self.scope, kind, name, kept, self.now, self.now, parent, type, status)
        self.connection.execute(records.insert().values(**self._row(record)))
        return record

    def put(self, record: Record) -> Record:
        """Write a record that has changed."""
        record = replace(record, changed=self.now)
        self.connection.execute(
            records.update().where(self._this(record.kind, record.name)).values(**self._row(record))
        )
        return record

    def drop(self, record: Record) -> None:
        self.connection.execute(records.delete().where(self._this(record.kind, record.name)))

    def _row(self, record: Record) -> dict[str, Any]:
        return {
            "account": self.scope.account,
            "region": self.scope.region,
            "kind": record.kind,
            "name": record.name,
            "parent": record.parent,
            "type": record.type,
            "status": record.status,
            "created": record.created,
            "changed": record.changed,
            "document": dict(record.document),
        }

    def _this(self, kind: str, name: str) -> Any:
        return self._mine & (records.c.kind == kind) & (records.c.name == name)


class Records:
    """The records of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    @contextmanager
    def writing(self, scope: Scope) -> Iterator[Book]:
        with self._state.transaction() as tx:
            book = Book(tx, scope, self._clock)
            yield book
            for thing in book.changed:
                self._state.note(tx, thing)

    @contextmanager
    def reading(self, scope: Scope) -> Iterator[Book]:
        with self._state.reading() as connection:
            yield Book(connection, scope, self._clock)


def by(principal: Principal) -> dict[str, Any]:
    """The UserContext of who made or changed a record."""
    return {"IamIdentity": {"Arn": principal.arn, "PrincipalId": principal.user_id}}


def _as_record(row: Row[Any]) -> Record:
    return Record(
        Scope(row.account, row.region),
        row.kind,
        row.name,
        row.document,
        row.created,
        row.changed,
        row.parent,
        row.type,
        row.status,
    )
