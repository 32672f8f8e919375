"""Groups of IAM: their users have the rights of their policies too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from studiolo.domain import Conflict, LimitExceeded, NotFound, Page
from studiolo.identity.holders import Holders
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.records import Records
from studiolo.identity.tables import groups, memberships, users
from studiolo.identity.users import User, Users, user_of
from studiolo.state import page

GROUPS_PER_USER = 10


@dataclass(frozen=True, slots=True)
class Group:
    """A group."""

    name: str
    path: str
    id: str
    arn: str
    created: datetime


class Groups(Holders):
    """The groups of one account. Names are unique whatever their case."""

    table = groups
    prefix = "AGPA"
    noun = "group"
    missing = "The group with name {} cannot be found."
    exists = "Group with name {} already exists."
    inline_characters = 5120
    most_attached = 10

    def __init__(self, records: Records, managed: ManagedPolicies, members: Users) -> None:
        super().__init__(records, managed)
        self._users = members

    def create(self, name: str, path: str = "/") -> Group:
        """Add a group. Raises AlreadyExists, Invalid."""
        with self._records.changing() as tx:
            return self._group(self._add(tx, name, path))

    def get(self, name: str) -> Group:
        """The group of that name. Raises NotFound."""
        with self._records.reading() as connection:
            return self._group(self._row(connection, name))

    def list(self, path_prefix: str = "/", after: str | None = None, limit: int = 100) -> Page[Group]:
        """Groups whose path begins so, by name."""
        rows = self._list(path_prefix, after, limit)
        return Page([self._group(row) for row in rows.items], rows.next)

    def of_ids(self, ids: Iterable[str]) -> Sequence[Group]:
        """Those groups of these ids that there are."""
        with self._records.reading() as connection:
            return [self._group(row) for row in self._rows_of(connection, ids)]

    def rename(self, name: str, new_name: str | None, new_path: str | None) -> None:
        """Give the group another name or path. Raises NotFound, AlreadyExists, Invalid."""
        with self._records.changing() as tx:
            self._rename(tx, name, new_name, new_path)

    def delete(self, name: str) -> None:
        """Delete a group that has no users and no policies left. Raises NotFound, Conflict."""
        with self._records.changing() as tx:
            identifier = self._row(tx, name).id
            if tx.execute(select(memberships).where(memberships.c.group == identifier)).first():
                raise Conflict("Cannot delete entity, must remove users from group first.")
            self._check_holds_nothing(tx, identifier)
            self._drop(tx, name)

    def add_user(self, name: str, user: str) -> None:
        """Make a user one of the group; again changes nothing. Raises NotFound, LimitExceeded."""
        with self._records.changing() as tx:
            group, member = self._row(tx, name).id, self._users.get(user).id
            of_user = memberships.c.user == member
            if tx.execute(select(memberships).where(of_user, memberships.c.group == group)).first():
                return
            count = select(func.count()).select_from(memberships).where(of_user)
            if tx.execute(count).scalar_one() >= GROUPS_PER_USER:
                raise LimitExceeded(f"Cannot exceed quota for GroupsPerUser: {GROUPS_PER_USER}")
            tx.execute(memberships.insert().values(account=self._records.account, user=member, group=group))

    def remove_user(self, name: str, user: str) -> None:
        """Make a user none of the group any more. Raises NotFound."""
        with self._records.changing() as tx:
            group, member = self._row(tx, name).id, self._users.get(user).id
            this = (memberships.c.user == member) & (memberships.c.group == group)
            if not tx.execute(memberships.delete().where(this)).rowcount:
                raise NotFound(f"The user with name {user} is not in the group {name}.")

    def users(self, name: str, after: str | None = None, limit: int = 100) -> Page[User]:
        """The users of the group, by name. Raises NotFound."""
        with self._records.reading() as connection:
            group = self._row(connection, name).id
            query = users.select().join(memberships, memberships.c.user == users.c.id)
            rows = page(connection, query.where(memberships.c.group == group), users.c.name, after, limit)
        return Page([user_of(row, self._records) for row in rows.items], rows.next)

    def of_user(self, user: str, after: str | None = None, limit: int = 100) -> Page[Group]:
        """The groups that the user is in, by name. Raises NotFound."""
        member = self._users.get(user).id
        query = groups.select().join(memberships, memberships.c.group == groups.c.id)
        with self._records.reading() as connection:
            rows = page(connection, query.where(memberships.c.user == member), groups.c.name, after, limit)
        return Page([self._group(row) for row in rows.items], rows.next)

    def _group(self, row: Row[Any]) -> Group:
        return Group(row.name, row.path, row.id, self._records.arn(f"group{row.path}{row.name}"), row.created)
