"""Who calls, and may they: keys, authorization, passing and assuming roles."""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from studiolo.domain import Clock, Denied, Invalid, NotFound
from studiolo.identity.context import Facts, Question, Values, of_moment, of_principal, of_tags
from studiolo.identity.decisions import Decision, Layers, decide, decide_for_anybody
from studiolo.identity.denials import Denials, NotAuthorized
from studiolo.identity.documents import check_session_policy
from studiolo.identity.grants import Granting, Grants
from studiolo.identity.keys import AccessKey
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.policies import Answer, Policies, PrincipalName, Request, compile_policy
from studiolo.identity.principals import (
    Kind,
    Principal,
    SessionRequest,
    is_role,
    role_name,
    role_session,
    root_user,
)
from studiolo.identity.records import Records
from studiolo.identity.resource_policies import ResourcePolicies
from studiolo.identity.roles import Role, Roles
from studiolo.identity.simulation import Scenario
from studiolo.identity.tables import (
    attachments,
    denials,
    inline_policies,
    policies,
    policy_versions,
    resource_policies,
    roles,
    temporary_keys,
)
from studiolo.identity.tags import with_tags
from studiolo.identity.temporary import TemporaryKeys
from studiolo.identity.workloads import Workloads, metastore_token
from studiolo.state import State

SHORTEST = timedelta(minutes=15)
CHAINED = timedelta(hours=1)
ROOT_SESSION = timedelta(hours=1)
"""Longest life of a session of the root user, whatever is asked (STS API Reference, GetSessionToken)."""

FREE = frozenset({"sts:getcalleridentity", "sts:assumerole", "sts:getsessiontoken"})
"""Actions that need no permission beforehand: two never do, AssumeRole is decided with its role."""

EVERYTHING = Decision(Answer.ALLOWED)
NOBODY: frozenset[PrincipalName] = frozenset()
"""The names of a caller where no policy asks for them."""

UNTRUSTED = {
    "glue.amazonaws.com": "Role {role} should be given assume role permissions for Glue Service.",
    "sagemaker.amazonaws.com": "Could not assume role {role}. Please ensure that the role exists and allows principal "
    "'sagemaker.amazonaws.com' to assume the role.",
}
"""What a service says to a role that does not trust it."""


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
        self._compiled = lru_cache(maxsize=4096)(compile_policy)
        self._narrowing = lru_cache(maxsize=512)(self._compile_together)
        self._granting = Granting(self._records, self.policies, self._compiled)
        self.resource_policies = ResourcePolicies(self._records, self.compiled)
        self.denials = Denials(self._records)

    @property
    def revision(self) -> int:
        """Grows with every change of the account's roles and policies, whichever process made it."""
        return self._records.revision

    def empty(self) -> None:
        """Delete every role, policy and temporary key of the account."""
        with self._records.changing() as tx:
            for table in (
                temporary_keys, attachments, inline_policies, policy_versions, policies, roles, resource_policies,
                denials,
            ):  # fmt: skip
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
        questions: Iterable[Question],
        keys: Values | None = None,
        policy: Policies | None = None,
    ) -> None:
        """Raise NotAuthorized, in IAM's words, unless the principal may do all that is asked.

        keys: condition keys of the whole request, beside what the principal's tells; policy: of the resources themselves.
        """
        if principal.kind is Kind.ROOT and policy is None:
            return
        grants = self._granting.of(principal)
        layers = self._layers(principal, grants, policy)
        for question in questions:
            decision, facts = self._decided(principal, grants, layers, question, keys)
            if not decision.allowed:
                raise NotAuthorized(principal, question, decision, facts)

    def decide(
        self,
        principal: Principal,
        question: Question,
        keys: Values | None = None,
        policy: Policies | None = None,
    ) -> Decision:
        """What all policies say of one question, and which decided."""
        grants = self._granting.of(principal)
        return self._decided(principal, grants, self._layers(principal, grants, policy), question, keys)[0]

    def decide_for_anybody(self, question: Question, keys: Values, policy: Policies) -> Decision:
        """What a resource's policy says of somebody who has not signed."""
        facts = self._facts(None, None, question, keys)
        asked = Request(question.action, question.resource, facts, frozenset({("AWS", "anonymous")}))
        return decide_for_anybody(asked, policy)

    def require_anywhere(self, principal: Principal, action: str) -> None:
        """Raise NotAuthorized unless there could be a resource, and conditions, that let the principal do it."""
        if principal.kind is Kind.ROOT or action.lower() in FREE:
            return
        layers = self._layers(principal, self._granting.of(principal), None)
        decision = decide(Request(action, None), principal, layers)
        if not decision.allowed:
            raise NotAuthorized(principal, Question(action), decision, {})

    def caller_of(self, arn: str) -> Principal:
        """Who would call as the role, or user, of that ARN. Raises Invalid."""
        if is_role(arn):
            return Principal(self.account, arn, arn, arn, kind=Kind.ROLE)
        user = re.fullmatch(r"arn:aws[\w-]*:iam::(?P<account>\d{12}):user/(?:.*/)?(?P<name>[\w+=,.@-]{1,64})", arn)
        if user is None:
            raise Invalid(f"{arn} is not the ARN of a user or role.")
        return Principal(user["account"], arn, arn, None, kind=Kind.USER, user_name=user["name"])

    def scenario(self, source: str, caller: str | None = None) -> Scenario:
        """The policies of the role, or user, of an ARN, for a simulation. Raises NotFound, Invalid."""
        if is_role(source):
            self.role(source)
        principal = self.caller_of(source)
        grants = self._granting.of(principal)
        known = {**of_moment(self._records.clock()), **of_principal(principal, grants.tags)}
        return Scenario(self.caller_of(caller or source), grants.documents, grants.bounding, None, known)

    def compiled(self, document: str, name: str = "") -> Policies:
        """A policy that a resource has, ready to be asked."""
        return Policies([self._compiled(document, name)])

    def pass_role(self, principal: Principal, role_arn: str, service: str) -> Role:
        """The role, if the principal may hand it to `service` (e.g. `sagemaker.amazonaws.com`) and that may take it.

        Raises NotFound for no such role, Denied where the caller may not, Invalid where the role does not trust.
        """
        role = self.role(role_arn)
        passing = Question("iam:PassRole", role.arn, {"iam:PassedToService": service}, lambda: role.settings.tags)
        self.authorize(principal, [passing])
        if not self._trusts(role, frozenset({("Service", service)}), {"aws:SourceAccount": self.account}):
            words = UNTRUSTED.get(service, "The role {role} does not let {service} assume it: its trust policy must.")
            raise Invalid(words.format(role=role.arn, service=service))
        return role

    def session_of(self, role_arn: str, name: str) -> Principal:
        """A session of a role, for something that Studiolo does as it. Raises NotFound, Invalid."""
        role = self.role(role_arn)
        return role_session(self.account, role.arn, role.id, name)

    def key_of(self, principal: Principal) -> AccessKey:
        """A key that acts as the principal, for what the server does in its name: a session's lives for an hour.

        It counts as old as the session, so that it ends with it where a policy denies old sessions.
        """
        return self.root if principal.kind is Kind.ROOT else self._keys.issue(principal, CHAINED)

    def assume_role(self, principal: Principal, role_arn: str, request: SessionRequest) -> tuple[AccessKey, Principal]:
        """A session of a role, for whom its trust policy names. Raises Denied, Invalid (MalformedPolicy), NotFound.

        A role that names the caller itself lets it; one that names the account leaves it to the caller's own policies.
        """
        if not is_role(role_arn):
            raise Invalid(f"{role_arn} is invalid")
        self._check_session(principal, request)
        inherited = {key: value for key, value in principal.tags if key in principal.transitive}
        clash = inherited.keys() & request.tags.keys()
        if clash:
            raise Invalid(f"The tags {', '.join(sorted(clash))} are transitive: a session cannot change them.")
        tags = {**inherited, **request.tags}
        role = self._assumed(principal, role_arn, request, _asked_of(request, tags))
        if request.lifetime > role.settings.max_session:
            raise Invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        session = replace(
            role_session(self.account, role.arn, role.id, request.name),
            session_policies=request.policies + self._documents(request.policy_arns),
            tags=tuple(tags.items()),
            transitive=tuple(dict.fromkeys((*inherited, *request.transitive))),
            source_identity=request.source_identity or principal.source_identity,
            issued=self._records.clock(),
        )
        return self._keys.issue(session, request.lifetime), session

    def root_session(self, principal: Principal, lifetime: timedelta) -> AccessKey:
        """A temporary key of the root user, for an hour at most. Raises Denied for a session, Invalid."""
        if principal.role_arn is not None:
            raise Denied("Cannot call GetSessionToken with session credentials")
        if lifetime < SHORTEST:
            raise Invalid("DurationSeconds must be at least 900.")
        return self._keys.issue(replace(principal, issued=None), min(lifetime, ROOT_SESSION))

    def role(self, role_arn: str) -> Role:
        """The role of that ARN. Raises NotFound, Invalid."""
        role = self.roles.get(role_name(role_arn, self.account))
        if role.arn != role_arn:
            raise NotFound(f"The role {role_arn} cannot be found; {role.arn} has that name.")
        return role

    def _decided(
        self, principal: Principal, grants: Grants, layers: Layers, question: Question, keys: Values | None
    ) -> tuple[Decision, Mapping[str, object]]:
        if question.action.lower() in FREE:
            return EVERYTHING, {}
        facts = self._facts(principal, grants, question, keys)
        names = NOBODY if layers.resource is None else principal.own_names | principal.account_names
        return decide(Request(question.action, question.resource, facts, names), principal, layers), facts

    def _layers(self, principal: Principal, grants: Grants, policy: Policies | None) -> Layers:
        narrowing = self._narrowing(principal.session_policies) if principal.session_policies else None
        return Layers(grants.identity, policy, grants.boundary, narrowing)

    def _compile_together(self, documents: tuple[str, ...]) -> Policies:
        return Policies(self._compiled(document, f"session policy {i + 1}") for i, document in enumerate(documents))

    def _facts(
        self, principal: Principal | None, grants: Grants | None, question: Question, keys: Values | None
    ) -> Facts:
        def known() -> Values:
            own = question.keys() if callable(question.keys) else question.keys or {}
            tags = {**(grants.tags if grants is not None else {}), **dict(principal.tags if principal else ())}
            of_caller = {} if principal is None else {**of_principal(principal, tags), **principal.told}
            resource = {} if question.resource == "*" else {"aws:ResourceAccount": self.account}
            return {**of_moment(self._records.clock()), **resource, **of_caller, **(keys or {}), **own}

        return Facts([known], question.tags)

    def _assumed(self, principal: Principal, role_arn: str, request: SessionRequest, keys: Values) -> Role:
        """The role, where its trust policy and the caller's own let the caller make such a session of it."""
        try:
            role = self.role(role_arn)
        except (NotFound, Invalid):
            # Whether a role exists is not for everyone to know.
            raise _may_not(principal, "sts:AssumeRole", role_arn) from None
        actions = ["sts:AssumeRole"]
        if request.tags or request.transitive:
            actions.append("sts:TagSession")
        if request.source_identity is not None:
            if principal.source_identity not in (None, request.source_identity):
                raise _may_not(principal, "sts:SetSourceIdentity", role_arn)
            actions.append("sts:SetSourceIdentity")
        trust = self.compiled(role.trust, role.arn)
        for action in actions:
            question = Question(action, role.arn, keys, lambda: role.settings.tags)
            if not self._lets(principal, question, trust):
                raise _may_not(principal, action, role_arn)
        return role

    def _lets(self, principal: Principal, question: Question, trust: Policies) -> bool:
        grants = self._granting.of(principal)
        facts = self._facts(principal, grants, question, None)
        names = principal.own_names | principal.account_names
        asked = Request(question.action, question.resource, facts, names)
        if trust.evaluate(asked)[0] is not Answer.ALLOWED:
            return False
        return decide(asked, principal, self._layers(principal, grants, trust)).allowed

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
            check_session_policy(document)

    def _documents(self, arns: tuple[str, ...]) -> tuple[str, ...]:
        with self._records.reading() as connection:
            return tuple(self.policies.document(connection, arn) for arn in arns)

    def _trusts(self, role: Role, names: frozenset[PrincipalName], keys: Mapping[str, str]) -> bool:
        """Whether the role's trust policy lets these names take it."""
        facts = self._facts(None, None, Question("sts:AssumeRole", role.arn, keys), None)
        asked = Request("sts:AssumeRole", role.arn, facts, names)
        return self.compiled(role.trust, role.arn).evaluate(asked)[0] is Answer.ALLOWED


def _asked_of(request: SessionRequest, tags: Mapping[str, str]) -> Values:
    """What is known of a request for a session."""
    keys: dict[str, str | tuple[str, ...]] = {"sts:RoleSessionName": request.name}
    if request.external_id is not None:
        keys["sts:ExternalId"] = request.external_id
    if request.source_identity is not None:
        keys["sts:SourceIdentity"] = request.source_identity
    if request.transitive:
        keys["sts:TransitiveTagKeys"] = request.transitive
    return {**keys, **of_tags(tags)}


def _may_not(principal: Principal, action: str, role_arn: str) -> Denied:
    return Denied(f"User: {principal.arn} is not authorized to perform: {action} on resource: {role_arn}")
