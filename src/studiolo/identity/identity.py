"""Who calls, and may they: keys, authorization, passing and assuming roles."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import select

from studiolo.domain import Clock, Denied, Invalid, NotFound
from studiolo.identity.documents import check_identity_policy
from studiolo.identity.keys import AccessKey
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.policies import Answer, Policy, PrincipalName, Request, compile_policy, evaluate
from studiolo.identity.principals import Principal, SessionRequest, role_name, role_session, root_user
from studiolo.identity.records import Records
from studiolo.identity.roles import Role, Roles
from studiolo.identity.tables import attachments, inline_policies, policies, policy_versions, roles, temporary_keys
from studiolo.identity.tags import with_tags
from studiolo.identity.temporary import TemporaryKeys
from studiolo.identity.workloads import Workloads, metastore_token
from studiolo.state import State

SHORTEST = timedelta(minutes=15)
CHAINED = timedelta(hours=1)
ROOT_SESSION = timedelta(hours=1)
"""Longest life of a session of the root user, whatever is asked (STS API Reference, GetSessionToken)."""

FREE = frozenset({"sts:getcalleridentity", "sts:assumerole"})
"""Actions that need no permission beforehand: GetCallerIdentity never does, AssumeRole is decided with its role."""

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
        self.root = root
        self._keys = TemporaryKeys(self._records)
        self.workloads = Workloads(self._records, self.roles, self._keys)
        self._compiled = lru_cache(maxsize=512)(compile_policy)
        self._grants = lru_cache(maxsize=256)(self._read_grants)

    @property
    def revision(self) -> int:
        """Grows with every change of the account's roles and policies, whichever process made it."""
        return self._records.revision

    def empty(self) -> None:
        """Delete every role, policy and temporary key of the account."""
        with self._records.changing() as tx:
            for table in (temporary_keys, attachments, inline_policies, policy_versions, policies, roles):
                tx.execute(table.delete().where(table.c.account == self.account))

    def find_key(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id and whose it is; None for one that never was, or whose role is gone.

        An expired key is still found for a day, so that its owner can be told that it has expired.
        """
        if access_key_id == self.root.id:
            return self.root, root_user(self.account)
        return self._keys.find(access_key_id)

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
        if principal.role_arn is None:
            return Answer.ALLOWED, ""
        grants = self._grants(principal.role_arn, self._records.revision)
        request = Request(action, resource, self._context(principal, grants, context))
        layers = [("identity-based policy", "an identity-based policy", grants.policies)]
        if grants.boundary is not None:
            layers.append(("permissions boundary", "a permissions boundary", (grants.boundary,)))
        if principal.session_policies:
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
        if not self._trusts(role, frozenset({("Service", service)}), {"aws:SourceAccount": self.account}):
            words = UNTRUSTED.get(service, "The role {role} does not let {service} assume it: its trust policy must.")
            raise Invalid(words.format(role=role.arn, service=service))
        return role

    def session_of(self, role_arn: str, name: str) -> Principal:
        """A session of a role, for something that Studiolo does as it. Raises NotFound, Invalid."""
        role = self.role(role_arn)
        return role_session(self.account, role.arn, role.id, name)

    def key_of(self, principal: Principal) -> AccessKey:
        """A key that acts as the principal, for what the server does in its name: a session's lives for an hour."""
        return self.root if principal.role_arn is None else self._keys.issue(principal, CHAINED)

    def assume_role(self, principal: Principal, role_arn: str, request: SessionRequest) -> tuple[AccessKey, Principal]:
        """A session of a role, for whom its trust policy names. Raises Denied, Invalid (MalformedPolicy), NotFound.

        A role that names the caller itself lets it; one that names the account leaves it to the caller's own policies.
        """
        self._check_session(principal, request)
        denied = Denied(f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")
        try:
            role = self.role(role_arn)
        except (NotFound, Invalid):
            # Whether a role exists is not for everyone to know.
            raise denied from None
        context = {"sts:RoleSessionName": request.name}
        if request.external_id is not None:
            context["sts:ExternalId"] = request.external_id
        own, _ = self.decide(principal, "sts:AssumeRole", role.arn, context)
        named = self._trusts(role, principal.own_names, context, principal)
        account_named = self._trusts(role, principal.account_names, context, principal)
        if own is Answer.DENIED or not (named or (account_named and own is Answer.ALLOWED)):
            raise denied
        if request.lifetime > role.settings.max_session:
            raise Invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        session = replace(
            role_session(self.account, role.arn, role.id, request.name),
            session_policies=request.policies + self._documents(request.policy_arns),
            tags=tuple(request.tags.items()),
        )
        return self._keys.issue(session, request.lifetime), session

    def root_session(self, principal: Principal, lifetime: timedelta) -> AccessKey:
        """A temporary key of the root user, for an hour at most. Raises Denied for a session, Invalid."""
        if principal.role_arn is not None:
            raise Denied("Cannot call GetSessionToken with session credentials")
        if lifetime < SHORTEST:
            raise Invalid("DurationSeconds must be at least 900.")
        return self._keys.issue(principal, min(lifetime, ROOT_SESSION))

    def role(self, role_arn: str) -> Role:
        """The role of that ARN. Raises NotFound, Invalid."""
        role = self.roles.get(role_name(role_arn, self.account))
        if role.arn != role_arn:
            raise NotFound(f"The role {role_arn} cannot be found; {role.arn} has that name.")
        return role

    def _check_session(self, principal: Principal, request: SessionRequest) -> None:
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", request.name, re.ASCII):
            raise Invalid(rf"The session name {request.name!r} does not match [\w+=,.@-]*, of 2 to 64 characters.")
        if request.lifetime < SHORTEST:
            raise Invalid("DurationSeconds must be at least 900.")
        if principal.role_arn is not None and request.lifetime > CHAINED:
            raise Invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        with_tags({}, request.tags)
        for document in request.policies:
            check_identity_policy(document)

    def _documents(self, arns: tuple[str, ...]) -> tuple[str, ...]:
        with self._records.reading() as connection:
            return tuple(self.policies.document(connection, arn) for arn in arns)

    def _trusts(
        self,
        role: Role,
        names: frozenset[PrincipalName],
        context: Mapping[str, str],
        principal: Principal | None = None,
    ) -> bool:
        """Whether the role's trust policy lets these names take it."""
        if principal is not None:
            context = {"aws:PrincipalArn": principal.role_arn or principal.arn, **context}
            context = {"aws:PrincipalAccount": principal.account, **context}
        asked = Request("sts:AssumeRole", None, self._keyed(context), names)
        return evaluate([self._compiled(role.trust)], asked) is Answer.ALLOWED

    def _context(
        self, principal: Principal, grants: _Grants, more: Mapping[str, str] | None
    ) -> dict[str, tuple[str, ...]]:
        tags = {f"aws:PrincipalTag/{key}": value for key, value in (*grants.tags, *principal.tags)}
        known = {
            "aws:PrincipalArn": principal.role_arn or principal.arn,
            "aws:PrincipalAccount": principal.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": principal.user_id,
        }
        return self._keyed({**known, **tags, **(more or {})})

    def _keyed(self, context: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        present = self._records.clock()
        moment = {
            "aws:currenttime": (present.isoformat(),),
            "aws:epochtime": (str(int(present.timestamp())),),
        }
        return {**moment, **{key.lower(): (value,) for key, value in context.items()}}

    def _read_grants(self, role_arn: str, _revision: int) -> _Grants:
        name = role_arn.rpartition("/")[2]
        own = select(inline_policies.c.document).where(
            inline_policies.c.account == self.account, inline_policies.c.role == name
        )
        attached = select(attachments.c.policy).where(attachments.c.account == self.account, attachments.c.role == name)
        role = select(roles.c.boundary, roles.c.tags).where(roles.c.account == self.account, roles.c.name == name)
        with self._records.reading() as connection:
            documents = list(connection.execute(own).scalars())
            arns = list(connection.execute(attached).scalars())
            documents += [self.policies.document(connection, arn) for arn in arns]
            row = connection.execute(role).first()
            boundary = row and row.boundary and self.policies.document(connection, row.boundary)
        return _Grants(
            tuple(self._compiled(document) for document in documents),
            self._compiled(boundary) if boundary else None,
            tuple(row.tags.items()) if row else (),
        )
