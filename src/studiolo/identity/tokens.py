"""What STS gives out: sessions of roles, of users and of whom they vouch for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from studiolo.domain import Denied, Invalid, LimitExceeded, NotFound
from studiolo.identity.claims import Claims, InvalidIdentityToken, RejectedClaim
from studiolo.identity.context import Question, Values, of_tags
from studiolo.identity.documents import check_session_policy
from studiolo.identity.keys import AccessKey
from studiolo.identity.managed import ManagedPolicies
from studiolo.identity.policies import Policies, PrincipalName
from studiolo.identity.principals import (
    MFA_TIME,
    Kind,
    Principal,
    SessionRequest,
    federated_user,
    is_role,
    role_session,
)
from studiolo.identity.providers import Providers
from studiolo.identity.records import Records
from studiolo.identity.roles import Role, Roles
from studiolo.identity.tags import tags_of
from studiolo.identity.temporary import TemporaryKeys, session_context

if TYPE_CHECKING:
    from studiolo.identity.saml import Asserted
    from studiolo.identity.web_identity import WebIdentities

SHORTEST = timedelta(minutes=15)
CHAINED = timedelta(hours=1)
ROOT_SESSION = timedelta(hours=1)
"""Longest life of a session of the root user, whatever is asked (STS API Reference, GetSessionToken)."""

USER_SESSION = timedelta(hours=12)
LONGEST_USER_SESSION = timedelta(hours=36)
DEFAULT = timedelta(hours=1)
SESSION_POLICY_CHARACTERS = 2048
SESSION_POLICIES = 10
MFA_KEYS = {"aws:MultiFactorAuthPresent", MFA_TIME}
"""What the sessions of who has shown a code say, and those taken with them."""


class InvalidSessionTags(Invalid):
    """The tags of a session and those that it is to hand on do not go together."""


class Judge(Protocol):
    """Says what policies say."""

    def compiled(self, document: str, name: str = "") -> Policies: ...
    def require_taking(self, principal: Principal, question: Question, trust: Policies) -> None: ...
    def trusts(self, trust: Policies, names: frozenset[PrincipalName], question: Question) -> bool: ...
    def proves(self, principal: Principal, serial: str, code: str) -> bool: ...


class SecurityTokens:
    """Gives out the temporary keys of one account."""

    def __init__(
        self,
        records: Records,
        roles: Roles,
        policies: ManagedPolicies,
        keys: TemporaryKeys,
        providers: Providers,
        judge: Judge,
    ) -> None:
        self._records = records
        self._roles = roles
        self._policies = policies
        self._keys = keys
        self._providers = providers
        self._judge = judge

    @cached_property
    def _web(self) -> "WebIdentities":
        # What verifies them, and SAML's assertions, is large: who federates nobody does without.
        from studiolo.identity.key_sets import KeySets
        from studiolo.identity.web_identity import WebIdentities

        return WebIdentities(self._providers, self._records.clock, KeySets())

    def assume_role(self, principal: Principal, role_arn: str, request: SessionRequest) -> tuple[AccessKey, Principal]:
        """A session of a role, for whom its trust policy names. Raises Denied, Invalid (MalformedPolicy), LimitExceeded.

        A role that names the caller itself lets it; one that names the account leaves it to the caller's own policies.
        A session of a role hands its source identity and transitive tags on, and a session of an hour at most.
        """
        role, request, proven = self._taking(principal, role_arn, request)
        if principal.kind is Kind.ROLE and (request.lifetime or DEFAULT) > CHAINED:
            raise Invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        provider = dict(principal.context).get("aws:FederatedProvider")
        return self._session(role, request, proven | ({"aws:FederatedProvider": provider} if provider else {}))

    def require_role(self, principal: Principal, role_arn: str, request: SessionRequest) -> None:
        """Raise as `assume_role` does where that would not give the principal such a session of the role."""
        self._taking(principal, role_arn, request)

    def _taking(
        self, principal: Principal, role_arn: str, request: SessionRequest
    ) -> tuple[Role, SessionRequest, dict[str, str]]:
        """The role, if the principal may have the session; the request with what it inherits; what a code has proven."""
        if principal.kind is Kind.FEDERATED:
            raise Denied(f"User: {principal.arn} may not call AssumeRole: it is a federated user.")
        request = _inheriting(principal, request)
        self._check(request)
        proven = self._proven(principal, request)
        asked = _asked(request)
        asking = replace(principal, context=tuple({**dict(principal.context), **proven}.items()))
        role = self._found(role_arn)
        if role is None:
            # Whether it exists is not for everyone: it is denied as by a role that trusts nobody.
            self._judge.require_taking(asking, Question("sts:AssumeRole", role_arn, asked), Policies(()))
            raise Denied("No such role can be assumed.")
        trust = self._judge.compiled(role.bound, role.arn)
        for action in _actions("sts:AssumeRole", request):
            question = Question(action, role.arn, asked, lambda: role.settings.tags)
            self._judge.require_taking(asking, question, trust)
        return role, request, proven

    def assume_role_with_web_identity(
        self, role_arn: str, request: SessionRequest, token: str, told: Values
    ) -> tuple[AccessKey, Principal, Claims]:
        """A session of a role for the bearer of a JWT of a provider that the role's trust policy names.

        told: the condition keys that the request tells. Raises Denied, Invalid, InvalidIdentityToken,
        ExpiredIdentityToken, ProviderUnreachable, RejectedClaim.
        """
        self._check(request)
        claims = self._web.verified(token)
        key, session = self._federated_session(role_arn, request, claims, told, "sts:AssumeRoleWithWebIdentity")
        return key, session, claims

    def assume_role_with_saml(
        self, role_arn: str, provider_arn: str, request: SessionRequest, assertion: str, told: Values
    ) -> tuple[AccessKey, Principal, "Asserted"]:
        """A session of a role for whom a SAML assertion, a base64 response, names it. The assertion names the session.

        Raises as for a web identity.
        """
        try:
            metadata = self._providers.saml(provider_arn).metadata
        except NotFound as error:
            raise InvalidIdentityToken(f"Specified provider doesn't exist: {provider_arn}") from error
        from studiolo.identity.saml import verified

        asserted = verified(assertion, metadata, provider_arn, self._records.account, self._records.clock())
        if (role_arn, provider_arn) not in asserted.roles:
            raise RejectedClaim(f"The assertion does not name the role {role_arn} with the provider {provider_arn}.")
        if asserted.claims.session is None:
            raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
        request = replace(request, name=asserted.claims.session)
        self._check(request)
        key, session = self._federated_session(role_arn, request, asserted.claims, told, "sts:AssumeRoleWithSAML")
        return key, session, asserted

    def session_token(
        self, principal: Principal, lifetime: timedelta | None, mfa: tuple[str, str] | None = None
    ) -> AccessKey:
        """A temporary key of the user or root user whose lasting key asks. Raises Denied, Invalid."""
        if principal.temporary or principal.kind not in (Kind.ROOT, Kind.USER):
            raise Denied("Cannot call GetSessionToken with session credentials")
        context = self._context(self._proven(principal, SessionRequest("session", mfa=mfa)))
        return self._keys.issue(replace(principal, context=context), _user_lifetime(principal, lifetime))

    def federation_token(self, principal: Principal, request: SessionRequest) -> tuple[AccessKey, Principal]:
        """A session for somebody whom the user, or root user, vouches for. It may do what the request's policies and the
        user's both allow. Raises Denied, Invalid (MalformedPolicy), LimitExceeded."""
        if principal.temporary or principal.kind not in (Kind.ROOT, Kind.USER):
            raise Denied("Cannot call GetFederationToken with session credentials")
        if len(request.name) > 32:
            raise Invalid("The name of a federated user must be of 2 to 32 characters.")
        self._check(replace(request, lifetime=None))
        session = replace(
            federated_user(principal, request.name),
            session_policies=self._narrowing(request),
            tags=tuple(request.tags.items()),
            context=self._context({}),
        )
        return self._keys.issue(session, _user_lifetime(principal, request.lifetime)), session

    def _federated_session(
        self, role_arn: str, request: SessionRequest, claims: Claims, told: Values, action: str
    ) -> tuple[AccessKey, Principal]:
        request = replace(
            request, tags=claims.tags, transitive=claims.transitive, source_identity=claims.source_identity
        )
        self._check(request)
        denied = Denied(f"Not authorized to perform {action}")
        role = self._found(role_arn)
        if role is None:
            raise denied
        trust = self._judge.compiled(role.bound, role.arn)
        names = frozenset({("Federated", claims.provider)})
        asked = {**told, **_asked(request), **claims.context}
        for each in _actions(action, request):
            if not self._judge.trusts(trust, names, Question(each, role.arn, asked)):
                raise denied
        return self._session(role, request, claims.context)

    def _session(self, role: Role, request: SessionRequest, context: Mapping[str, str]) -> tuple[AccessKey, Principal]:
        lifetime = request.lifetime or DEFAULT
        if lifetime > role.settings.max_session:
            raise Invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        source = {} if request.source_identity is None else {"aws:SourceIdentity": request.source_identity}
        session = replace(
            role_session(self._records.account, role.arn, role.id, request.name),
            session_policies=self._narrowing(request),
            tags=tuple(request.tags.items()),
            transitive=request.transitive,
            context=self._context({**context, **source}),
        )
        return self._keys.issue(session, lifetime), session

    def _context(self, known: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The condition keys that a new key says for good."""
        return tuple({**session_context(self._records.clock()), **known}.items())

    def _found(self, role_arn: str) -> Role | None:
        """The role, None where there is none. Raises Invalid for what is no role's ARN."""
        if not is_role(role_arn):
            raise Invalid("Request ARN is invalid")
        try:
            role = self._roles.get(role_arn.rpartition("/")[2])
        except NotFound:
            return None
        return role if role.arn == role_arn else None

    def _proven(self, principal: Principal, request: SessionRequest) -> dict[str, str]:
        """What a session says of a code that the caller has shown, now or before; nothing where it has not.

        A lasting key without a code has no such key: only temporary ones say that it is false. Raises Denied for a
        code that is wrong.
        """
        if request.mfa is None:
            known = dict(principal.context)
            return {key: known[key] for key in MFA_KEYS} if known.keys() >= MFA_KEYS else {}
        if not self._judge.proves(principal, *request.mfa):
            raise Denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
        return {"aws:MultiFactorAuthPresent": "true", MFA_TIME: str(int(self._records.clock().timestamp()))}

    def _check(self, request: SessionRequest) -> None:
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", request.name, re.ASCII):
            raise Invalid(rf"The session name {request.name!r} does not match [\w+=,.@-]*, of 2 to 64 characters.")
        source = request.source_identity
        if source is not None and (
            source.lower().startswith("aws:") or not re.fullmatch(r"[\w+=,.@-]{2,64}", source, re.ASCII)
        ):
            raise Invalid(rf"The source identity {source!r} does not match [\w+=,.@-]*, of 2 to 64 characters.")
        if request.lifetime is not None and request.lifetime < SHORTEST:
            raise Invalid("DurationSeconds must be at least 900.")
        tags_of(request.tags.items())
        if not {key.lower() for key in request.transitive} <= {key.lower() for key in request.tags}:
            raise InvalidSessionTags("The specified transitive tag key must be included in the requested tags.")
        if len(request.policy_arns) > SESSION_POLICIES:
            raise Invalid(f"At most {SESSION_POLICIES} managed policies can narrow a session.")
        for document in request.policies:
            check_session_policy(document)
            if len(document) > SESSION_POLICY_CHARACTERS:
                raise LimitExceeded(f"A session policy has at most {SESSION_POLICY_CHARACTERS} characters.")

    def _narrowing(self, request: SessionRequest) -> tuple[str, ...]:
        with self._records.reading() as connection:
            managed = tuple(self._policies.document(connection, arn) for arn in request.policy_arns)
        return request.policies + managed


def reaches(principal: Principal, service: str, operation: str) -> bool:
    """Whether a key may be used for a service at all (IAM User Guide, "Compare AWS STS credentials").

    A user's session reaches IAM with MFA alone. Of STS it reaches little, and a federated user's next to nothing; what
    it says of itself to who asks for a session of a session is said by those operations.
    """
    if not principal.temporary or principal.kind not in (Kind.USER, Kind.FEDERATED):
        return True
    if service == "iam":
        return principal.kind is Kind.USER and dict(principal.context).get("aws:MultiFactorAuthPresent") == "true"
    asks_again = ("AssumeRole", "GetFederationToken", "GetSessionToken")
    return service != "sts" or operation == "GetCallerIdentity" or operation in asks_again


def _inheriting(principal: Principal, request: SessionRequest) -> SessionRequest:
    """The request with what the caller's own session hands on. Raises Invalid where it would change that."""
    transitive = {key.lower() for key in principal.transitive}
    inherited = {key: value for key, value in principal.tags if key.lower() in transitive}
    if any(key.lower() in transitive for key in request.tags):
        raise InvalidSessionTags(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session."
        )
    source = principal.source_identity
    if None not in (source, request.source_identity) and source != request.source_identity:
        raise Denied("The source identity of the calling session cannot be changed.")
    return replace(
        request,
        tags={**inherited, **request.tags},
        transitive=(*inherited, *request.transitive),
        source_identity=request.source_identity or source,
    )


def _asked(request: SessionRequest) -> dict[str, str | Sequence[str]]:
    """The condition keys that a request for a session tells."""
    asked: dict[str, str | Sequence[str]] = {"sts:RoleSessionName": request.name}
    if request.external_id is not None:
        asked["sts:ExternalId"] = request.external_id
    if request.source_identity is not None:
        asked["sts:SourceIdentity"] = request.source_identity
    if request.transitive:
        asked["sts:TransitiveTagKeys"] = request.transitive
    return {**asked, **of_tags(request.tags)}


def _actions(action: str, request: SessionRequest) -> list[str]:
    """What must be allowed besides the action itself."""
    tagging = ["sts:TagSession"] if request.tags else []
    naming = ["sts:SetSourceIdentity"] if request.source_identity is not None else []
    return [action, *tagging, *naming]


def _user_lifetime(principal: Principal, lifetime: timedelta | None) -> timedelta:
    lifetime = lifetime or USER_SESSION
    if not SHORTEST <= lifetime <= LONGEST_USER_SESSION:
        raise Invalid("DurationSeconds must be between 900 and 129600.")
    return min(lifetime, ROOT_SESSION) if principal.is_root else lifetime
