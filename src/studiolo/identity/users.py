"""Users of IAM: people and programs with keys that last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from studiolo.domain import Conflict, Page
from studiolo.identity.holders import Holders
from studiolo.identity.records import Records
from studiolo.identity.tables import access_keys, memberships, mfa_devices, temporary_keys, users
from studiolo.identity.tags import tags_of


@dataclass(frozen=True, slots=True)
class User:
    """A user; `boundary` is the ARN of a managed policy that its rights cannot go beyond."""

    name: str
    path: str
    id: str
    arn: str
    boundary: str | None
    tags: Mapping[str, str]
    created: datetime


class Users(Holders):
    """The users of one account. Names are unique whatever their case."""

    table = users
    prefix = "AIDA"
    noun = "user"
    missing = "The user with name {} cannot be found."
    exists = "User with name {} already exists."
    inline_characters = 2048
    most_attached = 20

    def create(
        self, name: str, path: str = "/", boundary: str | None = None, tags: Iterable[tuple[str, str]] = ()
    ) -> User:
        """Add a user. Raises AlreadyExists, Invalid, NotFound for the boundary."""
        kept = tags_of(tags)
        with self._records.changing() as tx:
            self._check_boundary(tx, boundary)
            return user_of(self._add(tx, name, path, boundary=boundary, tags=kept, password_reset=False), self._records)

    def get(self, name: str) -> User:
        """The user of that name. Raises NotFound."""
        with self._records.reading() as connection:
            return user_of(self._row(connection, name), self._records)

    def list(self, path_prefix: str = "/", after: str | None = None, limit: int = 100) -> Page[User]:
        """Users whose path begins so, by name."""
        rows = self._list(path_prefix, after, limit)
        return Page([user_of(row, self._records) for row in rows.items], rows.next)

    def of_ids(self, ids: Iterable[str]) -> Sequence[User]:
        """Those users of these ids that there are."""
        with self._records.reading() as connection:
            return [user_of(row, self._records) for row in self._rows_of(connection, ids)]

    def rename(self, name: str, new_name: str | None, new_path: str | None) -> None:
        """Give the user another name or path. Raises NotFound, AlreadyExists, Invalid."""
        with self._records.changing() as tx:
            self._rename(tx, name, new_name, new_path)

    def set_boundary(self, name: str, boundary: str | None) -> None:
        """Bound the user's rights, or no longer. Raises NotFound."""
        with self._records.changing() as tx:
            self._row(tx, name)
            self._check_boundary(tx, boundary)
            self._change(tx, name, boundary=boundary)

    def delete(self, name: str) -> None:
        """Delete a user that has nothing left; its temporary keys end. Raises NotFound, Conflict."""
        with self._records.changing() as tx:
            row = self._row(tx, name)
            for table, words in (
                (memberships, "remove users from group"),
                (access_keys, "delete access keys"),
                (mfa_devices, "delete MFA device"),
            ):
                if tx.execute(select(table).where(table.c.user == row.id)).first():
                    raise Conflict(f"Cannot delete entity, must {words} first.")
            if row.password is not None:
                raise Conflict("Cannot delete entity, must delete login profile first.")
            self._check_holds_nothing(tx, row.id)
            tx.execute(temporary_keys.delete().where(temporary_keys.c.holder == row.id))
            self._drop(tx, name)


def user_of(row: Row[Any], records: Records) -> User:
    """The user of a row of the table."""
    return User(row.name, row.path, row.id, user_arn(row, records), row.boundary, row.tags, row.created)


def user_arn(row: Row[Any], records: Records) -> str:
    """The ARN of the user of a row that has its path and name."""
    return records.arn(f"user{row.path}{row.name}")
