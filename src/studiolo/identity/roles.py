"""Roles of IAM: what they are, who may take them, and the policies they are given."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, bindparam, func, select

from studiolo.domain import AlreadyExists, Conflict, Invalid, LimitExceeded, NotFound, Page
from studiolo.identity.documents import check_inline_policy, check_trust_policy
from studiolo.identity.keys import unique_id
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.records import Records
from studiolo.identity.tables import attachments, inline_policies, roles, temporary_keys
from studiolo.identity.tags import with_tags, without_tags
from studiolo.state import page

SHORTEST_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
TRUST_CHARACTERS = 2048
INLINE_CHARACTERS = 10240
POLICIES_PER_ROLE = 20


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


class Roles:
    """The roles of one account. Names are unique whatever their case."""

    def __init__(self, records: Records, managed: ManagedPolicies) -> None:
        self._records = records
        self._managed = managed

    def create(self, name: str, trust: str, path: str = "/", settings: RoleSettings = RoleSettings()) -> Role:
        """Add a role. Raises AlreadyExists, Invalid (MalformedPolicy for the trust), NotFound for the boundary."""
        if not re.fullmatch(r"/|/[\x21-\x7e]*/", path):
            raise Invalid(f"The path {path!r} must begin and end with a slash.")
        self._check_trust(trust)
        self._check_settings(settings)
        with self._records.changing() as tx:
            folded = func.lower(roles.c.name) == name.lower()
            if tx.execute(select(roles.c.name).where(self._mine(roles), folded)).first():
                raise AlreadyExists(f"Role with name {name} already exists.")
            row = {
                "account": self._records.account,
                "name": name,
                "path": path,
                "id": unique_id("AROA"),
                "trust": trust,
                "created": self._records.clock(),
                **_columns(settings),
            }
            tx.execute(roles.insert().values(row))
            return self._get(tx, name)

    def get(self, name: str) -> Role:
        """The role of that name. Raises NotFound."""
        with self._records.reading() as connection:
            return self._get(connection, name)

    def list(self, path_prefix: str = "/", after: str | None = None, limit: int = 100) -> Page[Role]:
        """Roles whose path begins so, by name."""
        query = roles.select().where(self._mine(roles), roles.c.path.startswith(path_prefix, autoescape=True))
        with self._records.reading() as connection:
            rows = page(connection, query, roles.c.name, after, limit)
        return Page([_role(row) for row in rows.items], rows.next)

    def update(self, name: str, settings: RoleSettings) -> Role:
        """Replace the role's settings. Raises NotFound, Invalid."""
        self._check_settings(settings)
        with self._records.changing() as tx:
            self._get(tx, name)
            tx.execute(roles.update().where(self._named(name)).values(_columns(settings)))
            return self._get(tx, name)

    def update_trust(self, name: str, trust: str) -> None:
        """Say anew who may take the role. Raises NotFound, MalformedPolicy."""
        self._check_trust(trust)
        with self._records.changing() as tx:
            self._get(tx, name)
            tx.execute(roles.update().where(self._named(name)).values(trust=trust))

    def delete(self, name: str) -> None:
        """Delete a role that has no policies left; keys of its sessions end. Raises NotFound, Conflict."""
        with self._records.changing() as tx:
            self._get(tx, name)
            if tx.execute(select(attachments).where(self._of(attachments, name))).first():
                raise Conflict("Cannot delete entity, must detach all policies first.")
            if tx.execute(select(inline_policies).where(self._of(inline_policies, name))).first():
                raise Conflict("Cannot delete entity, must delete policies first.")
            tx.execute(temporary_keys.delete().where(self._of(temporary_keys, name)))
            tx.execute(roles.delete().where(self._named(name)))

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace their values. Raises NotFound, LimitExceeded over 50."""
        with self._records.changing() as tx:
            kept = with_tags(self._get(tx, name).settings.tags, tags)
            tx.execute(roles.update().where(self._named(name)).values(tags=kept))

    def untag(self, name: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        with self._records.changing() as tx:
            kept = without_tags(self._get(tx, name).settings.tags, keys)
            tx.execute(roles.update().where(self._named(name)).values(tags=kept))

    def put_policy(self, role: str, name: str, document: str) -> None:
        """Give the role a policy of its own, or replace it. Raises NotFound, MalformedPolicy, LimitExceeded."""
        check_inline_policy(document)
        this = self._of(inline_policies, role)
        with self._records.changing() as tx:
            self._get(tx, role)
            tx.execute(inline_policies.delete().where(this, inline_policies.c.name == name))
            others = tx.execute(select(inline_policies.c.document).where(this)).scalars()
            # IAM counts the characters of all the role's own policies together, without white space.
            if sum(len("".join(text.split())) for text in [document, *others]) > INLINE_CHARACTERS:
                raise LimitExceeded(f"Maximum policy size of {INLINE_CHARACTERS} bytes exceeded for role {role}")
            values = {"account": self._records.account, "role": role, "name": name, "document": document}
            tx.execute(inline_policies.insert().values(values))

    def policy(self, role: str, name: str) -> str:
        """The document of the role's own policy of that name. Raises NotFound."""
        query = select(inline_policies.c.document).where(
            self._of(inline_policies, role), inline_policies.c.name == name
        )
        with self._records.reading() as connection:
            self._get(connection, role)
            document: str | None = connection.execute(query).scalar()
        if document is None:
            raise NotFound(f"The role policy with name {name} cannot be found.")
        return document

    def policies(self, role: str, after: str | None = None, limit: int = 100) -> Page[str]:
        """The names of the role's own policies. Raises NotFound."""
        return self._column(role, inline_policies, inline_policies.c.name, after, limit)

    def delete_policy(self, role: str, name: str) -> None:
        """Delete the role's own policy of that name. Raises NotFound."""
        this = self._of(inline_policies, role)
        with self._records.changing() as tx:
            self._get(tx, role)
            if not tx.execute(inline_policies.delete().where(this, inline_policies.c.name == name)).rowcount:
                raise NotFound(f"The role policy with name {name} cannot be found.")

    def attach(self, role: str, policy: str) -> None:
        """Attach the managed policy of that ARN; again changes nothing. Raises NotFound, LimitExceeded."""
        with self._records.changing() as tx:
            self._get(tx, role)
            self._managed.require(tx, policy)
            attached = set(tx.execute(select(attachments.c.policy).where(self._of(attachments, role))).scalars())
            if policy in attached:
                return
            if len(attached) >= POLICIES_PER_ROLE:
                raise LimitExceeded(f"Cannot exceed quota for PoliciesPerRole: {POLICIES_PER_ROLE}")
            tx.execute(attachments.insert().values(account=self._records.account, role=role, policy=policy))

    def attached(self, role: str, after: str | None = None, limit: int = 100) -> Page[str]:
        """The ARNs of the managed policies attached to the role. Raises NotFound."""
        return self._column(role, attachments, attachments.c.policy, after, limit)

    def detach(self, role: str, policy: str) -> None:
        """Detach a managed policy. Raises NotFound."""
        this = self._of(attachments, role)
        with self._records.changing() as tx:
            self._get(tx, role)
            if not tx.execute(attachments.delete().where(this, attachments.c.policy == policy)).rowcount:
                raise NotFound(f"Policy {policy} was not found.")

    def _column(self, role: str, table: Table, column: ColumnElement[str], after: str | None, limit: int) -> Page[str]:
        query: Select[Any] = select(column.label("value")).where(self._of(table, role))
        with self._records.reading() as connection:
            self._get(connection, role)
            rows = page(connection, query, column, after, limit)
        return Page([row.value for row in rows.items], rows.next)

    def _get(self, connection: Connection, name: str) -> Role:
        row = connection.execute(_ROLE, {"account": self._records.account, "name": name}).first()
        if row is None:
            raise NotFound(f"The role with name {name} cannot be found.")
        return _role(row)

    def _mine(self, table: Table) -> ColumnElement[bool]:
        return table.c.account == self._records.account

    def _named(self, name: str) -> ColumnElement[bool]:
        return self._mine(roles) & (roles.c.name == name)

    def _of(self, table: Table, role: str) -> ColumnElement[bool]:
        return self._mine(table) & (table.c.role == role)

    def _check_trust(self, trust: str) -> None:
        check_trust_policy(trust)
        if len("".join(trust.split())) > TRUST_CHARACTERS:
            raise LimitExceeded(f"Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}")

    def _check_settings(self, settings: RoleSettings) -> None:
        if not SHORTEST_SESSION <= settings.max_session <= LONGEST_SESSION:
            raise Invalid("The maximum session duration must be between 3600 and 43200 seconds.")
        with_tags({}, settings.tags)
        if settings.boundary is not None:
            with self._records.reading() as connection:
                self._managed.require(connection, settings.boundary)


# Built once: building it takes longer than the rest of reading a role.
_ROLE = roles.select().where(roles.c.account == bindparam("account"), roles.c.name == bindparam("name"))


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
