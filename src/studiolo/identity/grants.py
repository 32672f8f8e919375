"""What an identity is given: its policies, compiled, and the one that bounds them; read once for every change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Connection, select

from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.policies import Policies, Policy
from studiolo.identity.principals import Principal
from studiolo.identity.records import Records
from studiolo.identity.tables import attachments, inline_policies, roles

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
        return self._cached(principal.role_arn, principal.user_name, self._records.revision)

    def _read(self, role_arn: str | None, user_name: str | None, _revision: int) -> Grants:
        with self._records.reading() as connection:
            if role_arn is not None:
                attached = self._of_role(connection, role_arn.rpartition("/")[2])
            else:
                attached = self._of_user(connection, user_name)
        documents = {name: document for document, name in attached.documents}
        boundary = bounding = None
        if attached.boundary is not None:
            boundary = Policies([self._compiled(*attached.boundary)])
            bounding = {attached.boundary[1]: attached.boundary[0]}
        policies = Policies(self._compiled(*named) for named in attached.documents)
        return Grants(policies, boundary, attached.tags, documents, bounding)

    def _of_role(self, connection: Connection, name: str) -> Attached:
        account = self._records.account
        own = select(inline_policies.c.document, inline_policies.c.name).where(
            inline_policies.c.account == account, inline_policies.c.role == name
        )
        attached = select(attachments.c.policy).where(attachments.c.account == account, attachments.c.role == name)
        documents = [(row.document, f"role_{name}_{row.name}") for row in connection.execute(own)]
        documents += [self._managed_policy(connection, arn) for arn in connection.execute(attached).scalars().all()]
        role = select(roles.c.boundary, roles.c.tags).where(roles.c.account == account, roles.c.name == name)
        row = connection.execute(role).first()
        boundary = self._managed_policy(connection, row.boundary) if row is not None and row.boundary else None
        return Attached(tuple(documents), boundary, row.tags if row is not None else {})

    def _of_user(self, _connection: Connection, _name: str | None) -> Attached:
        """Nothing: there are no users yet but root, who needs no policy."""
        return Attached(())

    def _managed_policy(self, connection: Connection, arn: str) -> Named:
        return self._managed.document(connection, arn), arn
