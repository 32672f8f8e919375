"""Who signs a request, and the names that policies know them by."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from studiolo.domain import Invalid
from studiolo.identity.policies import PrincipalName

_ROLE_ARN = re.compile(r"^arn:aws[\w-]*:iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})$")


class Kind(Enum):
    """What kind of caller, in the words of the condition key aws:PrincipalType."""

    ROOT = "Account"
    USER = "User"
    ROLE = "AssumedRole"
    FEDERATED = "FederatedUser"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """The root user of an account, a user, or a session of one of them or of a role.

    `holder` is the id of the user or role whose policies it has, None for the root user's own; `entity` is its ARN.
    `session_policies` are JSON documents: the session may do only what they allow too. `transitive` are the keys of
    those of its tags that a role it assumes inherits. `context` holds what its key says for good of condition keys
    (e.g. `aws:SourceIdentity`), `told` those that its request tells (e.g. `aws:SourceIp`).
    """

    account: str
    arn: str
    user_id: str
    kind: Kind
    holder: str | None = None
    entity: str | None = None
    session_policies: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    context: tuple[tuple[str, str], ...] = ()
    told: Mapping[str, str | Sequence[str]] = field(default_factory=dict, compare=False)

    @property
    def is_root(self) -> bool:
        """Whether nothing is forbidden to it."""
        return self.kind is Kind.ROOT

    @property
    def temporary(self) -> bool:
        """Whether its key is a session's."""
        return any(key == "aws:TokenIssueTime" for key, _ in self.context)

    @property
    def role_arn(self) -> str | None:
        """The role that it is a session of."""
        return self.entity if self.kind is Kind.ROLE else None

    @property
    def name(self) -> str:
        """By which others may know it: the role's name, the user's, or `root`."""
        return "root" if self.is_root else (self.entity or self.arn).rpartition("/")[2]

    @property
    def user_name(self) -> str | None:
        """The name of the user that it is, or a session of which it is."""
        return self.entity.rpartition("/")[2] if self.entity is not None and self.kind is Kind.USER else None

    @property
    def identity_arn(self) -> str:
        """Of what has the policies: the role of a session, else the principal itself; aws:PrincipalArn."""
        return self.role_arn or self.arn

    @property
    def direct_names(self) -> frozenset[PrincipalName]:
        """The names that mean this very principal, for whom a resource's policy alone is enough."""
        return frozenset({("AWS", self.arn)})

    @property
    def source_identity(self) -> str | None:
        """Who stands behind the session, as the first of its chain said."""
        return dict(self.context).get("aws:SourceIdentity")

    @property
    def own_names(self) -> frozenset[PrincipalName]:
        """The names that mean this principal: its session's, its role's or user's."""
        return frozenset(("AWS", name) for name in (self.arn, self.entity) if name is not None)

    @property
    def account_names(self) -> frozenset[PrincipalName]:
        """The names that mean everyone of the account whose own policies agree."""
        return frozenset({("AWS", f"arn:aws:iam::{self.account}:root")})


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What is asked of a session: `policies` are JSON documents, `policy_arns` managed policies, that narrow it.

    `transitive` are keys of `tags`. `mfa` is a device's serial number and its code. `lifetime` None is the default.
    """

    name: str
    lifetime: timedelta | None = None
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    external_id: str | None = None
    source_identity: str | None = None
    mfa: tuple[str, str] | None = None


def role_name(role: str) -> tuple[str, str]:
    """The account and the name in a role's ARN. Raises Invalid for another thing's ARN."""
    parsed = _ROLE_ARN.match(role)
    if parsed is None:
        raise Invalid(f"{role} is invalid")
    return parsed["account"], parsed["name"]


def is_role(arn: str) -> bool:
    """Whether it is the ARN of a role, of this account or another."""
    return _ROLE_ARN.match(arn) is not None


def root_user(account: str) -> Principal:
    """The root user of the account."""
    return Principal(account, f"arn:aws:iam::{account}:root", account, Kind.ROOT)


def anonymous(account: str) -> Principal:
    """Who has signed nothing, and says in the request itself who it is."""
    return Principal(account, "arn:aws:iam:::anonymous", "ANONYMOUS", Kind.ANONYMOUS)


def iam_user(account: str, arn: str, user_id: str) -> Principal:
    """A user."""
    return Principal(account, arn, user_id, Kind.USER, user_id, arn)


def federated_user(account: str, name: str, holder: str | None, entity: str | None) -> Principal:
    """A session for somebody whom a user, or the root user, vouches for."""
    arn = f"arn:aws:sts::{account}:federated-user/{name}"
    return Principal(account, arn, f"{account}:{name}", Kind.FEDERATED, holder, entity)


def role_session(account: str, role_arn: str, role_id: str, session: str) -> Principal:
    """A session of a role."""
    arn = f"arn:aws:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/{session}"
    return Principal(account, arn, f"{role_id}:{session}", Kind.ROLE, role_id, role_arn)
