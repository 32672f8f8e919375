"""What IAM's named things have in common: a name that is unique whatever its case, a path, an id, tags."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Row, Table, bindparam, func, select

from studiolo.domain import AlreadyExists, Invalid, NotFound, Page
from studiolo.identity.keys import unique_id
from studiolo.identity.records import Records
from studiolo.identity.tags import with_tags, without_tags
from studiolo.state import page


class Entities:
    """The rows of one table that belong to one account. A kind of thing says how its ids begin, and its words."""

    table: ClassVar[Table]
    prefix: ClassVar[str]
    missing: ClassVar[str]
    exists: ClassVar[str]

    def __init__(self, records: Records) -> None:
        self._records = records
        # Built once: building it takes longer than the rest of reading a row.
        columns = self.table.c
        self._by_name = self.table.select().where(
            columns.account == bindparam("account"), columns.name == bindparam("name")
        )

    def tags(self, name: str) -> dict[str, str]:
        """The tags of the thing of that name. Raises NotFound."""
        with self._records.reading() as connection:
            return dict(self._row(connection, name).tags)

    def tag(self, name: str, tags: Iterable[tuple[str, str]]) -> None:
        """Add tags, or replace their values. Raises NotFound, Invalid, LimitExceeded over 50."""
        with self._records.changing() as tx:
            self._change(tx, name, tags=with_tags(self._row(tx, name).tags, tags))

    def untag(self, name: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        with self._records.changing() as tx:
            self._change(tx, name, tags=without_tags(self._row(tx, name).tags, keys))

    def count(self) -> int:
        """How many there are."""
        with self._records.reading() as connection:
            return int(
                connection.execute(select(func.count()).select_from(self.table).where(self._mine())).scalar_one()
            )

    def _row(self, connection: Connection, name: str) -> Row[Any]:
        row = connection.execute(self._by_name, {"account": self._records.account, "name": name}).first()
        if row is None:
            raise NotFound(self.missing.format(name))
        return row

    def _rows_of(self, connection: Connection, ids: Iterable[str]) -> list[Row[Any]]:
        """The rows of those ids that are here, by name."""
        query = self.table.select().where(self._mine(), self.table.c.id.in_(list(ids)))
        return list(connection.execute(query.order_by(self.table.c.name)).all())

    def _add(self, tx: Connection, name: str, path: str, **columns: Any) -> Row[Any]:
        check_path(path)
        self._check_free(tx, name)
        values = {
            "account": self._records.account,
            "name": name,
            "path": path,
            "id": unique_id(self.prefix),
            "created": self._records.clock(),
        }
        tx.execute(self.table.insert().values({**values, **columns}))
        return self._row(tx, name)

    def _rename(self, tx: Connection, name: str, new_name: str | None, new_path: str | None) -> Row[Any]:
        row = self._row(tx, name)
        path = row.path if new_path is None else new_path
        check_path(path)
        if new_name is not None and new_name.lower() != name.lower():
            self._check_free(tx, new_name)
        self._change(tx, name, name=new_name or name, path=path)
        return self._row(tx, new_name or name)

    def _change(self, tx: Connection, name: str, /, **columns: Any) -> None:
        tx.execute(self.table.update().where(self._mine(), self.table.c.name == name).values(columns))

    def _drop(self, tx: Connection, name: str) -> None:
        tx.execute(self.table.delete().where(self._mine(), self.table.c.name == name))

    def _list(
        self, path_prefix: str, after: str | None, limit: int, *conditions: ColumnElement[bool]
    ) -> Page[Row[Any]]:
        query = self.table.select().where(
            self._mine(), self.table.c.path.startswith(path_prefix, autoescape=True), *conditions
        )
        with self._records.reading() as connection:
            return page(connection, query, self.table.c.name, after, limit)

    def _check_free(self, tx: Connection, name: str) -> None:
        same = func.lower(self.table.c.name) == name.lower()
        if tx.execute(select(self.table.c.name).where(self._mine(), same)).first():
            raise AlreadyExists(self.exists.format(name))

    def _mine(self) -> ColumnElement[bool]:
        return self.table.c.account == self._records.account


def check_path(path: str) -> None:
    """Raise Invalid unless it begins and ends with a slash."""
    if not re.fullmatch(r"/|/[\x21-\x7e]*/", path):
        raise Invalid(f"The path {path!r} must begin and end with a slash.")
