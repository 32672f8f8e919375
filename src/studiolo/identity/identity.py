"""Who calls, and may they: keys, authorization, passing and assuming roles."""

import hmac
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache

from studiolo.domain import Clock, Denied, Invalid, NotFound
from studiolo.identity.access_keys import AccessKeys, Uses
from studiolo.identity.accounts import Account
from studiolo.identity.context import Facts, Question, Values, of_moment, of_principal
from studiolo.identity.credential_report import credential_report
from studiolo.identity.decisions import Decision, Layers, decide, decide_for_anybody
from studiolo.identity.denials import Denials, NotAuthorized
from studiolo.identity.grants import Granting, Grants
from studiolo.identity.groups import Groups
from studiolo.identity.instance_profiles import InstanceProfiles
from studiolo.identity.key_sets import KeySets
from studiolo.identity.keys import AccessKey
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.mfa import Devices
from studiolo.identity.passwords import Passwords
from studiolo.identity.policies import Answer, Policies, PrincipalName, Request, compile_policy
from studiolo.identity.principals import Kind, Principal, is_role, role_name, role_session, root_user
from studiolo.identity.providers import Providers
from studiolo.identity.records import Records
from studiolo.identity.resource_policies import ResourcePolicies
from studiolo.identity.roles import Role, Roles
from studiolo.identity.simulation import Scenario
from studiolo.identity.tables import TABLES
from studiolo.identity.temporary import TemporaryKeys
from studiolo.identity.tokens import SecurityTokens
from studiolo.identity.users import Users
from studiolo.identity.web_identity import WebIdentities
from studiolo.identity.workloads import Workloads, metastore_token
from studiolo.state import State

CHAINED = timedelta(hours=1)

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
        self._compiled = lru_cache(maxsize=4096)(compile_policy)
        self._narrowing = lru_cache(maxsize=512)(self._compile_together)
        self._granting = Granting(self._records, self.policies, self._compiled)
        self.resource_policies = ResourcePolicies(self._records, self.compiled)
        self.denials = Denials(self._records, root.secret)
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
                raise NotAuthorized(principal, question, decision, facts, self.denials.seal)

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
            raise NotAuthorized(principal, Question(action), decision, {}, self.denials.seal)

    def caller_of(self, arn: str) -> Principal:
        """Who would call as the role, or user, of that ARN. Raises Invalid."""
        name, holder = arn.rpartition("/")[2], None
        user = re.fullmatch(r"arn:aws[\w-]*:iam::(?P<account>\d{12}):user/(?:.*/)?[\w+=,.@-]{1,64}", arn)
        if user is None and not is_role(arn):
            raise Invalid(f"{arn} is not the ARN of a user or role.")
        with suppress(NotFound):
            found = self.roles.get(name) if user is None else self.users.get(name)
            holder = found.id if found.arn == arn else None
        if user is None:
            return Principal(self.account, arn, holder or arn, Kind.ROLE, holder, arn)
        return Principal(user["account"], arn, holder or arn, Kind.USER, holder, arn)

    def scenario(self, source: str, caller: str | None = None) -> Scenario:
        """The policies of the role, or user, of an ARN, for a simulation. Raises NotFound, Invalid."""
        principal = self.caller_of(source)
        if principal.holder is None:
            raise NotFound(f"The user or role {source} cannot be found.")
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
        taking = Question("sts:AssumeRole", role.arn, {"aws:SourceAccount": self.account})
        if not self.trusts(self.compiled(role.trust, role.arn), frozenset({("Service", service)}), taking):
            words = UNTRUSTED.get(service, "The role {role} does not let {service} assume it: its trust policy must.")
            raise Invalid(words.format(role=role.arn, service=service))
        return role

    def may_pass(self, principal: Principal, role_arn: str, service: str) -> None:
        """Raise NotAuthorized unless the principal may hand a role to a service, whoever may take that."""
        self.authorize(principal, [Question("iam:PassRole", role_arn, {"iam:PassedToService": service})])

    def session_of(self, role_arn: str, name: str) -> Principal:
        """A session of a role, for something that Studiolo does as it. Raises NotFound, Invalid."""
        role = self.role(role_arn)
        return role_session(self.account, role.arn, role.id, name)

    def key_of(self, principal: Principal) -> AccessKey:
        """A key that acts as the principal, for what the server does in its name: a session's lives for an hour.

        It counts as old as the session, so that it ends with it where a policy denies old sessions.
        """
        return self.root if principal.is_root else self._keys.issue(principal, CHAINED)

    def issue(self, principal: Principal, lifetime: timedelta) -> AccessKey:
        """A key that acts as the principal for so long, whoever is to have it."""
        return self._keys.issue(principal, lifetime)

    def make_credential_report(self) -> None:
        """Write down who has which credentials, and when they were used."""
        report = credential_report(
            self.account, self.root, self.users, self.access_keys, self.uses, self.passwords, self.devices
        )
        self.settings.keep_report(report)

    def role(self, role_arn: str) -> Role:
        """The role of that ARN. Raises NotFound, Invalid."""
        role = self.roles.get(role_name(role_arn, self.account))
        if role.arn != role_arn:
            raise NotFound(f"The role {role_arn} cannot be found; {role.arn} has that name.")
        return role

    def lets(self, principal: Principal, question: Question, trust: Policies) -> bool:
        """Whether a role's trust policy lets the principal do that, and its own policies do not forbid it."""
        grants = self._granting.of(principal)
        facts = self._facts(principal, grants, question, None)
        names = principal.own_names | principal.account_names
        asked = Request(question.action, question.resource, facts, names)
        if trust.evaluate(asked)[0] is not Answer.ALLOWED:
            return False
        return decide(asked, principal, self._layers(principal, grants, trust)).allowed

    def trusts(self, trust: Policies, names: frozenset[PrincipalName], question: Question) -> bool:
        """Whether a role's trust policy lets these names, of somebody who has no policies, do that."""
        facts = self._facts(None, None, question, None)
        return trust.evaluate(Request(question.action, question.resource, facts, names))[0] is Answer.ALLOWED

    def _decided(
        self, principal: Principal, grants: Grants, layers: Layers, question: Question, keys: Values | None
    ) -> tuple[Decision, Mapping[str, object]]:
        if question.action.lower() in FREE:
            return EVERYTHING, {}
        facts = self._facts(principal, grants, question, keys)
        names = NOBODY if layers.resource is None else principal.own_names | principal.account_names
        return decide(Request(question.action, question.resource, facts, names), principal, layers), facts

    def _layers(self, principal: Principal, grants: Grants, policy: Policies | None) -> Layers:
        bounded = principal.session_policies or principal.kind is Kind.FEDERATED
        narrowing = self._narrowing(principal.session_policies) if bounded else None
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
