"""Who calls, and may they."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from studiolo.domain import Clock, NotFound
from studiolo.identity.keys import AccessKey, new_temporary_key
from studiolo.identity.records import Records
from studiolo.identity.roles import Role, Roles
from studiolo.identity.tables import roles, temporary_keys
from studiolo.state import State


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signs a request: the root user (`role_arn` None) or a session of a role, with what narrows it."""

    account: str
    arn: str
    user_id: str
    role_arn: str | None
    session_policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


class Identity:
    """The access keys, roles and policies of one account."""

    def __init__(self, state: State, root: AccessKey, account: str, clock: Clock) -> None:
        self._records = Records(state, account, clock)
        self._root = root
        self.account = account
        self.roles = Roles(self._records)

    @property
    def root(self) -> Principal:
        """The root user of the account."""
        return Principal(self.account, f"arn:aws:iam::{self.account}:root", self.account, None)

    def find_key(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id and whose it is; None for one that never was, has expired, or whose role is gone."""
        if access_key_id == self._root.id:
            return self._root, self.root
        query = (
            temporary_keys.select()
            .outerjoin(
                roles, (roles.c.account == temporary_keys.c.account) & (roles.c.name == temporary_keys.c.role)
            )
            .add_columns(roles.c.id.label("role_id"), roles.c.path)
            .where(temporary_keys.c.account == self.account, temporary_keys.c.id == access_key_id)
        )
        with self._records.reading() as connection:
            row = connection.execute(query).first()
        if row is None or row.expires <= self._records.clock():
            return None
        key = AccessKey(row.id, row.secret, row.token, row.expires)
        if row.role is None:
            return key, self.root
        return key, Principal(
            self.account,
            f"arn:aws:sts::{self.account}:assumed-role/{row.role}/{row.session}",
            f"{row.role_id}:{row.session}",
            f"arn:aws:iam::{self.account}:role{row.path}{row.role}",
            tuple(row.policies),
            tuple(row.tags.items()),
        )

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Raise Denied, in IAM's words, unless the principal may do `action` (e.g. `glue:CreateSession`)."""

    def pass_role(self, principal: Principal, role_arn: str, service: str) -> Role:
        """The role, if the principal may hand it to `service` (e.g. `sagemaker.amazonaws.com`) and that may take it.

        Raises NotFound for no such role, Denied where the caller may not, Invalid where the role does not trust.
        """
        return self.roles.get(role_arn.rpartition("/")[2])

    def role_key(self, role_arn: str, session_name: str, lifetime: timedelta) -> AccessKey:
        """A temporary key of the role for something that Studiolo runs for it. Raises NotFound."""
        role = self.roles.get(role_arn.rpartition("/")[2])
        if role.arn != role_arn:
            raise NotFound(f"The role {role_arn} cannot be found.")
        key = new_temporary_key(self._records.clock() + lifetime)
        with self._records.changing() as tx:
            tx.execute(
                temporary_keys.insert().values(
                    account=self.account,
                    id=key.id,
                    secret=key.secret,
                    token=key.session_token,
                    role=role.name,
                    session=session_name,
                    policies=[],
                    tags={},
                    expires=key.expires,
                )
            )
        return key
