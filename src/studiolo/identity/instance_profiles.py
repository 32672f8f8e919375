"""Instance profiles: the name under which a role is given to machines of EC2 and EMR."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from studiolo.domain import Conflict, LimitExceeded, NotFound, Page
from studiolo.identity.entities import Entities
from studiolo.identity.records import Records
from studiolo.identity.roles import Role, Roles
from studiolo.identity.tables import instance_profiles
from studiolo.identity.tags import tags_of


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """An instance profile with its role, one at most."""

    name: str
    path: str
    id: str
    arn: str
    role: Role | None
    tags: Mapping[str, str]
    created: datetime


class InstanceProfiles(Entities):
    """The instance profiles of one account. Names are unique whatever their case."""

    table = instance_profiles
    prefix = "AIPA"
    missing = "Instance Profile {} cannot be found."
    exists = "Instance Profile {} already exists."

    def __init__(self, records: Records, roles: Roles) -> None:
        super().__init__(records)
        self._roles = roles

    def create(self, name: str, path: str = "/", tags: Iterable[tuple[str, str]] = ()) -> InstanceProfile:
        """Add a profile that has no role yet. Raises AlreadyExists, Invalid."""
        kept = tags_of(tags)
        with self._records.changing() as tx:
            return self._profile(self._add(tx, name, path, tags=kept), None)

    def get(self, name: str) -> InstanceProfile:
        """The profile of that name. Raises NotFound."""
        with self._records.reading() as connection:
            row = self._row(connection, name)
        return self._with_roles([row])[0]

    def list(self, path_prefix: str = "/", after: str | None = None, limit: int = 100) -> Page[InstanceProfile]:
        """Profiles whose path begins so, by name."""
        rows = self._list(path_prefix, after, limit)
        return Page(self._with_roles(rows.items), rows.next)

    def of_role(self, role: str, after: str | None = None, limit: int = 100) -> Page[InstanceProfile]:
        """The profiles that the role is in. Raises NotFound for no such role."""
        rows = self._list("/", after, limit, instance_profiles.c.role == self._roles.get(role).id)
        return Page(self._with_roles(rows.items), rows.next)

    def add_role(self, name: str, role: str) -> None:
        """Put the role into the profile. Raises NotFound, LimitExceeded where there is one, Unmodifiable."""
        with self._records.changing() as tx:
            if self._row(tx, name).role is not None:
                raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
            self._roles.modifiable(tx, role)
            self._change(tx, name, role=self._roles.get(role).id)

    def remove_role(self, name: str, role: str) -> None:
        """Take the role out of the profile. Raises NotFound where it is not in it."""
        with self._records.changing() as tx:
            if self._row(tx, name).role != self._roles.get(role).id:
                raise NotFound(f"The role with name {role} is not in the instance profile {name}.")
            self._change(tx, name, role=None)

    def delete(self, name: str) -> None:
        """Delete a profile that has no role. Raises NotFound, Conflict."""
        with self._records.changing() as tx:
            if self._row(tx, name).role is not None:
                raise Conflict("Cannot delete entity, must remove roles from instance profile first.")
            self._drop(tx, name)

    def _with_roles(self, rows: Iterable[Row[Any]]) -> Sequence[InstanceProfile]:
        rows = list(rows)
        found = {role.id: role for role in self._roles.of_ids(row.role for row in rows if row.role)}
        return [self._profile(row, found.get(row.role)) for row in rows]

    def _profile(self, row: Row[Any], role: Role | None) -> InstanceProfile:
        arn = self._records.arn(f"instance-profile{row.path}{row.name}")
        return InstanceProfile(row.name, row.path, row.id, arn, role, row.tags, row.created)
