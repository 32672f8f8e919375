"""What roles, users and groups have in common: policies of their own, and managed policies attached to them."""

from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from studiolo.domain import Conflict, LimitExceeded, NotFound, Page
from studiolo.identity.documents import check_inline_policy
from studiolo.identity.entities import Entities
from studiolo.identity.managed import ManagedPolicies, ManagedPolicyName
from studiolo.identity.records import Records
from studiolo.identity.tables import attachments, inline_policies
from studiolo.state import page


class Holders(Entities):
    """Entities that hold policies. `inline_characters` is how long all the own policies of one may be together."""

    noun: ClassVar[str]
    inline_characters: ClassVar[int]
    most_attached: ClassVar[int]

    def __init__(self, records: Records, managed: ManagedPolicies) -> None:
        super().__init__(records)
        self._managed = managed

    def put_policy(self, holder: str, name: str, document: str, *, by_service: bool = False) -> None:
        """Give it a policy of its own, or replace it. Raises NotFound, MalformedPolicy, LimitExceeded.

        by_service: the service does it that a role is linked to, and that alone may.
        """
        check_inline_policy(document)
        with self._records.changing() as tx:
            identifier = (self._row(tx, holder) if by_service else self.modifiable(tx, holder)).id
            this = self._of(inline_policies, identifier)
            tx.execute(inline_policies.delete().where(this, inline_policies.c.name == name))
            others = tx.execute(select(inline_policies.c.document).where(this)).scalars()
            # IAM counts the characters of all the own policies together, without white space.
            if sum(len("".join(text.split())) for text in [document, *others]) > self.inline_characters:
                raise LimitExceeded(
                    f"Maximum policy size of {self.inline_characters} bytes exceeded for {self.noun} {holder}"
                )
            values = {"account": self._records.account, "holder": identifier, "name": name, "document": document}
            tx.execute(inline_policies.insert().values(values))

    def policy(self, holder: str, name: str) -> str:
        """The document of its own policy of that name. Raises NotFound."""
        with self._records.reading() as connection:
            this = self._of(inline_policies, self._row(connection, holder).id)
            query = select(inline_policies.c.document).where(this, inline_policies.c.name == name)
            document: str | None = connection.execute(query).scalar()
        if document is None:
            raise NotFound(f"The {self.noun} policy with name {name} cannot be found.")
        return document

    def policies(self, holder: str, after: str | None = None, limit: int = 100) -> Page[str]:
        """The names of its own policies. Raises NotFound."""
        with self._records.reading() as connection:
            this = self._of(inline_policies, self._row(connection, holder).id)
            query = select(inline_policies.c.name).where(this)
            rows = page(connection, query, inline_policies.c.name, after, limit)
        return Page([row.name for row in rows.items], rows.next)

    def delete_policy(self, holder: str, name: str, *, by_service: bool = False) -> None:
        """Delete its own policy of that name; by_service as above. Raises NotFound."""
        with self._records.changing() as tx:
            row = self._row(tx, holder) if by_service else self.modifiable(tx, holder)
            this = self._of(inline_policies, row.id)
            if not tx.execute(inline_policies.delete().where(this, inline_policies.c.name == name)).rowcount:
                raise NotFound(f"The {self.noun} policy with name {name} cannot be found.")

    def attach(self, holder: str, policy: str) -> None:
        """Attach the managed policy of that ARN; again changes nothing. Raises NotFound, LimitExceeded."""
        with self._records.changing() as tx:
            self._attach(tx, self.modifiable(tx, holder).id, policy)

    def attached(self, holder: str) -> list[ManagedPolicyName]:
        """The managed policies attached to it, by ARN. Raises NotFound."""
        with self._records.reading() as connection:
            this = self._of(attachments, self._row(connection, holder).id)
            query = select(attachments.c.policy).where(this).order_by(attachments.c.policy)
            return [ManagedPolicyName(arn) for arn in connection.execute(query).scalars()]

    def detach(self, holder: str, policy: str) -> None:
        """Detach a managed policy. Raises NotFound."""
        with self._records.changing() as tx:
            this = self._of(attachments, self.modifiable(tx, holder).id)
            if not tx.execute(attachments.delete().where(this, attachments.c.policy == policy)).rowcount:
                raise NotFound(f"Policy {policy} was not found.")

    def modifiable(self, tx: Connection, holder: str) -> Row[Any]:
        """The row of one whose policies may be changed. Raises NotFound."""
        return self._row(tx, holder)

    def _attach(self, tx: Connection, identifier: str, policy: str) -> None:
        self._managed.require(tx, policy)
        attached = set(tx.execute(select(attachments.c.policy).where(self._of(attachments, identifier))).scalars())
        if policy in attached:
            return
        if len(attached) >= self.most_attached:
            raise LimitExceeded(f"Cannot exceed quota for PoliciesPer{self.noun.title()}: {self.most_attached}")
        values = {"account": self._records.account, "holder": identifier, "policy": policy}
        tx.execute(attachments.insert().values(values))

    def _check_boundary(self, tx: Connection, boundary: str | None) -> None:
        if boundary is not None and not self._managed.exists(tx, boundary):
            raise NotFound(f"Scope ARN: {boundary} does not exist or is not attachable.")

    def _check_holds_nothing(self, tx: Connection, identifier: str) -> None:
        if tx.execute(select(attachments).where(self._of(attachments, identifier))).first():
            raise Conflict("Cannot delete entity, must detach all policies first.")
        if tx.execute(select(inline_policies).where(self._of(inline_policies, identifier))).first():
            raise Conflict("Cannot delete entity, must delete policies first.")

    def _of(self, table: Table, identifier: str) -> ColumnElement[bool]:
        of_account: ColumnElement[bool] = table.c.account == self._records.account
        return of_account & (table.c.holder == identifier)
