"""Who signs a request, and the names that policies know them by."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from studiolo.domain import Invalid
from studiolo.identity.policies import PrincipalName

_ROLE_ARN = re.compile(r"^arn:aws[\w-]*:iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})$")


class Kind(Enum):
    """What a principal is, as `aws:PrincipalType` says it."""

    ROOT = "Account"
    USER = "User"
    ROLE = "AssumedRole"
    FEDERATED = "FederatedUser"


@dataclass(frozen=True, slots=True)
class Principal:
    """The root user of an account, a user, or a session of a role or of a user.

    role_arn: of the role whose session it is; user_name: of a user, or of the one whose session it is.
    session_policies: JSON documents: the session may do only what they allow too. issued: when the temporary key that
    signed was given out, None for a key that lasts. transitive: the keys of tags that go on to sessions made with it.
    told: the condition keys that its request tells (e.g. `aws:SourceIp`), for all that is asked on its way.
    """

    account: str
    arn: str
    user_id: str
    role_arn: str | None
    session_policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    kind: Kind = Kind.ROOT
    user_name: str | None = None
    issued: datetime | None = None
    source_identity: str | None = None
    transitive: tuple[str, ...] = ()
    told: Mapping[str, str | Sequence[str]] = field(default_factory=dict, compare=False)

    @property
    def identity_arn(self) -> str:
        """Of what has the policies: the role of a session, else the principal itself; aws:PrincipalArn."""
        return self.role_arn or self.arn

    @property
    def direct_names(self) -> frozenset[PrincipalName]:
        """The names that mean this very principal, for whom a resource's policy alone is enough."""
        return frozenset({("AWS", self.arn)})

    @property
    def own_names(self) -> frozenset[PrincipalName]:
        """The names that mean this principal: its session's, its role's."""
        return frozenset({("AWS", self.arn), ("AWS", self.identity_arn)})

    @property
    def account_names(self) -> frozenset[PrincipalName]:
        """The names that mean everyone of the account whose own policies agree."""
        return frozenset({("AWS", f"arn:aws:iam::{self.account}:root")})


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What is asked of AssumeRole: `policies` are JSON documents, `policy_arns` managed policies, that narrow it.

    transitive: keys of `tags` that go on to the sessions that are made with this one.
    """

    name: str
    lifetime: timedelta = timedelta(hours=1)
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    external_id: str | None = None
    source_identity: str | None = None
    transitive: tuple[str, ...] = ()


def role_name(role: str, account: str) -> str:
    """The name in a role's ARN. Raises Invalid for another thing's ARN or another account's role."""
    parsed = _ROLE_ARN.match(role)
    if parsed is None:
        raise Invalid(f"{role} is invalid")
    if parsed["account"] != account:
        raise Invalid(f"Cross-account pass role is not allowed: {role} is not a role of account {account}.")
    return parsed["name"]


def is_role(arn: str) -> bool:
    """Whether it is the ARN of a role, of this account or another."""
    return _ROLE_ARN.match(arn) is not None


def root_user(account: str) -> Principal:
    """The root user of the account."""
    return Principal(account, f"arn:aws:iam::{account}:root", account, None)


def role_session(account: str, role_arn: str, role_id: str, session: str) -> Principal:
    """A session of a role."""
    name = role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    return Principal(account, arn, f"{role_id}:{session}", role_arn, kind=Kind.ROLE)
