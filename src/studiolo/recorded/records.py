"""The recorder: things of a kind, by their ids, with what is told of them.

What is told (`attributes`) is kept in the words of the API that tells it, as nothing here acts on it; `hidden` is what
Studiolo itself remembers of a thing.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Connection

from studiolo.domain import AlreadyExists, Clock, Conflict, Invalid, NotFound, Page, Scope
from studiolo.recorded.tables import records
from studiolo.state import State
from studiolo.state.paging import page


class RecordMissing(NotFound):
    """There is no thing of that kind and id."""

    def __init__(self, kind: str, identifier: str, words: str | None = None) -> None:
        super().__init__(words or f"The {kind} '{identifier}' does not exist")
        self.kind = kind


class RecordExists(AlreadyExists):
    """There is a thing of that kind and name."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind


class RecordInUse(Conflict):
    """Others need the thing."""


class RecordInvalid(Invalid):
    """What is asked for cannot be; `what` is the part that cannot."""

    def __init__(self, what: str, words: str) -> None:
        super().__init__(words)
        self.what = what


@dataclass(frozen=True)
class Record:
    """One thing."""

    kind: str
    id: str
    created: datetime
    attributes: Mapping[str, Any]
    hidden: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.attributes[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def with_(self, **attributes: Any) -> "Record":
        """The same with some attributes changed; one that is None is left out."""
        merged = {**self.attributes, **attributes}
        return replace(self, attributes={name: value for name, value in merged.items() if value is not None})

    def hiding(self, **hidden: Any) -> "Record":
        return replace(self, hidden={**self.hidden, **hidden})

    def tagged(self, tags: Mapping[str, str], without: Sequence[str] = ()) -> "Record":
        merged = {**self.tags, **tags}
        return replace(self, tags={key: value for key, value in merged.items() if key not in without})


class Book:
    """The records of one scope, within one transaction."""

    def __init__(self, connection: Connection, scope: Scope, clock: Clock) -> None:
        self._connection = connection
        self.scope = scope
        self.now = clock()
        columns = records.c
        self._mine = (columns.account == scope.account) & (columns.region == scope.region)

    def find(self, kind: str, identifier: str) -> Record | None:
        row = self._connection.execute(records.select().where(self._this(kind, identifier))).first()
        return None if row is None else _as_record(row)

    def get(self, kind: str, identifier: str) -> Record:
        """Raises RecordMissing."""
        found = self.find(kind, identifier)
        if found is None:
            raise RecordMissing(kind, identifier)
        return found

    def all(self, kind: str, where: Callable[[Record], bool] | None = None) -> list[Record]:
        """Those of a kind, in the order of their ids."""
        query = records.select().where(self._mine, records.c.kind == kind).order_by(records.c.id)
        found = [_as_record(row) for row in self._connection.execute(query)]
        return found if where is None else [record for record in found if where(record)]

    def page(self, kind: str, after: str | None, limit: int, prefix: str = "") -> Page[Record]:
        """A page of those of a kind whose ids begin so."""
        query = records.select().where(self._mine, records.c.kind == kind)
        if prefix:
            query = query.where(records.c.id >= prefix, records.c.id < f"{prefix}\U0010ffff")
        found = page(self._connection, query, records.c.id, after, limit)
        return Page([_as_record(row) for row in found.items], found.next)

    def add(
        self,
        kind: str,
        identifier: str,
        attributes: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
        hidden: Mapping[str, Any] | None = None,
    ) -> Record:
        """Write a new record; attributes that are None are left out."""
        kept = {name: value for name, value in attributes.items() if value is not None}
        record = Record(kind, identifier, self.now, kept, dict(hidden or {}), dict(tags or {}))
        self._connection.execute(records.insert().values(**self._row(record)))
        return record

    def put(self, record: Record) -> Record:
        self._connection.execute(records.update().where(self._this(record.kind, record.id)).values(**self._row(record)))
        return record

    def drop(self, record: Record) -> None:
        self._connection.execute(records.delete().where(self._this(record.kind, record.id)))

    def _row(self, record: Record) -> dict[str, Any]:
        return {
            "account": self.scope.account,
            "region": self.scope.region,
            "kind": record.kind,
            "id": record.id,
            "created": record.created,
            "attributes": dict(record.attributes),
            "hidden": dict(record.hidden),
            "tags": dict(record.tags),
        }

    def _this(self, kind: str, identifier: str) -> Any:
        return self._mine & (records.c.kind == kind) & (records.c.id == identifier)


class Records:
    """The records of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    @contextmanager
    def writing(self, scope: Scope) -> Iterator[Book]:
        with self._state.transaction() as tx:
            yield Book(tx, scope, self._clock)

    @contextmanager
    def reading(self, scope: Scope) -> Iterator[Book]:
        with self._state.reading() as connection:
            yield Book(connection, scope, self._clock)


def new_id(prefix: str) -> str:
    """An id as EC2 makes them: a prefix and 17 hexadecimal digits."""
    return f"{prefix}-{secrets.token_hex(9)[:17]}"


def matches(found: Sequence[Any], patterns: Sequence[str]) -> bool:
    """Whether one of the values found is one of those asked for, which may hold `*` and `?`."""
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in found if value is not None]
    return any(fnmatchcase(text, pattern.replace("[", "[[]")) for text in texts for pattern in patterns)


def _as_record(row: Any) -> Record:
    return Record(row.kind, row.id, row.created, row.attributes, row.hidden, row.tags)
