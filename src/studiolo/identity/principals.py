"""Who signs a request, and the names that policies know them by."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from studiolo.domain import Invalid
from studiolo.identity.policies import PrincipalName

_ROLE_ARN = re.compile(r"^arn:aws[\w-]*:iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})$")


@dataclass(frozen=True, slots=True)
class Principal:
    """The root user of an account (`role_arn` None), or a session of a role.

    `session_policies` are JSON documents: the session may do only what they allow too.
    """

    account: str
    arn: str
    user_id: str
    role_arn: str | None
    session_policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def own_names(self) -> frozenset[PrincipalName]:
        """The names that mean this principal: its session's, its role's."""
        return frozenset(("AWS", name) for name in (self.arn, self.role_arn) if name is not None)

    @property
    def account_names(self) -> frozenset[PrincipalName]:
        """The names that mean everyone of the account whose own policies agree."""
        return frozenset({("AWS", f"arn:aws:iam::{self.account}:root")})


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What is asked of AssumeRole: `policies` are JSON documents, `policy_arns` managed policies, that narrow it."""

    name: str
    lifetime: timedelta = timedelta(hours=1)
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None


def role_name(role: str, account: str) -> str:
    """The name in a role's ARN. Raises Invalid for another thing's ARN or another account's role."""
    parsed = _ROLE_ARN.match(role)
    if parsed is None:
        raise Invalid(f"{role} is not the ARN of a role.")
    if parsed["account"] != account:
        raise Invalid(f"Cross-account pass role is not allowed: {role} is not a role of account {account}.")
    return parsed["name"]


def root_user(account: str) -> Principal:
    """The root user of the account."""
    return Principal(account, f"arn:aws:iam::{account}:root", account, None)


def role_session(account: str, role_arn: str, role_id: str, session: str) -> Principal:
    """A session of a role."""
    name = role_arn.rpartition("/")[2]
    return Principal(account, f"arn:aws:sts::{account}:assumed-role/{name}/{session}", f"{role_id}:{session}", role_arn)
