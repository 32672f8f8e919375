"""Roles of IAM: what they are, who may take them, and the policies they are given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from studiolo.domain import Conflict, Invalid, LimitExceeded, NotFound, Page
from studiolo.identity.documents import check_trust_policy
from studiolo.identity.holders import Holders
from studiolo.identity.tables import attachments, instance_profiles, roles, temporary_keys, uses
from studiolo.identity.tags import tags_of

SHORTEST_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
TRUST_CHARACTERS = 2048
SERVICE_PATH = "/aws-service-role/"


class Unmodifiable(Conflict):
    """The thing belongs to a service of AWS's."""


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What can be chosen of a role: `boundary` is the ARN of a managed policy that its rights cannot go beyond."""

    description: str = ""
    max_session: timedelta = SHORTEST_SESSION
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Role:
    """A role; `trust` is the JSON document of who may take it."""

    name: str
    path: str
    id: str
    arn: str
    trust: str
    settings: RoleSettings
    created: datetime

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.arn.split(":")[4]


class Roles(Holders):
    """The roles of one account. Names are unique whatever their case."""

    table = roles
    prefix = "AROA"
    noun = "role"
    missing = "The role with name {} cannot be found."
    exists = "Role with name {} already exists."
    inline_characters = 10240
    most_attached = 20

    def create(self, name: str, trust: str, path: str = "/", settings: RoleSettings = RoleSettings()) -> Role:
        """Add a role. Raises AlreadyExists, Invalid (MalformedPolicy for the trust), NotFound for the boundary."""
        self._check_trust(trust)
        _check_session(settings)
        with self._records.changing() as tx:
            self._check_boundary(tx, settings.boundary)
            return _role(self._add(tx, name, path, trust=trust, **_columns(settings)))

    def get(self, name: str) -> Role:
        """The role of that name. Raises NotFound."""
        with self._records.reading() as connection:
            return _role(self._row(connection, name))

    def list(self, path_prefix: str = "/", after: str | None = None, limit: int = 100) -> Page[Role]:
        """Roles whose path begins so, by name."""
        rows = self._list(path_prefix, after, limit)
        return Page([_role(row) for row in rows.items], rows.next)

    def of_ids(self, ids: Iterable[str]) -> Sequence[Role]:
        """Those roles of these ids that there are."""
        with self._records.reading() as connection:
            return [_role(row) for row in self._rows_of(connection, ids)]

    def update(self, name: str, settings: RoleSettings) -> Role:
        """Replace the role's settings. Raises NotFound, Invalid, Unmodifiable."""
        _check_session(settings)
        with self._records.changing() as tx:
            self._check_boundary(tx, settings.boundary)
            if settings.boundary != self._row(tx, name).boundary:
                self.check_modifiable(tx, name)
            self._change(tx, name, **_columns(settings))
            return _role(self._row(tx, name))

    def update_trust(self, name: str, trust: str) -> None:
        """Say anew who may take the role. Raises NotFound, MalformedPolicy, Unmodifiable."""
        self._check_trust(trust)
        with self._records.changing() as tx:
            self.check_modifiable(tx, name)
            self._change(tx, name, trust=trust)

    def delete(self, name: str) -> None:
        """Delete a role that has no policies left; keys of its sessions end. Raises NotFound, Conflict, Unmodifiable."""
        with self._records.changing() as tx:
            self.check_modifiable(tx, name)
            identifier = self._row(tx, name).id
            if tx.execute(select(instance_profiles).where(instance_profiles.c.role == identifier)).first():
                raise Conflict("Cannot delete entity, must remove roles from instance profile first.")
            self._check_holds_nothing(tx, identifier)
            self._remove(tx, name, identifier)

    def delete_service_role(self, name: str) -> None:
        """Delete the role that a service has made for itself, and what it holds. Raises NotFound."""
        with self._records.changing() as tx:
            row = self._row(tx, name)
            if not row.path.startswith(SERVICE_PATH):
                raise NotFound(f"The role with name {name} is not linked to a service.")
            tx.execute(attachments.delete().where(self._of(attachments, row.id)))
            self._remove(tx, name, row.id)

    def check_modifiable(self, tx: Connection, name: str) -> None:
        """Raise Unmodifiable for a role that is linked to a service, NotFound for none."""
        if self._row(tx, name).path.startswith(SERVICE_PATH):
            raise Unmodifiable(
                f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            )

    def _remove(self, tx: Connection, name: str, identifier: str) -> None:
        tx.execute(temporary_keys.delete().where(temporary_keys.c.holder == identifier))
        tx.execute(uses.delete().where(uses.c.id == identifier))
        self._drop(tx, name)

    def _check_trust(self, trust: str) -> None:
        check_trust_policy(trust)
        if len("".join(trust.split())) > TRUST_CHARACTERS:
            raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}")


def _check_session(settings: RoleSettings) -> None:
    if not SHORTEST_SESSION <= settings.max_session <= LONGEST_SESSION:
        raise Invalid("The maximum session duration must be between 3600 and 43200 seconds.")
    tags_of(settings.tags.items())


def _columns(settings: RoleSettings) -> dict[str, Any]:
    return {
        "description": settings.description,
        "max_session_seconds": int(settings.max_session.total_seconds()),
        "boundary": settings.boundary,
        "tags": dict(settings.tags),
    }


def _role(row: Row[Any]) -> Role:
    settings = RoleSettings(row.description, timedelta(seconds=row.max_session_seconds), row.boundary, row.tags)
    arn = f"arn:aws:iam::{row.account}:role{row.path}{row.name}"
    return Role(row.name, row.path, row.id, arn, row.trust, settings, row.created)
