"""Who calls, and may they: keys, authorization, passing and assuming roles."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import select

from studiolo.domain import Clock, Denied, Invalid, NotFound
from studiolo.identity.access_keys import AccessKeys, Uses
from studiolo.identity.accounts import Account
from studiolo.identity.credential_report import credential_report
from studiolo.identity.groups import Groups
from studiolo.identity.instance_profiles import InstanceProfiles
from studiolo.identity.key_sets import KeySets
from studiolo.identity.keys import AccessKey
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.mfa import Devices
from studiolo.identity.passwords import Passwords
from studiolo.identity.policies import Answer, Policy, PrincipalName, Request, compile_policy, evaluate
from studiolo.identity.principals import Kind, Principal, iam_user, role_name, role_session, root_user
from studiolo.identity.providers import Providers
from studiolo.identity.records import Records
from studiolo.identity.roles import Role, Roles
from studiolo.identity.tables import TABLES, attachments, inline_policies, memberships, roles, users
from studiolo.identity.temporary import TemporaryKeys
from studiolo.identity.tokens import SecurityTokens
from studiolo.identity.users import Users
from studiolo.identity.web_identity import WebIdentities
from studiolo.identity.workloads import Workloads, metastore_token
from studiolo.state import State

CHAINED = timedelta(hours=1)

EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
"""What the root user may, and whom it vouches for before its session's policies narrow it."""

FREE = frozenset({"sts:getcalleridentity", "sts:assumerole", "sts:getsessiontoken", "sts:getfederationtoken"})
"""Actions that need no permission beforehand: the first never does, the others are decided with what they are for."""

UNTRUSTED = {
    "glue.amazonaws.com": "Role {role} should be given assume role permissions for Glue Service.",
    "sagemaker.amazonaws.com": "Could not assume role {role}. Please ensure that the role exists and allows principal "
    "'sagemaker.amazonaws.com' to assume the role.",
}
"""What a service says to a role that does not trust it."""


@dataclass(frozen=True)
class _Grants:
    """What a role is given: its policies, and the one that bounds them."""

    policies: tuple[Policy, ...]
    boundary: Policy | None
    tags: tuple[tuple[str, str], ...]


class Identity:
    """The keys, roles and policies of one account. What is read for every request is cached until a change."""

    def __init__(self, state: State, root: AccessKey, account: str, clock: Clock) -> None:
        self.account = account
        self._records = Records(state, account, clock)
        self.policies = ManagedPolicies(self._records)
        self.roles = Roles(self._records, self.policies)
        self.users = Users(self._records, self.policies)
        self.groups = Groups(self._records, self.policies, self.users)
        self.access_keys = AccessKeys(self._records, self.users)
        self.uses = Uses(self._records)
        self.settings = Account(self._records)
        self.passwords = Passwords(self._records, self.users, self.settings)
        self.devices = Devices(self._records, self.users)
        self.instance_profiles = InstanceProfiles(self._records, self.roles)
        self.providers = Providers(self._records)
        self.root = root
        self._keys = TemporaryKeys(self._records)
        self.workloads = Workloads(self._records, self.roles, self._keys)
        self.tokens = SecurityTokens(
            self._records,
            self.roles,
            self.policies,
            self._keys,
            self.devices,
            self.providers,
            WebIdentities(self.providers, clock, KeySets()),
            self,
        )
        self._compiled = lru_cache(maxsize=512)(compile_policy)
        self._grants = lru_cache(maxsize=256)(self._read_grants)

    @property
    def revision(self) -> int:
        """Grows with every change of the account's roles and policies, whichever process made it."""
        return self._records.revision

    def empty(self) -> None:
        """Delete all that IAM knows of the account, but for its root key."""
        with self._records.changing() as tx:
            for table in TABLES:
                tx.execute(table.delete().where(table.c.account == self.account))

    def find_key(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id and whose it is; None for one that never was, or whose role is gone.

        An expired key is still found for a day, so that its owner can be told that it has expired.
        """
        if access_key_id == self.root.id:
            return self.root, root_user(self.account)
        return self.access_keys.find(access_key_id) or self._keys.find(access_key_id)

    def note_use(self, access_key_id: str, principal: Principal, service: str, region: str) -> None:
        """Remember that a request for the service (its signing name) was signed with the key, and by whom."""
        if principal.kind is Kind.USER and not principal.temporary:
            self.uses.note(access_key_id, service, region)
        elif principal.kind is Kind.ROLE and principal.holder is not None:
            self.uses.note(principal.holder, service, region)

    def caller(self, token: str) -> Principal:
        """Who says that metastore token: the holder of a key, or what runs as a role.

        Raises Denied for a token that is nobody's, Conflict and NotFound where what runs has no role (any more).
        """
        found = self.find_key(token.partition(".")[0])
        if found is None:
            return self.workloads.caller(token)
        key, principal = found
        proved = hmac.compare_digest(metastore_token(key.id, key.secret).encode(), token.encode())
        if not proved or (key.expires is not None and key.expires <= self._records.clock()):
            raise Denied("The token is nobody's, or has expired.")
        return principal

    def authorize(
        self,
        principal: Principal,
        action: str,
        resource: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Raise Denied, in IAM's words, unless the principal may do `action` (e.g. `glue:CreateSession`).

        `resource` is its ARN, None where only the action is known. `context` adds condition keys of the request (e.g.
        `aws:SourceIp`).
        """
        if resource is None and action.lower() in FREE:
            return
        answer, reason = self.decide(principal, action, resource, context)
        if answer is not Answer.ALLOWED:
            raise Denied(
                f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource or '*'} {reason}"
            )

    def decide(
        self,
        principal: Principal,
        action: str,
        resource: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> tuple[Answer, str]:
        """What the principal's policies say, and why in IAM's words."""
        if principal.is_root:
            return Answer.ALLOWED, ""
        grants = self._grants(principal.holder, self._records.revision)
        request = Request(action, resource, self._context(principal, grants, context))
        layers = [("identity-based policy", "an identity-based policy", grants.policies)]
        if grants.boundary is not None:
            layers.append(("permissions boundary", "a permissions boundary", (grants.boundary,)))
        if principal.session_policies or principal.kind is Kind.FEDERATED:
            narrowing = tuple(self._compiled(document) for document in principal.session_policies)
            layers.append(("session policy", "a session policy", narrowing))
        answers = [(evaluate(layer, request), name, article) for name, article, layer in layers]
        for answer, _, article in answers:
            if answer is Answer.DENIED:
                return answer, f"with an explicit deny in {article}"
        for answer, name, _ in answers:
            if answer is Answer.SILENT:
                return answer, f"because no {name} allows the {action} action"
        return Answer.ALLOWED, ""

    def pass_role(self, principal: Principal, role_arn: str, service: str) -> Role:
        """The role, if the principal may hand it to `service` (e.g. `sagemaker.amazonaws.com`) and that may take it.

        Raises NotFound for no such role, Denied where the caller may not, Invalid where the role does not trust.
        """
        role = self.role(role_arn)
        self.authorize(principal, "iam:PassRole", role.arn, {"iam:PassedToService": service})
        if not self.trusts(role, frozenset({("Service", service)}), {"aws:SourceAccount": self.account}):
            words = UNTRUSTED.get(service, "The role {role} does not let {service} assume it: its trust policy must.")
            raise Invalid(words.format(role=role.arn, service=service))
        return role

    def session_of(self, role_arn: str, name: str) -> Principal:
        """A session of a role, for something that Studiolo does as it. Raises NotFound, Invalid."""
        role = self.role(role_arn)
        return role_session(self.account, role.arn, role.id, name)

    def key_of(self, principal: Principal) -> AccessKey:
        """A key that acts as the principal, for what the server does in its name: a session's lives for an hour."""
        return self.root if principal.is_root else self._keys.issue(principal, CHAINED)

    def make_credential_report(self) -> None:
        """Write down who has which credentials, and when they were used."""
        report = credential_report(
            self.account, self.root, self.users, self.access_keys, self.uses, self.passwords, self.devices
        )
        self.settings.keep_report(report)

    def principal_of(self, arn: str) -> Principal:
        """A user or a role as one that calls, by its ARN. Raises NotFound, Invalid."""
        prefix, separator, name = arn.partition(f"arn:aws:iam::{self.account}:user/")
        if separator and not prefix:
            user = self.users.get(name.rpartition("/")[2])
            return iam_user(self.account, user.arn, user.id)
        role = self.role(arn)
        return replace(role_session(self.account, role.arn, role.id, "session"), arn=role.arn, user_id=role.id)

    def role(self, role_arn: str) -> Role:
        """The role of that ARN. Raises NotFound, Invalid."""
        role = self.roles.get(role_name(role_arn, self.account))
        if role.arn != role_arn:
            raise NotFound(f"The role {role_arn} cannot be found; {role.arn} has that name.")
        return role

    def trusts(
        self,
        role: Role,
        names: frozenset[PrincipalName],
        context: Mapping[str, str],
        principal: Principal | None = None,
        action: str = "sts:AssumeRole",
    ) -> bool:
        """Whether the role's trust policy lets these names take it."""
        if principal is not None:
            context = {"aws:PrincipalArn": principal.policy_arn, **context}
            context = {"aws:PrincipalAccount": principal.account, **context}
        asked = Request(action, None, self._keyed(context), names)
        return evaluate([self._compiled(role.trust)], asked) is Answer.ALLOWED

    def _context(
        self, principal: Principal, grants: _Grants, more: Mapping[str, str] | None
    ) -> dict[str, tuple[str, ...]]:
        tags = {f"aws:PrincipalTag/{key}": value for key, value in (*grants.tags, *principal.tags)}
        known = {
            "aws:PrincipalArn": principal.policy_arn,
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalType": principal.kind.value,
            "aws:userid": principal.user_id,
            **({"aws:username": principal.name} if principal.kind is Kind.USER else {}),
        }
        return self._keyed({**known, **dict(principal.context), **tags, **(more or {})})

    def _keyed(self, context: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        present = self._records.clock()
        moment = {
            "aws:currenttime": (present.isoformat(),),
            "aws:epochtime": (str(int(present.timestamp())),),
        }
        return {**moment, **{key.lower(): (value,) for key, value in context.items()}}

    def _read_grants(self, holder: str | None, _revision: int) -> _Grants:
        """What the user or role of that id is given, by itself and by the groups that it is in."""
        if holder is None:
            return _Grants((self._compiled(EVERYTHING),), None, ())
        in_groups = select(memberships.c.group).where(memberships.c.user == holder)
        with self._records.reading() as connection:
            holders = [holder, *connection.execute(in_groups).scalars()]
            own = select(inline_policies.c.document).where(
                inline_policies.c.account == self.account, inline_policies.c.holder.in_(holders)
            )
            attached = (
                select(attachments.c.policy)
                .distinct()
                .where(attachments.c.account == self.account, attachments.c.holder.in_(holders))
            )
            documents = list(connection.execute(own).scalars())
            arns = list(connection.execute(attached).scalars())
            documents += [self.policies.document(connection, arn) for arn in arns]
            table = users if holder.startswith(self.users.prefix) else roles
            row = connection.execute(select(table.c.boundary, table.c.tags).where(table.c.id == holder)).first()
            boundary = row and row.boundary and self.policies.document(connection, row.boundary)
        return _Grants(
            tuple(self._compiled(document) for document in documents),
            self._compiled(boundary) if boundary else None,
            tuple(row.tags.items()) if row else (),
        )
