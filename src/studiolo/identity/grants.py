"""What an identity is given: its policies, compiled, and the one that bounds them; read once for every change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Connection, select

from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.policies import Policies, Policy
from studiolo.identity.principals import Kind, Principal
from studiolo.identity.records import Records
from studiolo.identity.tables import attachments, groups, inline_policies, memberships, roles, users

EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'

Named = tuple[str, str]
"""A policy's document, and the name by which a decision tells of it: an ARN, or of an inline policy `role_X_name`."""


@dataclass(frozen=True)
class Attached:
    """An identity's policies as documents. tags: of the role or user."""

    documents: tuple[Named, ...]
    boundary: Named | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grants:
    """The same, ready to be asked."""

    identity: Policies
    boundary: Policies | None
    tags: Mapping[str, str]
    documents: Mapping[str, str]
    """Of the identity's policies, by name."""
    bounding: Mapping[str, str] | None
    """Of the boundary."""


class Granting:
    """Finds what the roles and users of one account are given."""

    def __init__(self, records: Records, managed: ManagedPolicies, compiled: Callable[[str, str], Policy]) -> None:
        self._records = records
        self._managed = managed
        self._compiled = compiled
        self._cached = lru_cache(maxsize=1024)(self._read)

    def of(self, principal: Principal) -> Grants:
        """What the principal is given: the role of a session, or a user with its groups."""
        if principal.holder is None and principal.kind in (Kind.FEDERATED, Kind.ROOT):
            # The root user's own account forbids it nothing; whom it vouches for is narrowed by the session's policies.
            return Grants(Policies([self._compiled(EVERYTHING, "root")]), None, {}, {}, None)
        return self._cached(principal.holder, self._records.revision)

    def _read(self, holder: str | None, _revision: int) -> Grants:
        attached = Attached(())
        if holder is not None:
            with self._records.reading() as connection:
                attached = self._of_holder(connection, holder)
        documents = {name: document for document, name in attached.documents}
        boundary = bounding = None
        if attached.boundary is not None:
            boundary = Policies([self._compiled(*attached.boundary)])
            bounding = {attached.boundary[1]: attached.boundary[0]}
        policies = Policies(self._compiled(*named) for named in attached.documents)
        return Grants(policies, boundary, attached.tags, documents, bounding)

    def _of_holder(self, connection: Connection, holder: str) -> Attached:
        """What the user or role of that id is given, by itself and by the groups that it is in."""
        kind, table = ("user", users) if holder.startswith("AIDA") else ("role", roles)
        row = connection.execute(select(table).where(table.c.id == holder)).first()
        if row is None:
            return Attached(())
        named = {holder: f"{kind}_{row.name}"}
        in_groups = select(groups.c.id, groups.c.name).join(memberships, memberships.c.group == groups.c.id)
        if table is users:
            for group in connection.execute(in_groups.where(memberships.c.user == holder)):
                named[group.id] = f"group_{group.name}"
        of_account = self._records.account
        own = select(inline_policies).where(
            inline_policies.c.account == of_account, inline_policies.c.holder.in_(named)
        )
        attached = select(attachments.c.policy).where(
            attachments.c.account == of_account, attachments.c.holder.in_(named)
        )
        documents = [(each.document, f"{named[each.holder]}_{each.name}") for each in connection.execute(own)]
        arns = dict.fromkeys(connection.execute(attached).scalars().all())
        documents += [self._managed_policy(connection, arn) for arn in arns]
        boundary = self._managed_policy(connection, row.boundary) if row.boundary else None
        return Attached(tuple(documents), boundary, row.tags)

    def _managed_policy(self, connection: Connection, arn: str) -> Named:
        return self._managed.document(connection, arn), arn
