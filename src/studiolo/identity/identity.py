"""Who calls, and may they: keys, authorization, passing and assuming roles."""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache, partial

from sqlalchemy import select

from studiolo.domain import Clock, Denied, Invalid, NotFound
from studiolo.identity.access_keys import AccessKeys, Uses
from studiolo.identity.accounts import Account
from studiolo.identity.context import Facts, Question, Values, of_moment, of_principal
from studiolo.identity.credential_report import credential_report
from studiolo.identity.decisions import Decision, Layers, decide, decide_for_anybody, decide_taking
from studiolo.identity.denials import Denials, NotAuthorized
from studiolo.identity.grants import Granting, Grants
from studiolo.identity.groups import Groups
from studiolo.identity.instance_profiles import InstanceProfiles
from studiolo.identity.keys import AccessKey
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.mfa import Devices
from studiolo.identity.organization import Organization
from studiolo.identity.owners import BucketOwners
from studiolo.identity.passwords import Passwords
from studiolo.identity.policies import Answer, Policies, PrincipalName, Request, compile_policy
from studiolo.identity.principals import Kind, Principal, is_role, role_name, role_session, root_user
from studiolo.identity.providers import Providers
from studiolo.identity.records import Records
from studiolo.identity.resource_policies import ResourcePolicies
from studiolo.identity.roles import Role, Roles
from studiolo.identity.simulation import Scenario
from studiolo.identity.tables import TABLES, access_keys, temporary_keys
from studiolo.identity.temporary import TemporaryKeys
from studiolo.identity.tokens import SecurityTokens
from studiolo.identity.users import Users
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
    "lambda.amazonaws.com": "The role defined for the function cannot be assumed by Lambda.",
    "scheduler.amazonaws.com": "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    "sagemaker.amazonaws.com": "Could not assume role {role}. Please ensure that the role exists and allows principal "
    "'sagemaker.amazonaws.com' to assume the role.",
}
"""What a service says to a role that does not trust it, or is not there."""


class Identity:
    """The keys, roles and policies of one account, the server's own; `of` gives those of another account.

    What a principal may, and what the ARN of a role is of, is found in their own accounts. What is read for every
    request is cached until a change.
    """

    def __init__(
        self,
        state: State,
        root: AccessKey,
        account: str,
        clock: Clock,
        home: "Identity | None" = None,
        partition: str = "aws",
    ) -> None:
        """home: that of the server's own account, for another one's."""
        self.account = account
        self.partition = partition
        self._home = home or self
        self._others: dict[str, Identity] = {}
        self._records = Records(state, account, clock, None if home is None else home.account, partition)
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
        self.workloads = Workloads(self._records, self)
        self.organization = Organization(self._records, lambda number: self.of(number).roles)
        self.buckets = BucketOwners(self._records)
        self._state = state
        self._accounts_of_keys = lru_cache(maxsize=4096)(self._account_of_key)
        self._compiled = lru_cache(maxsize=4096)(partial(compile_policy, partition=partition))
        self._narrowing = lru_cache(maxsize=512)(self._compile_together)
        self._granting = Granting(self._records, self.policies, self._compiled)
        self.resource_policies = ResourcePolicies(self._records, self.compiled)
        self.denials = Denials(self._records, root.secret)
        self.tokens = SecurityTokens(
            self._records,
            self.roles,
            self.policies,
            self._keys,
            self.providers,
            self,
        )

    @property
    def revision(self) -> int:
        """Grows with every change of the account's roles and policies, whichever process made it."""
        return self._records.revision

    @property
    def at_hand(self) -> bool:
        """Whether it is told without a query that what is cached still holds: most requests are then decided in memory."""
        return self._state.mark() is not None

    def empty(self) -> None:
        """Delete all that IAM knows, of all accounts, but for the root key."""
        with self._records.changing() as tx:
            for table in TABLES:
                tx.execute(table.delete())

    def has_account(self, account: str) -> bool:
        """Whether an account is on this server: its own, or one that was made in the organization."""
        return account == self._home.account or self._home.organization.has(account)

    def of(self, account: str) -> "Identity":
        """What there is of that account of the server. Raises NotFound for one that is not of this server."""
        home = self._home
        if account == home.account:
            return home
        if not home.organization.has(account):
            raise NotFound(f"There is no account {account} on this server.")
        found = home._others.get(account)
        if found is None:
            found = home._others.setdefault(
                account, Identity(home._state, home.root, account, home._records.clock, home, home.partition)
            )
        return found

    def tokens_for(self, role_arn: str) -> SecurityTokens:
        """Who gives out sessions of a role: its account; for a role of no account here, one that has no such role."""
        with suppress(Invalid, NotFound):
            return self.of(role_name(role_arn)[0]).tokens
        return self.tokens

    def bucket(self, name: str) -> tuple[str, Policies | None]:
        """The account whose a bucket is, and the policy that it has."""
        owner = self._home.buckets.of(name)
        return owner, self.of(owner).resource_policies.of(self.s3_arn(name))

    def s3_arn(self, place: str) -> str:
        """The ARN of a bucket, or of what is in it: `bucket/key`."""
        return f"arn:{self.partition}:s3:::{place}"

    def find_key(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id and whose it is; None for one that never was, or whose role is gone.

        An expired key is still found for a day, so that its owner can be told that it has expired.
        """
        if self._home is not self:
            return self._home.find_key(access_key_id)
        if access_key_id == self.root.id:
            return self.root, root_user(self.account, self.partition)
        return self._own_key(access_key_id) or self._key_elsewhere(access_key_id)

    def _own_key(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        return self.access_keys.find(access_key_id) or self._keys.find(access_key_id)

    def _key_elsewhere(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """A key of another account."""
        with suppress(NotFound):
            return self.of(self._accounts_of_keys(access_key_id))._own_key(access_key_id)
        return None

    def _account_of_key(self, access_key_id: str) -> str:
        """Raises NotFound, which is not remembered: the next key may have that id."""
        with self._records.reading() as connection:
            for table in (temporary_keys, access_keys):
                found: str | None = connection.execute(
                    select(table.c.account).where(table.c.id == access_key_id)
                ).scalar()
                if found is not None and found != self.account:
                    return found
        raise NotFound(f"There is no key {access_key_id}.")

    def note_use(self, access_key_id: str, principal: Principal, service: str, region: str) -> None:
        """Remember that a request for the service (its signing name) was signed with the key, and by whom."""
        uses = self.of(principal.account).uses
        if principal.kind is Kind.USER and not principal.temporary:
            uses.note(access_key_id, service, region)
        elif principal.kind is Kind.ROLE and principal.holder is not None:
            uses.note(principal.holder, service, region)

    def note_denial(self, request_id: str, denied: NotAuthorized) -> None:
        """Remember, in the account of who was denied, why that request was."""
        with suppress(NotFound):
            self.of(denied.account or self.account).denials.note(request_id, denied)

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
        free = principal.kind is Kind.ROOT and policy is None
        if free and not self._home.organization.made:
            # There is nobody else whose it could be, and finding out what is asked takes longer than most reads.
            return
        grants = self._grants(principal)
        layers = self._layers(principal, grants, policy)
        for question in questions:
            if free and question.owner(principal.account) == principal.account:
                continue
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
        grants = self._grants(principal)
        return self._decided(principal, grants, self._layers(principal, grants, policy), question, keys)[0]

    def asks(self, principal: Principal | None, action: str, prefix: str, policy: Policies | None) -> bool:
        """Whether a policy that applies to somebody's action asks for a condition key, in lower case, that begins so."""
        found = [policy] if policy is not None else []
        if principal is not None:
            layers = self._layers(principal, self._grants(principal), policy)
            found = [each for _, each in layers.each()]
        return any(each.asks(action, prefix) for each in found)

    def decide_for_anybody(self, question: Question, keys: Values, policy: Policies) -> Decision:
        """What a resource's policy says of somebody who has not signed."""
        facts = self._facts(None, None, question, keys)
        asked = Request(question.action, question.resource, facts, frozenset({("AWS", "anonymous")}))
        return decide_for_anybody(asked, policy)

    def require_anywhere(self, principal: Principal, action: str) -> None:
        """Raise NotAuthorized unless there could be a resource, and conditions, that let the principal do it."""
        if principal.kind is Kind.ROOT or action.lower() in FREE:
            return
        layers = self._layers(principal, self._grants(principal), None)
        decision = decide(Request(action, None), principal, layers)
        if not decision.allowed:
            raise NotAuthorized(principal, Question(action), decision, {}, self.denials.seal)

    def caller_of(self, arn: str) -> Principal:
        """Who would call as the role, or user, of that ARN. Raises Invalid."""
        name, holder = arn.rpartition("/")[2], None
        user = re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:user/(?:.*/)?[\w+=,.@-]{1,64}", arn)
        if user is None and not is_role(arn):
            raise Invalid(f"{arn} is not the ARN of a user or role.")
        account = arn.split(":")[4]
        with suppress(NotFound):
            there = self.of(account)
            found = there.roles.get(name) if user is None else there.users.get(name)
            holder = found.id if found.arn == arn else None
        return Principal(account, arn, holder or arn, Kind.USER if user is not None else Kind.ROLE, holder, arn)

    def scenario(self, source: str, caller: str | None = None) -> Scenario:
        """The policies of the role, user or group of an ARN, for a simulation. Raises NotFound, Invalid."""
        if ":group/" in source:
            return self._scenario_of_group(source, caller)
        principal = self.caller_of(source)
        if principal.holder is None:
            raise NotFound(f"The user or role {source} cannot be found.")
        grants = self._grants(principal)
        present = self._records.clock()
        known = {**of_moment(present), **of_principal(principal, grants.tags, present)}
        return Scenario(self.caller_of(caller or source), grants.documents, grants.bounding, None, known)

    def _scenario_of_group(self, arn: str, caller: str | None) -> Scenario:
        """The policies of a group, called by somebody who has none but those."""
        found = self.of(arn.split(":")[4]).groups.get(arn.rpartition("/")[2]) if arn.count(":") == 5 else None
        if found is None or found.arn != arn:
            raise NotFound(f"The group {arn} cannot be found.")
        documents = self.of(arn.split(":")[4])._granting.of_group(found.id, found.name)
        somebody = self.caller_of(caller or f"arn:{self.partition}:iam::{arn.split(':')[4]}:user/simulated")
        return Scenario(somebody, documents, None, None, of_moment(self._records.clock()))

    def compiled(self, document: str, name: str = "") -> Policies:
        """A policy that a resource has, ready to be asked."""
        return Policies([self._compiled(document, name)])

    def pass_role(self, principal: Principal, role_arn: str, service: str) -> Role:
        """The role, if the principal may hand it to `service` (e.g. `sagemaker.amazonaws.com`) and that may take it.

        Raises Denied where the caller may not, Invalid where there is no such role, and where it does not trust.
        """
        if is_role(role_arn) and role_arn.split(":")[4] != principal.account:
            raise Invalid(
                f"Cross-account pass role is not allowed: {role_arn} is not a role of account {principal.account}."
            )
        try:
            role = self.role(role_arn)
        except NotFound as error:
            # The services only say that they could not take it; clients that have just made a role wait on that.
            words = UNTRUSTED.get(service, "").format(role=role_arn)
            raise Invalid(f"{words} {error}".strip()) from error
        passing = Question("iam:PassRole", role.arn, {"iam:PassedToService": service}, lambda: role.settings.tags)
        self.authorize(principal, [passing])
        taking = Question("sts:AssumeRole", role.arn, {"aws:SourceAccount": principal.account})
        if not self.trusts(self.compiled(role.bound, role.arn), frozenset({("Service", service)}), taking):
            words = UNTRUSTED.get(service, "The role {role} does not let {service} assume it: its trust policy must.")
            raise Invalid(words.format(role=role.arn, service=service))
        return role

    def may_pass(self, principal: Principal, role_arn: str, service: str) -> None:
        """Raise NotAuthorized unless the principal may hand a role to a service, whoever may take that."""
        self.authorize(principal, [Question("iam:PassRole", role_arn, {"iam:PassedToService": service})])

    def session_of(self, role_arn: str, name: str) -> Principal:
        """A session of a role, for something that Studiolo does as it. Raises NotFound, Invalid."""
        role = self.role(role_arn)
        return role_session(role.account, role.arn, role.id, name)

    def key_of(self, principal: Principal) -> AccessKey:
        """A key that acts as the principal, for what the server does in its name: a session's lives for an hour.

        It counts as old as the session, so that it ends with it where a policy denies old sessions.
        """
        if principal.is_root and principal.account == self._home.account:
            return self.root
        return self.issue(principal, CHAINED)

    def issue(self, principal: Principal, lifetime: timedelta) -> AccessKey:
        """A key that acts as the principal for so long, whoever is to have it."""
        return self.of(principal.account)._keys.issue(principal, lifetime)

    def make_credential_report(self) -> None:
        """Write down who has which credentials, and when they were used."""
        with self._records.reading() as connection:
            report = credential_report(connection, self._records, self.root if self._home is self else None)
        self.settings.keep_report(report)

    def role(self, role_arn: str) -> Role:
        """The role of that ARN, whichever account's it is. Raises NotFound, Invalid."""
        account, name = role_name(role_arn)
        role = self.of(account).roles.get(name)
        if role.arn != role_arn:
            raise NotFound(f"The role {role_arn} cannot be found; {role.arn} has that name.")
        return role

    def require_taking(self, principal: Principal, question: Question, trust: Policies) -> None:
        """Raise NotAuthorized unless a role's trust policy lets the principal do that, and its own policies agree."""
        grants = self._grants(principal)
        facts = self._facts(principal, grants, question, None)
        names = principal.own_names | principal.account_names
        same = question.owner(principal.account) == principal.account
        layers = replace(self._layers(principal, grants, trust), same_account=same)
        decision = decide_taking(Request(question.action, question.resource, facts, names), principal, layers)
        if not decision.allowed:
            raise NotAuthorized(principal, question, decision, facts, self.denials.seal)

    def proves(self, principal: Principal, serial: str, code: str) -> bool:
        """Whether the code is one that the principal's device shows."""
        return self.of(principal.account).devices.proves(principal.holder, serial, code)

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
        if question.owner(principal.account) != principal.account:
            layers = replace(layers, same_account=False)
        return decide(Request(question.action, question.resource, facts, names), principal, layers), facts

    def _grants(self, principal: Principal) -> Grants:
        """What the principal is given in its own account; nothing, where that is not of this server."""
        try:
            return self.of(principal.account)._granting.of(principal)
        except NotFound:
            return self._granting.of(principal)

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
            present = self._records.clock()
            of_caller = {} if principal is None else {**of_principal(principal, tags, present), **principal.told}
            caller = self.account if principal is None else principal.account
            resource = {} if question.resource == "*" else self._of_organization("Resource", question.owner(caller))
            if principal is not None:
                of_caller |= self._of_organization("Principal", caller)
            return {**of_moment(present), **resource, **of_caller, **(keys or {}), **own}

        return Facts([known], question.tags)

    def _of_organization(self, whose: str, account: str) -> dict[str, str | Sequence[str]]:
        """The condition keys of an account: whose, and in which organization it is."""
        known: dict[str, str | Sequence[str]] = {f"aws:{whose}Account": account}
        organization, path = self._home.organization.id_of(account), self._home.organization.path_of(account)
        if organization is not None and path is not None:
            known |= {f"aws:{whose}OrgID": organization, f"aws:{whose}OrgPaths": (path,)}
        return known
